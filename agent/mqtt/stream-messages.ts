/**
 * Requests for blocks of a stream, and what answers them, as topics and bytes, in CBOR or JSON. Source: docs/reference/streams-and-ota.md §1.1 and
 * §1.2.
 */
import { decode, encode } from 'cborg';
import {
  type BlockRequest,
  type StreamAnswer,
  type StreamFormat,
  streamFormats,
} from '../../protocol/stream-blocks.ts';

interface EncodedRequest {
  readonly topic: string;
  readonly payload: Buffer;
  /** Filters that cover the answers. */
  readonly answers: readonly string[];
}

export function encodeBlockRequest(thingName: string, request: BlockRequest): EncodedRequest {
  const { format, streamId, fileId, blockBytes, firstBlock, count } = request;
  const members = { f: fileId, l: blockBytes, o: firstBlock, n: count };
  const space = `$aws/things/${thingName}/streams/${streamId}`;
  return {
    topic: `${space}/get/${format}`,
    payload: Buffer.from(format === 'cbor' ? encode(members) : JSON.stringify(members)),
    answers: [`${space}/data/${format}`, `${space}/rejected/${format}`],
  };
}

/** @returns `undefined` for everything that is no answer of a stream, or cannot be read. */
export function decodeStreamAnswer(thingName: string, topic: string, payload: Buffer): StreamAnswer | undefined {
  const prefix = `$aws/things/${thingName}/streams/`;
  const [streamId = '', kind, format] = topic.startsWith(prefix) ? topic.slice(prefix.length).split('/') : [];
  const members = isFormat(format) ? read(format, payload) : undefined;
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

function isFormat(text: string | undefined): text is StreamFormat {
  return streamFormats.some((format) => format === text);
}

function read(format: StreamFormat, payload: Buffer): ReadonlyMap<unknown, unknown> | undefined {
  try {
    if (format === 'json') return new Map(Object.entries(JSON.parse(payload.toString()) as object));
    const value: unknown = decode(payload, { useMaps: true });
    return value instanceof Map ? value : undefined;
  } catch {
    return undefined;
  }
}
