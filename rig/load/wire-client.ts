/**
 * An MQTT 3.1.1 client that costs so little that it is not the limit of a run: mqtt-packet writes CONNECT and SUBSCRIBE, the
 * packets that come most often are written and read in place. QoS 1, clean session, ASCII topics and payloads; it does not
 * resend and keeps no session. What it says on the wire is what MQTT.js says: test/rig/load/wire-client.test.ts.
 * Source: MQTT 3.1.1 §2.2 (fixed header), §3.3 (PUBLISH), §3.4 (PUBACK), §3.12 (PINGREQ).
 */
import { generate } from 'mqtt-packet';
import type { Line, LineListener, OpenLine } from './line.ts';

export interface WireListener {
  /** CONNACK and SUBACK are in. */
  ready(): void;
  /** A message came in; it is acknowledged already. `payload` is valid during the call only. */
  message(topic: string, payload: Buffer): void;
  /** PINGRESP. */
  ponged(): void;
  /** The last call, once: the connection never came up, was refused, or is lost. */
  gone(reason: string): void;
}

export interface WireOptions {
  readonly index: number;
  readonly clientId: string;
  readonly filters: readonly string[];
  readonly keepAliveSeconds: number;
  readonly open: OpenLine;
  readonly listener: WireListener;
}

const connack = 2;
const publish = 3;
const puback = 4;
const suback = 9;
const pingresp = 13;
const pingreq = Buffer.from([0xc0, 0]);
const disconnect = Buffer.from([0xe0, 0]);
const nothing = Buffer.alloc(0);

let writeBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** Far above what any answer of the Jobs service has: whoever announces more speaks something else. */
const longestBody = 1024 * 1024;

/** What came in is no packet, or none that this client may be sent. */
class NotMqtt extends Error {
  override readonly message = 'what it answers is not MQTT';
}

/** The id of a message that is acknowledged, or a message. */
type Held = number | { readonly topic: string; readonly payload: string };

/** Who has something to write at the end of the turn. */
let holding: WireClient[] = [];

function flushAll(): void {
  const clients = holding;
  holding = [];
  for (const client of clients) client.flush();
}

export class WireClient implements LineListener {
  readonly #options: WireOptions;
  readonly #line: Line;
  #held: Held[] = [];
  #rest: Buffer = nothing;
  #lastMessageId = 1;
  #isOpen = false;
  #isAccepted = false;
  #isGone = false;

  constructor(options: WireOptions) {
    this.#options = options;
    this.#line = options.open(options.index, this);
  }

  /** What has not come yet, as long as it is not ready. */
  get awaits(): string {
    if (!this.#isOpen) return this.#line.awaits?.() ?? 'connection';
    return this.#isAccepted ? 'SUBACK' : 'CONNACK';
  }

  publish(topic: string, payload: string): void {
    this.#hold({ topic, payload });
  }

  ping(): void {
    if (!this.#isGone) this.#line.write(pingreq);
  }

  /** Says goodbye; the listener hears nothing more. */
  disconnect(): void {
    if (this.#isGone) return;
    this.flush();
    this.#isGone = true;
    this.#line.write(disconnect);
    this.#line.end();
  }

  /** The connection is gone without a word; the listener hears nothing more. */
  drop(): void {
    this.#isGone = true;
    this.#line.drop();
  }

  opened(): void {
    this.#isOpen = true;
    const { clientId, keepAliveSeconds } = this.#options;
    this.#line.write(
      generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clientId,
        clean: true,
        keepalive: keepAliveSeconds,
      }),
    );
  }

  gone(reason: string): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#options.listener.gone(reason);
  }

  received(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    try {
      const read = this.#takeAll(bytes);
      this.#rest = read === bytes.length ? nothing : Buffer.from(bytes.subarray(read));
    } catch (error) {
      if (!(error instanceof NotMqtt)) throw error;
      this.#refused(error.message);
    }
  }

  /** @returns where the packet begins that is not all there. @throws {NotMqtt} */
  #takeAll(bytes: Buffer): number {
    // What begins otherwise may announce a packet that never ends.
    if (!this.#isAccepted && bytes[0] !== connack << 4) throw new NotMqtt();
    let at = 0;
    while (!this.#isGone) {
      const end = endOfFrame(bytes, at);
      if (end === undefined) break;
      let bodyAt = at + 1;
      while (bytes[bodyAt]! & 0x80) bodyAt += 1;
      this.#take(bytes[at]!, bytes, bodyAt + 1, end);
      at = end;
    }
    return at;
  }

  #take(header: number, bytes: Buffer, bodyAt: number, end: number): void {
    const { listener, filters } = this.#options;
    const type = header >> 4;
    if ((type === connack) === this.#isAccepted) throw new NotMqtt();
    switch (type) {
      case publish:
        return this.#takeMessage((header >> 1) & 3, bytes, bodyAt, end);
      case puback:
        return;
      case pingresp:
        return listener.ponged();
      case connack: {
        if (end - bodyAt !== 2) throw new NotMqtt();
        const code = bytes[bodyAt + 1]!;
        if (code !== 0) return this.#refused(`CONNACK ${code}`);
        this.#isAccepted = true;
        const subscriptions = filters.map((topic) => ({ topic, qos: 1 as const }));
        this.#line.write(generate({ cmd: 'subscribe', messageId: 1, subscriptions }));
        return;
      }
      case suback:
        if (end - bodyAt !== 2 + filters.length) throw new NotMqtt();
        if (bytes.subarray(bodyAt + 2, end).includes(0x80)) return this.#refused('SUBACK refuses a filter');
        return listener.ready();
      default:
        throw new NotMqtt();
    }
  }

  #takeMessage(qos: number, bytes: Buffer, bodyAt: number, end: number): void {
    const topicEnd = bodyAt + 2 > end ? Infinity : bodyAt + 2 + bytes.readUInt16BE(bodyAt);
    if (topicEnd + (qos === 0 ? 0 : 2) > end || qos > 1) throw new NotMqtt();
    const topic = bytes.toString('latin1', bodyAt + 2, topicEnd);
    if (qos === 0) return this.#options.listener.message(topic, bytes.subarray(topicEnd, end));
    this.#hold(bytes.readUInt16BE(topicEnd));
    this.#options.listener.message(topic, bytes.subarray(topicEnd + 2, end));
  }

  #refused(reason: string): void {
    this.#line.drop();
    this.gone(reason);
  }

  #hold(what: Held): void {
    if (this.#held.push(what) === 1 && holding.push(this) === 1) process.nextTick(flushAll);
  }

  /** All that one turn has caused leaves in one write. */
  flush(): void {
    const held = this.#held;
    if (held.length === 0) return;
    this.#held = [];
    if (this.#isGone) return;
    let end = 0;
    for (const what of held) {
      if (typeof what === 'number') end = writePuback(end, what);
      else {
        this.#lastMessageId = this.#lastMessageId === 0xffff ? 1 : this.#lastMessageId + 1;
        end = writePublish(end, what.topic, what.payload, this.#lastMessageId);
      }
    }
    if (!this.#line.write(writeBuffer.subarray(0, end))) writeBuffer = Buffer.allocUnsafeSlow(writeBuffer.length);
  }
}

function writePuback(start: number, messageId: number): number {
  return writeBuffer.writeUInt16BE(messageId, writeBuffer.writeUInt16BE(0x4002, start));
}

function writePublish(start: number, topic: string, payload: string, messageId: number): number {
  const length = 2 + topic.length + 2 + payload.length;
  let at = writeBuffer.writeUInt8(0x32, start);
  if (length < 0x80) at = writeBuffer.writeUInt8(length, at);
  else {
    at = writeBuffer.writeUInt8((length & 0x7f) | 0x80, at); // requests of the load stay far below 16 KB
    at = writeBuffer.writeUInt8(length >> 7, at);
  }
  at = writeBuffer.writeUInt16BE(topic.length, at);
  at += writeBuffer.write(topic, at, 'latin1');
  at = writeBuffer.writeUInt16BE(messageId, at);
  return at + writeBuffer.write(payload, at, 'latin1');
}

/** @returns where the packet that starts at `at` ends, or `undefined` when it is not all there. @throws {NotMqtt} */
export function endOfFrame(bytes: Buffer, at: number): number | undefined {
  let length = 0;
  let index = at + 1;
  for (let shift = 0; index < bytes.length; shift += 7) {
    const byte = bytes[index]!;
    index += 1;
    length |= (byte & 0x7f) << shift;
    if (byte & 0x80 && shift < 21) continue;
    // A fifth byte of a length is none. Source: MQTT 3.1.1 §2.2.3.
    if (byte & 0x80 || length > longestBody) throw new NotMqtt();
    return index + length <= bytes.length ? index + length : undefined;
  }
  return undefined;
}
