/**
 * The stream between a wire and aedes. What comes most often and needs aedes least, acknowledgements and publications with
 * QoS 1, is read in place and offered to the door as it comes in; everything else, and what the door does not want, goes on
 * to aedes byte for byte and in order. aedes' way of reading costs three times as much, most of all with thousands of
 * clients, whose parsers and buffers are in no cache. Knows packets only as far as it has to tell them apart.
 * Source: MQTT 3.1.1 §2.2 (fixed header), §3.3 (PUBLISH), §3.4 (PUBACK).
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { IPubackPacket, IPublishPacket } from 'mqtt-packet';
import { maxPublishBytes } from '../../protocol/limits.ts';
import { readInPlace } from './read-in-place.ts';
import { type Done, WireStream } from './wire-stream.ts';

/** A packet that came in whole, read as mqtt-packet reads it; its payload is only valid while it is offered. */
export type OfferedPacket = IPubackPacket | IPublishPacket;

/** Where a packet lies among the bytes that have come in; they may not all be there yet. */
interface Frame {
  readonly bodyAt: number;
  readonly end: number;
}

/** PUBLISH with QoS 1, without RETAIN; DUP makes no difference. */
const publishHeader = 0x32;
const duplicateFlag = 0x08;
const pubackHeader = 0x40;
const maxLengthBytes = 4;
const nothing = Buffer.alloc(0);

export class FastLane extends WireStream {
  readonly #offer: (packet: OfferedPacket) => boolean;
  /** The beginning of a packet whose rest has not come yet. */
  #begun: Buffer = nothing;
  /** Bytes still to come of a packet that is not gathered here. */
  #toPass = 0;

  /** @param offer true when the packet is dealt with and aedes is not to see it. */
  constructor(wire: Duplex, offer: (packet: OfferedPacket) => boolean) {
    super(wire);
    this.#offer = offer;
    const read = (chunk: Buffer): void => this.#read(chunk);
    wire.on('data', read);
    readInPlace(wire, read);
    wire.on('drain', () => this.emit('drain'));
  }

  /** What the client has not read yet; a write under way may count twice. */
  get unreadBytes(): number {
    return this.writableLength + this.wire.writableLength;
  }

  /** The system has taken all that was sent, so that nobody will read those bytes again. */
  get holdsNothing(): boolean {
    return this.wire instanceof Socket && this.unreadBytes === 0;
  }

  /** Writes past the buffers of this stream, but never past what waits in them. @returns false when the wire is full. */
  send(bytes: Buffer): boolean {
    return this.writableLength > 0 ? this.write(bytes) : this.wire.write(bytes);
  }

  protected override sendOn(bytes: Buffer): void {
    this.wire.write(bytes);
  }

  override _final(done: Done): void {
    this.wire.end(done);
  }

  override _destroy(error: Error | null, done: Done): void {
    this.wire.destroy(error ?? undefined);
    done(error);
  }

  #read(chunk: Buffer): void {
    const bytes = this.#begun.length === 0 ? chunk : Buffer.concat([this.#begun, chunk]);
    this.#begun = nothing;
    let at = 0;
    if (this.#toPass > 0) {
      at = Math.min(this.#toPass, bytes.length);
      this.#toPass -= at;
      this.#pass(bytes.subarray(0, at));
    }
    while (at < bytes.length && !this.destroyed) {
      const frame = frameAt(bytes, at);
      const isOurs = frame !== undefined && isOffered(bytes[at]!) && frame.end - at <= maxPublishBytes;
      if (frame === undefined || (isOurs && frame.end > bytes.length)) {
        this.#begun = Buffer.from(bytes.subarray(at));
        return;
      }
      const end = Math.min(frame.end, bytes.length);
      this.#toPass = frame.end - end;
      if (!isOurs || !this.#taken(bytes, at, frame)) this.#pass(bytes.subarray(at, end));
      at = end;
    }
  }

  /** A copy, since these bytes will be others when they are read. */
  #pass(bytes: Buffer): void {
    if (!this.push(Buffer.from(bytes))) this.wire.pause();
  }

  #taken(bytes: Buffer, at: number, { bodyAt, end }: Frame): boolean {
    // What aedes has not read yet came first.
    if (this.readableLength > 0) return false;
    const header = bytes[at]!;
    const topicAt = bodyAt + 2;
    if (end < topicAt) return false;
    if (header === pubackHeader) {
      return end === topicAt && this.#offer({ cmd: 'puback', messageId: bytes.readUInt16BE(bodyAt) });
    }
    const topicEnd = topicAt + bytes.readUInt16BE(bodyAt);
    if (end < topicEnd + 2) return false;
    return this.#offer({
      cmd: 'publish',
      topic: bytes.toString('utf8', topicAt, topicEnd),
      messageId: bytes.readUInt16BE(topicEnd),
      payload: bytes.subarray(topicEnd + 2, end),
      qos: 1,
      retain: false,
      dup: (header & duplicateFlag) !== 0,
    });
  }
}

function isOffered(header: number): boolean {
  return header === pubackHeader || (header & ~duplicateFlag) === publishHeader;
}

/** @returns `undefined` while the length has not come whole. A length that is none has no end: aedes is to refuse it. */
function frameAt(bytes: Buffer, at: number): Frame | undefined {
  let length = 0;
  for (let index = 0; index < maxLengthBytes; index += 1) {
    const byte = bytes[at + 1 + index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) << (7 * index);
    if (byte < 0x80) return { bodyAt: at + 2 + index, end: at + 2 + index + length };
  }
  return { bodyAt: at, end: Infinity };
}
