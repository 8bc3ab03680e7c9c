/**
 * Messages of MQTT file streams as bytes, in JSON and CBOR, with the members in the order in which AWS writes them. CBOR
 * replies are maps of indefinite length, as AWS's are; bytes of a file are Base64 in JSON.
 * Source: reference streams-and-ota.md §1.2 and §1.4, open points S4 and S6; RFC 8949.
 */
import { encode } from 'cborg';
import { isJsonObject } from '../../protocol/json.ts';
import type { StreamMembers, StreamRefusal } from '../engine/streams/stream-requests.ts';
import { payloadFormats } from './payload-formats.ts';

export type StreamFormat = 'json' | 'cbor';

export interface StreamDescription {
  readonly clientToken: string | undefined;
  readonly version: number;
  readonly description: string | undefined;
  readonly files: readonly { readonly fileId: number; readonly bytes: number }[];
}

export interface StreamBlock {
  readonly clientToken: string | undefined;
  readonly fileId: number;
  readonly block: number;
  readonly bytes: Uint8Array;
}

/** @returns `undefined` for what is not well formed. An empty payload is a request without members. */
export function readStreamRequest(format: StreamFormat, payload: Buffer | string): StreamMembers | undefined {
  if (payload.length === 0) return new Map();
  const value = payloadFormats[format].read(payload);
  if (!isJsonObject(value)) return undefined;
  const members = new Map<string, unknown>(Object.entries(value));
  const bitmap = members.get('b');
  if (format === 'json' && typeof bitmap === 'string') members.set('b', bitmapIn(bitmap) ?? bitmap);
  return members;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/** Assumed: hexadecimal as the guide shows it, `0x…`, and Base64 otherwise (S4). */
function bitmapIn(text: string): Uint8Array | undefined {
  if (/^0x(?:[0-9a-f]{2})*$/i.test(text)) return Buffer.from(text.slice(2), 'hex');
  return base64.test(text) ? Buffer.from(text, 'base64') : undefined;
}

export function descriptionMessage(format: StreamFormat, answer: StreamDescription): string | Buffer {
  const { clientToken, version, description, files } = answer;
  const list = files.map(({ fileId, bytes }) => ({ f: fileId, z: bytes }));
  return write(format, { c: clientToken, s: version, d: description, r: list });
}

export function blockMessage(
  format: StreamFormat,
  { clientToken, fileId, block, bytes }: StreamBlock,
): string | Buffer {
  const payload = format === 'cbor' ? bytes : Buffer.from(bytes).toString('base64');
  return write(format, { c: clientToken, f: fileId, i: block, l: bytes.length, p: payload });
}

/** In both forms of every key: the guide's words, and the letters that devices look for. */
export function rejectedMessage(
  format: StreamFormat,
  { code, message }: StreamRefusal,
  clientToken: string | undefined,
): string | Buffer {
  return write(format, { clientToken, c: clientToken, code, o: code, message, m: message });
}

const indefiniteMap = 0xbf;
const endOfMap = 0xff;

function write(format: StreamFormat, members: Readonly<Record<string, unknown>>): string | Buffer {
  if (format === 'json') return JSON.stringify(members);
  const parts: Uint8Array[] = [Uint8Array.of(indefiniteMap)];
  for (const [name, member] of Object.entries(members)) {
    if (member !== undefined) parts.push(encode(name), encode(member));
  }
  return Buffer.concat([...parts, Uint8Array.of(endOfMap)]);
}
