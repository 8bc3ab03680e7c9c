/**
 * Requests for blocks of a stream, and what answers them, as topics and CBOR. Source: docs/reference/streams-and-ota.md §1.1 and
 * §1.2.
 */
import { decode, encode } from 'cborg';
import type { BlockRequest, StreamAnswer } from '../../protocol/stream-blocks.ts';

interface EncodedRequest {
  readonly topic: string;
  readonly payload: Buffer;
  /** Filters that cover the answers. */
  readonly answers: readonly string[];
}

export function encodeBlockRequest(thingName: string, request: BlockRequest): EncodedRequest {
  const { streamId, fileId, blockBytes, firstBlock, count } = request;
  const space = `$aws/things/${thingName}/streams/${streamId}`;
  return {
    topic: `${space}/get/cbor`,
    payload: Buffer.from(encode({ f: fileId, l: blockBytes, o: firstBlock, n: count })),
    answers: [`${space}/data/cbor`, `${space}/rejected/cbor`],
  };
}

/** @returns `undefined` for everything that is no answer of a stream, or cannot be read. */
export function decodeStreamAnswer(thingName: string, topic: string, payload: Buffer): StreamAnswer | undefined {
  const prefix = `$aws/things/${thingName}/streams/`;
  const [streamId = '', kind, format] = topic.startsWith(prefix) ? topic.slice(prefix.length).split('/') : [];
  const members = format === 'cbor' ? read(payload) : undefined;
  const messageBytes = payload.length;
  if (kind === 'rejected' && members !== undefined) {
    return { kind: 'rejected', streamId, code: String(members.get('code')), messageBytes };
  }
  const [fileId, block, bytes] = ['f', 'i', 'l'].map((name) => members?.get(name));
  if (kind !== 'data' || typeof fileId !== 'number' || typeof block !== 'number' || typeof bytes !== 'number') {
    return undefined;
  }
  return { kind: 'block', streamId, fileId, block, bytes, messageBytes };
}

function read(payload: Buffer): ReadonlyMap<unknown, unknown> | undefined {
  try {
    const value: unknown = decode(payload, { useMaps: true });
    return value instanceof Map ? value : undefined;
  } catch {
    return undefined;
  }
}
