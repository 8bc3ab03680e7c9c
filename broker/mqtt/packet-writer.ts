/**
 * Packets that leave often, as bytes: PUBACK, and PUBLISH of both versions of MQTT, which differ by their properties only.
 * They are put together in one place that is used again, since most writes are over when they return.
 * Source: MQTT 3.1.1 §2.2.3, §3.3 and §3.4; MQTT 5 §3.3.2.3.
 */
import type { Message } from './message.ts';

export type ProtocolVersion = 4 | 5;

const publishHeader = 0x30;
const retainFlag = 0x01;
const pubackHeader = 0x40;
export const pubackBytes = 4;
const messageExpiry = 0x02;
const messageExpiryBytes = 5;
/** Type and Remaining Length, the topic's length, message id, the properties' length. */
const maxHeaderBytes = 1 + 4 + 2 + 2 + 4;
/** Of UTF-8, for one unit of a string. */
const maxBytesOfUnit = 3;
const slabBytes = 256 * 1024;

/** Without a reason code, which means success in MQTT 5. @returns where it ends. */
export function writePuback(bytes: Buffer, at: number, messageId: number): number {
  return bytes.writeUInt16BE(messageId, bytes.writeUInt16BE((pubackHeader << 8) | 2, at));
}

/** More than enough for a PUBLISH: a header, and as much as UTF-8 can take. */
export function roomFor({ topic, payload, properties }: Message): number {
  const propertyBytes = messageExpiryBytes + (properties?.length ?? 0);
  return maxHeaderBytes + propertyBytes + maxBytesOfUnit * (topic.length + payload.length);
}

/** Taken for ASCII first, whose length is that of its bytes: to find out costs as much as to write. @param messageId for QoS 1. @returns where it ends. */
export function writePublish(
  bytes: Buffer,
  start: number,
  version: ProtocolVersion,
  message: Message,
  messageId: number,
): number {
  const { topic, payload } = message;
  const end = writeAs(bytes, start, version, message, messageId, topic.length, payload.length);
  if (end !== undefined) return end;
  return writeAs(bytes, start, version, message, messageId, Buffer.byteLength(topic), Buffer.byteLength(payload))!;
}

/** @returns where it ends; `undefined` where topic and payload have another length. */
function writeAs(
  bytes: Buffer,
  start: number,
  version: ProtocolVersion,
  message: Message,
  messageId: number,
  topicBytes: number,
  payloadBytes: number,
): number | undefined {
  const { topic, payload, qos, retain } = message;
  const length = 2 + topicBytes + (qos === 0 ? 0 : 2) + payloadBytes;
  bytes[start] = publishHeader | (qos << 1) | (retain ? retainFlag : 0);
  let at = writeLength(bytes, version === 5 ? length + propertiesBytes(message) : length, start + 1);
  at = bytes.writeUInt16BE(topicBytes, at);
  if (bytes.write(topic, at) !== topicBytes) return undefined;
  at += topicBytes;
  if (qos > 0) at = bytes.writeUInt16BE(messageId, at);
  if (version === 5) at = writeProperties(bytes, at, message);
  const written = typeof payload === 'string' ? bytes.write(payload, at) : payload.copy(bytes, at);
  return written === payloadBytes ? at + written : undefined;
}

/** Of a whole PUBLISH. */
export function publishBytes(message: Message, version: ProtocolVersion): number {
  const { topic, payload, qos } = message;
  const properties = version === 5 ? propertiesBytes(message) : 0;
  const body = 2 + Buffer.byteLength(topic) + (qos === 0 ? 0 : 2) + properties + Buffer.byteLength(payload);
  return 1 + lengthBytes(body) + body;
}

/** With their length. */
function propertiesBytes({ properties, expiresAt }: Message): number {
  const bytes = (properties?.length ?? 0) + (expiresAt === undefined ? 0 : messageExpiryBytes);
  return lengthBytes(bytes) + bytes;
}

function writeProperties(bytes: Buffer, start: number, { properties, expiresAt }: Message): number {
  const length = (properties?.length ?? 0) + (expiresAt === undefined ? 0 : messageExpiryBytes);
  let at = writeLength(bytes, length, start);
  if (properties !== undefined) at += properties.copy(bytes, at);
  if (expiresAt === undefined) return at;
  bytes[at] = messageExpiry;
  // What is left of it; less than a second is told as 0.
  return bytes.writeUInt32BE(Math.max(0, Math.floor((expiresAt - Date.now()) / 1000)), at + 1);
}

/** Seven bits a byte, the lowest first. */
function writeLength(bytes: Buffer, length: number, at: number): number {
  let rest = length;
  let index = at;
  for (; rest > 0x7f; index += 1) {
    bytes[index] = (rest & 0x7f) | 0x80;
    rest >>= 7;
  }
  bytes[index] = rest;
  return index + 1;
}

function lengthBytes(length: number): number {
  let bytes = 1;
  for (let rest = length >> 7; rest > 0; rest >>= 7) bytes += 1;
  return bytes;
}

/** The place where packets are put together. Bytes that somebody still holds are kept, and the next ones come behind them. */
export class Slab {
  bytes = Buffer.allocUnsafeSlow(slabBytes);
  /** Where what comes next begins. */
  at = 0;
  /** Of its beginning, by length: most of what leaves is short. */
  readonly #beginnings: (Buffer | undefined)[] = Array.from({ length: 1024 });

  makeRoom(size: number): void {
    if (this.at + size <= this.bytes.length && this.bytes.length === slabBytes) return;
    this.bytes = Buffer.allocUnsafeSlow(Math.max(size, slabBytes));
    this.at = 0;
    this.#beginnings.fill(undefined);
  }

  /** What was put together, up to there. */
  cut(end: number): Buffer {
    if (this.at > 0 || end >= this.#beginnings.length) return this.bytes.subarray(this.at, end);
    return (this.#beginnings[end] ??= this.bytes.subarray(0, end));
  }

  /** @param packets what was put together last */
  keep(packets: Buffer): void {
    this.at += packets.length;
  }
}
