/**
 * Reads a request's body up to a limit, from Node's own stream: Hono's body limit rebuilds the request, which needs the
 * process's global Request replaced, and that is not for a library to do.
 */
import type { IncomingMessage } from 'node:http';

/** @returns `undefined` when the body is larger; the rest of it is then left unread. */
export async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // The connection must outlive an early return, to carry the refusal.
  for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}
