/**
 * Reads requests' bodies up to a limit, each and all together, from Node's own stream: Hono's body limit rebuilds the request,
 * which needs the process's global Request replaced, and that is not for a library to do.
 */
import type { IncomingMessage } from 'node:http';

export class BodyReader {
  readonly #maxBytes: number;
  readonly #maxBytesTogether: number;
  /** Of bodies that are being read. */
  #bytesTogether = 0;

  constructor(maxBytes: number, maxBytesTogether: number) {
    this.#maxBytes = maxBytes;
    this.#maxBytesTogether = maxBytesTogether;
  }

  /** @returns why it is not read to its end; the rest of it is then left unread. */
  async read(incoming: IncomingMessage): Promise<Uint8Array | 'too large' | 'no room'> {
    if (Number(incoming.headers['content-length']) > this.#maxBytes) return 'too large';
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    try {
      // The connection must outlive an early return, to carry the refusal.
      for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
        bytes += chunk.length;
        this.#bytesTogether += chunk.length;
        if (bytes > this.#maxBytes) return 'too large';
        if (this.#bytesTogether > this.#maxBytesTogether) return 'no room';
        chunks.push(chunk);
      }
      return Buffer.concat(chunks, bytes);
    } finally {
      this.#bytesTogether -= bytes;
    }
  }
}
