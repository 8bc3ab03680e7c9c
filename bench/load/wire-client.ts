/**
 * An MQTT 3.1.1 connection with nothing on top: mqtt-packet writes CONNECT and SUBSCRIBE, the hot packets are written and
 * read in place. It is the load's client where the service is what is measured, so that the client is not the limit.
 * QoS 1 only, clean session, ASCII only; it does not reconnect, does not resend and keeps no session.
 * Source: MQTT 3.1.1 §2.2 (fixed header), §3.3 (PUBLISH), §3.4 (PUBACK).
 */
import { once } from 'node:events';
import net from 'node:net';
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
}

export interface WireClient {
  /** QoS 1; topic and payload are ASCII. */
  publish(topic: string, payload: string): void;
}

const connack = 2;
const publish = 3;
const suback = 9;
const keepAliveSeconds = 1200;

/** Connects and subscribes; settles when SUBACK is in. */
export async function connectWire(options: WireOptions): Promise<WireClient> {
  const { host, port, localAddress, clientId } = options;
  const socket = net.connect({ host, port, noDelay: true, localAddress });
  await once(socket, 'connect');
  socket.write(generate({ cmd: 'connect', protocolId: 'MQTT', clientId, clean: true, keepalive: keepAliveSeconds }));
  return new Promise((resolve, reject) => {
    let ready = false;
    const gone = (reason: string) => (ready ? options.onGone(reason) : reject(new Error(`${clientId}: ${reason}`)));
    socket.on('error', (error) => gone(error.message));
    socket.on('close', () => gone('connection closed'));
    const client = openClient(socket);
    readFrames(socket, (type, frame, bodyAt) => {
      if (type === publish) return client.received(frame, bodyAt, options.onMessage);
      if (type === connack && frame[bodyAt + 1] !== 0) return gone(`CONNACK ${frame[bodyAt + 1]}`);
      if (type === connack && options.filters.length > 0) {
        const subscriptions = options.filters.map((topic) => ({ topic, qos: 1 as const }));
        return socket.write(generate({ cmd: 'subscribe', messageId: 1, subscriptions }));
      }
      if (type !== suback && type !== connack) return;
      if (type === suback && frame.subarray(bodyAt + 2).includes(0x80)) return gone('SUBACK refused a filter');
      ready = true;
      resolve(client);
    });
  });
}

type OpenClient = WireClient & {
  received(frame: Buffer, bodyAt: number, onMessage: WireOptions['onMessage']): void;
};

/** PUBACK and whatever `onMessage` publishes leave in one write, at the end of the turn. */
function openClient(socket: net.Socket): OpenClient {
  let lastMessageId = 1;
  let held: Buffer[] = [];
  const flush = () => {
    socket.write(held.length === 1 ? held[0]! : Buffer.concat(held));
    held = [];
  };
  const hold = (packet: Buffer) => {
    if (held.push(packet) === 1) process.nextTick(flush);
  };
  return {
    publish(topic, payload) {
      lastMessageId = lastMessageId === 0xffff ? 1 : lastMessageId + 1;
      hold(encodePublish(topic, payload, lastMessageId));
    },
    received(frame, bodyAt, onMessage) {
      const topicEnd = bodyAt + 2 + frame.readUInt16BE(bodyAt);
      const topic = frame.toString('latin1', bodyAt + 2, topicEnd);
      const wantsPuback = (frame[0]! & 0x06) !== 0;
      if (wantsPuback) hold(Buffer.from([0x40, 0x02, frame[topicEnd]!, frame[topicEnd + 1]!]));
      onMessage(topic, frame.subarray(wantsPuback ? topicEnd + 2 : topicEnd));
    },
  };
}

function encodePublish(topic: string, payload: string, messageId: number): Buffer {
  const length = 2 + topic.length + 2 + payload.length;
  const lengthBytes = length < 0x80 ? 1 : 2; // requests of the load stay far below 16 KB
  const packet = Buffer.allocUnsafe(1 + lengthBytes + length);
  packet[0] = 0x32;
  packet[1] = lengthBytes === 1 ? length : (length & 0x7f) | 0x80;
  if (lengthBytes === 2) packet[2] = length >> 7;
  let at = packet.writeUInt16BE(topic.length, 1 + lengthBytes);
  at += packet.write(topic, at, 'latin1');
  at = packet.writeUInt16BE(messageId, at);
  packet.write(payload, at, 'latin1');
  return packet;
}

type OnFrame = (type: number, frame: Buffer, bodyAt: number) => void;

/** Cuts the byte stream into packets; one that is not whole yet waits for the next chunk. */
function readFrames(socket: net.Socket, onFrame: OnFrame): void {
  let rest: Buffer | undefined;
  socket.on('data', (chunk: Buffer) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (;;) {
      const end = endOfFrame(bytes, at);
      if (end === undefined) break;
      let bodyAt = at + 1;
      while (bytes[bodyAt]! & 0x80) bodyAt += 1;
      onFrame(bytes[at]! >> 4, bytes.subarray(at, end), bodyAt + 1 - at);
      at = end;
    }
    rest = at === bytes.length ? undefined : bytes.subarray(at);
  });
}

/** @returns where the packet that starts at `at` ends, or `undefined` when it is not all there. */
function endOfFrame(bytes: Buffer, at: number): number | undefined {
  let length = 0;
  let index = at + 1;
  for (let shift = 0; index < bytes.length; shift += 7) {
    const byte = bytes[index]!;
    index += 1;
    length |= (byte & 0x7f) << shift;
    if (byte & 0x80) continue;
    return index + length <= bytes.length ? index + length : undefined;
  }
  return undefined;
}
