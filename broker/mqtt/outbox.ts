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

/** Not the library's private matter: message ids of one connection come from one counter. */
const nextId = '_nextId';

/** What a client may leave unread in our memory before it is cut off. */
const maxUnreadBytes = 1024 * 1024;

const publishHeader = 0x30;
const pubackHeader = 0x40;
const pubackBytes = 4;
/** Type and Remaining Length, the topic's length, message id. */
const maxHeaderBytes = 1 + 4 + 2 + 2;
/** Of UTF-8, for one unit of a string. */
const maxBytesOfUnit = 3;
const maxMessageId = 0xffff;
const slabBytes = 256 * 1024;

/** The id of a message that is acknowledged, or a message. */
type Outgoing = number | Publication;

/** What of a message is written. */
type Publication = Pick<OutgoingPacket, 'topic' | 'payload' | 'qos'>;

export class Outbox {
  readonly #client: Internals;
  readonly #gathersTurns: boolean;
  #gathered: Outgoing[] = [];
  #held = 0;
  #leaving = false;

  /** @param gathersTurns false where turns are gathered before: what is settled together leaves as soon as it is. */
  constructor(client: Client, gathersTurns = true) {
    this.#client = client as Internals;
    this.#gathersTurns = gathersTurns;
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
    this.#add(messageId);
  }

  publish(message: Publication): void {
    this.#add(message);
  }

  #add(what: Outgoing): void {
    this.#gathered.push(what);
    this.#leaveSoon();
  }

  #leaveSoon(): void {
    if (this.#held > 0 || this.#leaving) return;
    this.#leaving = true;
    if (!this.#gathersTurns) process.nextTick(leave, this);
    else if (departing.push(this) === 1) setImmediate(depart);
  }

  /** Called once, at the end of the turn. */
  leave(): void {
    this.#leaving = false;
    if (this.#held > 0 || this.#gathered.length === 0) return;
    const gathered = this.#gathered;
    this.#gathered = [];
    const { conn } = this.#client;
    if (conn.destroyed) return;
    const bytes = this.#encode(gathered);
    const hasRoom = conn instanceof FastLane ? conn.send(bytes) : conn.write(bytes);
    if (!(conn instanceof FastLane && conn.holdsNothing)) slab.keep(bytes);
    if (hasRoom) return;
    cutOffUnread(this.#client);
    this.#client.waitForDrain(() => {});
  }

  #encode(gathered: readonly Outgoing[]): Buffer {
    let room = 0;
    for (const what of gathered) room += typeof what === 'number' ? pubackBytes : roomFor(what);
    const bytes = slab.take(room);
    let at = 0;
    for (const what of gathered) {
      at = typeof what === 'number' ? writePuback(bytes, at, what) : this.#writePublish(bytes, at, what);
    }
    return bytes.subarray(0, at);
  }

  #writePublish(bytes: Buffer, start: number, { topic, payload, qos }: Publication): number {
    const topicBytes = Buffer.byteLength(topic);
    const payloadBytes = Buffer.byteLength(payload);
    bytes[start] = publishHeader | (qos << 1);
    let at = writeLength(bytes, 2 + topicBytes + (qos === 0 ? 0 : 2) + payloadBytes, start + 1);
    at = bytes.writeUInt16BE(topicBytes, at);
    at += bytes.write(topic, at);
    if (qos > 0) at = bytes.writeUInt16BE(this.#takeMessageId(), at);
    return at + (typeof payload === 'string' ? bytes.write(payload, at) : payload.copy(bytes, at));
  }

  #takeMessageId(): number {
    const client = this.#client;
    const messageId = client[nextId];
    client[nextId] = messageId >= maxMessageId ? 1 : messageId + 1;
    return messageId;
  }
}

function leave(outbox: Outbox): void {
  outbox.leave();
}

/** Who has something to send at the end of the turn. */
let departing: Outbox[] = [];

/** All together: the other side, once woken up by the first of them, finds the others there. */
function depart(): void {
  const outboxes = departing;
  departing = [];
  for (const outbox of outboxes) outbox.leave();
}

/**
 * Where packets are put together: in the same place again and again, since most writes are over when they return. Bytes that
 * somebody still holds are kept, and the next ones come behind them.
 */
class Slab {
  #bytes = Buffer.allocUnsafeSlow(slabBytes);
  #keptBytes = 0;

  /** @returns room that is free until the next call, unless it is kept. */
  take(size: number): Buffer {
    if (size > slabBytes) return Buffer.allocUnsafeSlow(size);
    if (this.#keptBytes + size > slabBytes) {
      this.#bytes = Buffer.allocUnsafeSlow(slabBytes);
      this.#keptBytes = 0;
    }
    return this.#bytes.subarray(this.#keptBytes, this.#keptBytes + size);
  }

  /** @param room as taken last */
  keep(room: Buffer): void {
    if (room.buffer === this.#bytes.buffer) this.#keptBytes += room.length;
  }
}

const slab = new Slab();

/** A client that asks and never reads must not fill our memory. */
export function cutOffUnread({ conn }: Client): void {
  const unreadBytes = conn instanceof FastLane ? conn.unreadBytes : conn.writableLength;
  if (unreadBytes > maxUnreadBytes) conn.destroy(new Disconnection('quotaExceeded', 'does not read what it is sent'));
}

function writePuback(bytes: Buffer, at: number, messageId: number): number {
  return bytes.writeUInt16BE(messageId, bytes.writeUInt16BE((pubackHeader << 8) | 2, at));
}

/** More than enough: a header, and as much as UTF-8 can take. */
function roomFor({ topic, payload }: Publication): number {
  return maxHeaderBytes + maxBytesOfUnit * (topic.length + payload.length);
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
