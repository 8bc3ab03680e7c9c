/**
 * The short way out to one client: packets that nobody has to remember, written as bytes and gathered, so that all that a
 * request causes (its PUBACK, its reply, notifications) leaves in one write. It serves sessions that end with their
 * connection; what a persistent session is told goes through aedes, which keeps it until it is acknowledged. Message
 * ids come from aedes' own counter, so that the two ways out never use one twice. Source: MQTT 3.1.1 §3.3 and §3.4.
 */
import type { Client } from 'aedes';
import { Disconnection } from './disconnection.ts';
import { FastLane } from './fast-lane.ts';
import type { OutgoingPacket } from './jobs-broker.ts';

/** The parts of aedes' client that its declarations leave out. */
type Internals = Client & {
  _nextId: number;
  /** Calls back when the socket has room again, or cuts the client off when that takes too long. */
  waitForDrain(done: () => void): void;
};

/** What a client may leave unread in our memory before it is cut off. */
const maxUnreadBytes = 1024 * 1024;

const publishHeader = 0x30;
const pubackHeader = 0x40;
const maxMessageId = 0xffff;

export class Outbox {
  readonly #client: Internals;
  #gathered: Buffer[] = [];
  #held = 0;
  #leaving = false;

  constructor(client: Client) {
    this.#client = client as Internals;
  }

  /** Lets nothing leave until {@link release}: more is to come. */
  hold(): void {
    this.#held += 1;
  }

  /** Undoes one {@link hold}. What is added later in the same turn still leaves with the rest. */
  release(): void {
    this.#held -= 1;
    this.#leaveSoon();
  }

  acknowledge(messageId: number): void {
    const packet = Buffer.allocUnsafe(4);
    packet.writeUInt16BE((pubackHeader << 8) | 2, 0);
    packet.writeUInt16BE(messageId, 2);
    this.#add(packet);
  }

  publish({ topic, payload, qos }: OutgoingPacket): void {
    this.#add(encodePublish(topic, payload, qos, qos === 0 ? 0 : this.#takeMessageId()));
  }

  #takeMessageId(): number {
    const { _nextId: messageId } = this.#client;
    Object.assign(this.#client, {
      _nextId: messageId >= maxMessageId ? 1 : messageId + 1,
    } satisfies Partial<Internals>);
    return messageId;
  }

  #add(packet: Buffer): void {
    this.#gathered.push(packet);
    this.#leaveSoon();
  }

  #leaveSoon(): void {
    if (this.#held > 0 || this.#leaving) return;
    this.#leaving = true;
    queueMicrotask(this.#leave);
  }

  readonly #leave = (): void => {
    this.#leaving = false;
    if (this.#held > 0 || this.#gathered.length === 0) return;
    const bytes = this.#gathered.length === 1 ? this.#gathered[0]! : Buffer.concat(this.#gathered);
    this.#gathered = [];
    const { conn } = this.#client;
    if (conn.destroyed || (conn instanceof FastLane ? conn.send(bytes) : conn.write(bytes))) return;
    cutOffUnread(this.#client);
    this.#client.waitForDrain(() => {});
  };
}

/** A client that asks and never reads must not fill our memory. */
export function cutOffUnread({ conn }: Client): void {
  const unreadBytes = conn instanceof FastLane ? conn.unreadBytes : conn.writableLength;
  if (unreadBytes > maxUnreadBytes) conn.destroy(new Disconnection('quotaExceeded', 'does not read what it is sent'));
}

function encodePublish(topic: string, payload: string | Buffer, qos: number, messageId: number): Buffer {
  const topicBytes = Buffer.byteLength(topic);
  const messageIdBytes = qos === 0 ? 0 : 2;
  const remaining = 2 + topicBytes + messageIdBytes + Buffer.byteLength(payload);
  const packet = Buffer.allocUnsafe(1 + lengthBytes(remaining) + remaining);
  packet[0] = publishHeader | (qos << 1);
  let at = writeLength(packet, remaining, 1);
  at = packet.writeUInt16BE(topicBytes, at);
  at += packet.write(topic, at);
  if (qos > 0) at = packet.writeUInt16BE(messageId, at);
  if (typeof payload === 'string') packet.write(payload, at);
  else packet.set(payload, at);
  return packet;
}

/** Remaining Length, MQTT 3.1.1 §2.2.3: seven bits a byte, the lowest first. */
function writeLength(packet: Buffer, length: number, at: number): number {
  let rest = length;
  let index = at;
  for (; rest > 0x7f; index += 1) {
    packet[index] = (rest & 0x7f) | 0x80;
    rest >>= 7;
  }
  packet[index] = rest;
  return index + 1;
}

function lengthBytes(length: number): number {
  if (length < 0x80) return 1;
  if (length < 0x4000) return 2;
  return length < 0x20_0000 ? 3 : 4;
}
