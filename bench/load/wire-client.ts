/**
 * An MQTT 3.1.1 connection with nothing on top: mqtt-packet writes CONNECT and SUBSCRIBE, the hot packets are written and
 * read in place. It is the load's client where the service is what is measured, so that the client is not the limit.
 * QoS 1 only, clean session, ASCII only; it does not reconnect, does not resend and keeps no session.
 * Source: MQTT 3.1.1 §2.2 (fixed header), §3.3 (PUBLISH), §3.4 (PUBACK).
 */
import { endOfFrame } from '../../rig/load/wire-client.ts';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { generate } from 'mqtt-packet';

export interface WireOptions {
  readonly host: string;
  readonly port: number;
  readonly localAddress: string | undefined;
  readonly clientId: string;
  readonly filters: readonly string[];
  /** A message came in; it is acknowledged already. `payload` is only valid during the call. */
  readonly onMessage: (topic: string, payload: Buffer) => void;
  readonly onGone: (reason: string) => void;
  /** PEM texts; absent: without TLS. */
  readonly secure?: Readonly<Record<'ca' | 'cert' | 'key', string>> | undefined;
}

export interface WireClient {
  /** QoS 1; topic and payload are ASCII. */
  publish(topic: string, payload: string): void;
}

const connack = 2;
const publish = 3;
const suback = 9;
const keepAliveSeconds = 1200;

/** All connections read into one buffer, each in its turn, and write from another: a load that leaves no garbage has no pauses. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);
let writeBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** Connects and subscribes; settles when SUBACK is in. */
export async function connectWire(options: WireOptions): Promise<WireClient> {
  const { host, port, localAddress, clientId, secure } = options;
  let read: ((chunk: Buffer) => void) | undefined;
  const callback = (length: number) => {
    read?.(readBuffer.subarray(0, length));
    return true;
  };
  const to = { host, port, noDelay: true, localAddress, onread: { buffer: readBuffer, callback } };
  const socket = secure === undefined ? net.connect(to) : tls.connect({ ...to, ...secure });
  socket.setNoDelay(true);
  await once(socket, secure === undefined ? 'connect' : 'secureConnect');
  socket.write(generate({ cmd: 'connect', protocolId: 'MQTT', clientId, clean: true, keepalive: keepAliveSeconds }));
  return new Promise((resolve, reject) => {
    let ready = false;
    const gone = (reason: string) => (ready ? options.onGone(reason) : reject(new Error(`${clientId}: ${reason}`)));
    socket.on('error', (error) => gone(error.message));
    socket.on('close', () => gone('connection closed'));
    const client = openClient(socket);
    read = frameReader((type, bytes, bodyAt, end) => {
      if (type === publish) return client.received(bytes, bodyAt, end, options.onMessage);
      if (type === connack && bytes[bodyAt + 1] !== 0) return gone(`CONNACK ${bytes[bodyAt + 1]}`);
      if (type === connack && options.filters.length > 0) {
        const subscriptions = options.filters.map((topic) => ({ topic, qos: 1 as const }));
        return socket.write(generate({ cmd: 'subscribe', messageId: 1, subscriptions }));
      }
      if (type !== suback && type !== connack) return;
      if (type === suback && bytes.subarray(bodyAt + 2, end).includes(0x80)) return gone('SUBACK refused a filter');
      ready = true;
      resolve(client);
    });
  });
}

type OpenClient = WireClient & {
  /** A PUBLISH of QoS 1. */
  received(bytes: Buffer, bodyAt: number, end: number, onMessage: WireOptions['onMessage']): void;
};

/** The id of a message that is acknowledged, or a message. */
type Held = number | { readonly topic: string; readonly payload: string };

/** PUBACK and whatever `onMessage` publishes leave in one write, at the end of the turn. */
function openClient(socket: net.Socket): OpenClient {
  let lastMessageId = 1;
  let held: Held[] = [];
  const flush = () => {
    let end = 0;
    for (const what of held) {
      if (typeof what === 'number') {
        end = writePuback(end, what);
      } else {
        lastMessageId = lastMessageId === 0xffff ? 1 : lastMessageId + 1;
        end = writePublish(end, what.topic, what.payload, lastMessageId);
      }
    }
    held = [];
    socket.write(writeBuffer.subarray(0, end));
    // The system has not taken them all, so that they must stay as they are.
    if (socket.writableLength > 0) writeBuffer = Buffer.allocUnsafeSlow(writeBuffer.length);
  };
  const hold = (what: Held) => {
    if (held.push(what) === 1) process.nextTick(flush);
  };
  return {
    publish: (topic, payload) => hold({ topic, payload }),
    received(bytes, bodyAt, end, onMessage) {
      const topicEnd = bodyAt + 2 + bytes.readUInt16BE(bodyAt);
      const topic = bytes.toString('latin1', bodyAt + 2, topicEnd);
      hold(bytes.readUInt16BE(topicEnd));
      onMessage(topic, bytes.subarray(topicEnd + 2, end));
    },
  };
}

function writePuback(start: number, messageId: number): number {
  return writeBuffer.writeUInt16BE(messageId, writeBuffer.writeUInt16BE(0x4002, start));
}

function writePublish(start: number, topic: string, payload: string, messageId: number): number {
  const length = 2 + topic.length + 2 + payload.length;
  let at = writeBuffer.writeUInt8(0x32, start);
  if (length < 0x80) {
    at = writeBuffer.writeUInt8(length, at);
  } else {
    at = writeBuffer.writeUInt8((length & 0x7f) | 0x80, at); // requests of the load stay far below 16 KB
    at = writeBuffer.writeUInt8(length >> 7, at);
  }
  at = writeBuffer.writeUInt16BE(topic.length, at);
  at += writeBuffer.write(topic, at, 'latin1');
  at = writeBuffer.writeUInt16BE(messageId, at);
  return at + writeBuffer.write(payload, at, 'latin1');
}

type OnFrame = (type: number, bytes: Buffer, bodyAt: number, end: number) => void;

/** @returns what cuts chunks into packets; one that is not whole yet waits for the next chunk. */
function frameReader(onFrame: OnFrame): (chunk: Buffer) => void {
  let rest: Buffer | undefined;
  return (chunk) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (;;) {
      const end = endOfFrame(bytes, at);
      if (end === undefined) break;
      let bodyAt = at + 1;
      while (bytes[bodyAt]! & 0x80) bodyAt += 1;
      onFrame(bytes[at]! >> 4, bytes, bodyAt + 1, end);
      at = end;
    }
    rest = at === bytes.length ? undefined : Buffer.from(bytes.subarray(at));
  };
}
