/**
 * Which version of MQTT a client speaks, and what it calls itself, told by the first bytes of its CONNECT before anybody else reads
 * them. A client that sends something else, or an unknown version, is refused by whoever reads the packet.
 * Source: MQTT 3.1.1 §3.1.2.2, MQTT 5 §3.1.2.2: the byte behind the protocol's name.
 */
import type { Duplex } from 'node:stream';
import { maxPacketBytes } from '../../protocol/limits.ts';

export const connectHeader = 0x10;
const maxLengthBytes = 4;
/** As long as MQTT brokers wait for a CONNECT. */
export const connectPatienceMs = 30_000;

/** @returns the protocol level, 0 when this is no CONNECT, `undefined` when there is too little to tell. */
export function protocolLevel(start: Buffer): number | undefined {
  if (start.length > 0 && start[0] !== connectHeader) return 0;
  let offset = 1;
  while ((start[offset] ?? 0) > 0x7f) offset += 1;
  if (offset > maxLengthBytes) return 0;
  const nameAt = offset + 3;
  if (start.length < nameAt) return undefined;
  const levelAt = nameAt + start.readUInt16BE(offset + 1);
  return levelAt > nameAt + 'MQIsdp'.length ? 0 : start[levelAt];
}

const connectHeadBytes = 4; // level, flags and keep-alive
const mqtt5 = 5;

/** @returns the client id in a CONNECT, empty where there is none or this is none, `undefined` when there is too little to tell. */
export function connectClientId(start: Buffer): string | undefined {
  const level = protocolLevel(start);
  if (level === undefined || level === 0) return level === undefined ? undefined : '';
  // Whoever reads the packet refuses it.
  if (start.length > maxPacketBytes) return '';
  let offset = 1;
  while ((start[offset] ?? 0) > 0x7f) offset += 1;
  const nameAt = offset + 3;
  offset = nameAt + start.readUInt16BE(offset + 1) + connectHeadBytes;
  if (level === mqtt5) {
    const properties = variableLength(start, offset);
    if (properties === undefined) return undefined;
    offset += properties.bytes + properties.value;
  }
  if (start.length < offset + 2) return undefined;
  const end = offset + 2 + start.readUInt16BE(offset);
  return start.length < end ? undefined : start.toString('utf8', offset + 2, end);
}

function variableLength(bytes: Buffer, from: number): { readonly value: number; readonly bytes: number } | undefined {
  let value = 0;
  for (let index = 0; index < maxLengthBytes; index += 1) {
    const byte = bytes[from + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 128 ** index;
    if (byte <= 0x7f) return { value, bytes: index + 1 };
  }
  return { value: 0, bytes: maxLengthBytes };
}

/**
 * Calls `known` once, with what the first bytes tell, or destroys the stream when it ends, fails or lets us wait too long.
 * @param read gives `undefined` while there are too few bytes.
 */
export function awaitFirstBytes<Told>(
  stream: Duplex,
  read: (start: Buffer) => Told | undefined,
  known: (told: Told) => void,
  failed: (error: Error) => void,
  patienceMs = connectPatienceMs,
): void {
  let seen: Buffer = Buffer.alloc(0);
  const leave = (): void => void stream.destroy();
  const patience = setTimeout(() => stream.destroy(new Error('CONNECT did not arrive in time')), patienceMs);
  const done = (): void => {
    clearTimeout(patience);
    stream.off('readable', look).off('end', leave).off('error', failed).off('close', done);
  };
  const look = (): void => {
    const chunk = stream.read() as Buffer | null;
    if (chunk === null) return;
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const told = read(seen);
    if (told === undefined) return;
    done();
    stream.unshift(seen);
    known(told);
  };
  stream.on('readable', look).on('end', leave).on('error', failed).on('close', done);
}
