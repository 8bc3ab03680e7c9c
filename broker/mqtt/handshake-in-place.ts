/**
 * What every client of MQTT 3.1.1 says once, CONNECT and SUBSCRIBE, read in place in the form that devices use: ASCII, without last
 * will, user name and password. Anything else, and anything that is wrong, is left to mqtt-packet, which makes a parser for it.
 * Source: MQTT 3.1.1 §3.1, §3.8 and §3.9.
 */
import type { IConnectPacket, ISubscribePacket } from 'mqtt-packet';
import type { Frame } from './packet-reader.ts';

/** Length, name and level. */
const protocol = Buffer.from('\0\x04MQTT\x04', 'latin1');
/** Of the flags of CONNECT, the one that is read here. */
const cleanFlag = 0x02;
/** Flags and keep-alive. */
const headBytes = 1 + 2;
const maxQos = 2;
const subackHeader = 0x90;
const maxShortLength = 0x7f;

/** @returns `undefined` when it has to be looked at more closely */
export function connectInPlace({ bytes, bodyAt, end }: Frame): IConnectPacket | undefined {
  const flagsAt = bodyAt + protocol.length;
  const idAt = flagsAt + headBytes;
  if (end < idAt + 2 || protocol.compare(bytes, bodyAt, flagsAt) !== 0) return undefined;
  const flags = bytes[flagsAt]!;
  if ((flags & ~cleanFlag) !== 0 || idAt + 2 + bytes.readUInt16BE(idAt) !== end) return undefined;
  const clientId = asciiIn(bytes, idAt + 2, end);
  if (clientId === undefined) return undefined;
  const keepalive = bytes.readUInt16BE(flagsAt + 1);
  return { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: flags === cleanFlag, keepalive, clientId };
}

/** @returns `undefined` when it has to be looked at more closely */
export function subscribeInPlace({ bytes, bodyAt, end }: Frame): ISubscribePacket | undefined {
  if (end < bodyAt + 2) return undefined;
  const messageId = bytes.readUInt16BE(bodyAt);
  if (messageId === 0) return undefined;
  const subscriptions: ISubscribePacket['subscriptions'] = [];
  let at = bodyAt + 2;
  while (at < end) {
    if (end < at + 2) return undefined;
    const qosAt = at + 2 + bytes.readUInt16BE(at);
    if (qosAt >= end || bytes[qosAt]! > maxQos) return undefined;
    const topic = asciiIn(bytes, at + 2, qosAt);
    if (topic === undefined) return undefined;
    subscriptions.push({ topic, qos: bytes[qosAt] as 0 | 1 | 2 });
    at = qosAt + 1;
  }
  return subscriptions.length === 0 ? undefined : { cmd: 'subscribe', messageId, subscriptions };
}

/** @returns `undefined` for more filters than AWS takes in a packet */
export function subackBytes(messageId: number, granted: readonly number[]): Buffer | undefined {
  const length = 2 + granted.length;
  if (length > maxShortLength) return undefined;
  return Buffer.from([subackHeader, length, messageId >> 8, messageId & 0xff, ...granted]);
}

/** @returns `undefined` for an empty text, and for one that is not all printable ASCII */
function asciiIn(bytes: Buffer, start: number, end: number): string | undefined {
  if (start === end) return undefined;
  for (let at = start; at < end; at += 1) if (bytes[at]! < 0x20 || bytes[at]! > 0x7e) return undefined;
  return bytes.toString('latin1', start, end);
}
