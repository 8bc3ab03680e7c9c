/**
 * The one interface for how a client's packets come in and go out. Whichever version of MQTT the client speaks and whichever way its
 * packets take, the rest of this room sees packets of one form. It is no stream of Node's: nobody reads from it or writes to it but by
 * packets, and a stream would cost each connection more than all that it does itself.
 */
import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Packet } from 'mqtt-packet';
import { Disconnection, type Reason, disconnectionFor } from './disconnection.ts';
import { writeInPlace } from './internals.ts';
import type { Agreement } from './mqtt5-connect.ts';
import { connectHeader, connectPatienceMs } from './first-packet.ts';
import { KeepAlive } from './keep-alive.ts';
import { type Frame, FrameReader, type PacketReader } from './packet-reader.ts';
import type { ProtocolVersion } from './packet-writer.ts';
import { FewAtOnce } from '../net/turns.ts';
import { Allowance } from '../net/allowance.ts';
import { type Lagging, Traffic, type Wait } from './traffic.ts';
import { type Wire, type WireListener, tooLate } from './wire.ts';

/** A PUBLISH as it came in. */
export interface Publication {
  readonly topic: string;
  /** Valid during the call only. */
  readonly payload: Buffer;
  readonly qos: number;
  readonly retain: boolean;
  /** For QoS 1. */
  readonly messageId: number;
  /** Of MQTT 5, for its receivers. */
  readonly properties?: Buffer;
  readonly expirySeconds?: number;
}

/** What is done with the packets of a client. */
export interface PacketReceiver {
  publish(publication: Publication): void;
  acknowledge(messageId: number): void;
  /**
   * Every other packet.
   * @param will of CONNECT in MQTT 5.
   */
  receive(packet: Packet, will?: WillProperties): void;
}

/** What the properties of a last will mean to this broker. */
export interface WillProperties {
  readonly properties?: Buffer;
  readonly expirySeconds?: number;
  readonly delaySeconds?: number;
}

/** For the client to read why it was cut off. */
const closingGraceMs = 1000;
const pubackHeader = 0x40;
const nothing: Buffer = Buffer.alloc(0);

/** What has to be done for connections that are gone: many of them at once have nobody waiting. */
const endings = new FewAtOnce(32);

export abstract class ClientStream extends EventEmitter implements Lagging, WireListener {
  /** 4 is 3.1.1, and 3.1 too. */
  abstract readonly version: ProtocolVersion;
  /** Told to a client of MQTT 5 when its connection is closed without an error. */
  closingReason: Reason = 'unspecified';
  destroyed = false;
  /** Why it was closed; null: without an error, or not yet. */
  errored: Error | null = null;
  protected readonly wire: Duplex;
  readonly #frames = new FrameReader();
  readonly #take: (frame: Frame) => void;
  readonly #goesOn = (header: number): boolean => {
    if (this.destroyed || (this.#hasTaken && !this.#traffic.hasTime)) return false;
    this.#hasTaken = true;
    return this.#mayTake(header);
  };
  /** One packet at least of what is being read. */
  #hasTaken = false;
  readonly #traffic: Traffic;
  readonly #allowance: Allowance;
  readonly #keepAlive = new KeepAlive();
  /** Until CONNECT has come and is decided. */
  #patience: NodeJS.Timeout | undefined;
  #receiver: PacketReceiver | undefined;
  /** No packet has been read. */
  protected isFirst = true;
  #waitingBytes = 0;
  /** It owes the service these, which are not held against it. */
  #acknowledgementsDue = 0;
  /** What has come in and waits for its turn; as long as there is any, nothing more is read from the wire. */
  #rest: Buffer = nothing;
  /** What the end of the wire means, once this has been read: a client may say its last and leave. */
  readonly #afterwards: (() => void)[] = [];
  #isNewcomer = false;
  /** When it had nothing left to read after others had waited for it. */
  #lastTurn = -Infinity;
  #countedBytes = 0;
  /** Of what was written past the stream of the wire, and what the system has not taken of it. */
  #unwrittenBytes = 0;
  /** The write that is over has not returned yet. */
  #isWriting = false;
  readonly #written = (error?: Error | null): void => {
    const wasFull = !this.#isWriting && this.isFull;
    this.#unwrittenBytes = 0;
    if (error) this.wire.destroy(error);
    else if (wasFull && !this.destroyed && !this.isFull) this.drained();
  };

  constructor(wire: Duplex, traffic = new Traffic()) {
    super();
    this.wire = wire;
    this.#traffic = traffic;
    this.#allowance = new Allowance(traffic.packetsPerSecond);
    this.#take = (frame) => {
      this.takeFrame(frame, this.#receiver!);
      this.isFirst = false;
    };
  }

  /** From now on packets come in. @param start what was read of them before; valid during the call only */
  start(wire: Wire, receiver: PacketReceiver, start = nothing): void {
    this.#receiver = receiver;
    wire.listener = this;
    if (start.length > 0) this.received(start);
    // Most have said it by now.
    if (!this.#keepAlive.isOn && !this.destroyed) this.#patience = setTimeout(tooLate, connectPatienceMs, this);
  }

  /** Closes the connection. `close` is told when this turn is over. */
  destroy(error?: Error): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.errored = error ?? null;
    this.leave(this.errored);
    process.nextTick(tellClosed, this);
  }

  /** Says goodbye, as far as its version of MQTT has words for that, and closes the wire. */
  protected abstract leave(error: Error | null): void;

  /** It is closed. */
  forget(): void {
    clearTimeout(this.#patience);
    this.#keepAlive.stop();
    this.#traffic.inbound.letGo(this);
    this.#traffic.outbound.letGo(this);
  }

  // What happens to the wire.

  failed(error: Error): void {
    endings.do(() => this.destroy(error));
  }

  finished(): void {
    this.#afterRest(() => this.destroy());
  }

  closed(): void {
    endings.do(() => this.#afterRest(() => this.destroy()));
  }

  drained(): void {
    this.emit('drain');
  }

  /** Closes it when nothing comes in for longer than the client's keep-alive allows. */
  expectToHear(keepAliveSeconds: number): void {
    clearTimeout(this.#patience);
    const silent = (): void => this.destroy(new Disconnection('keepAliveTimeout', 'keep alive timeout'));
    this.#keepAlive.start(keepAliveSeconds, silent, () => this.#rest.length > 0);
  }

  protected abstract takeFrame(frame: Frame, receiver: PacketReceiver): void;

  /** Answers CONNECT: the client is let in on these terms. @param resumes it goes on with a session that there was */
  abstract admit(agreement: Agreement, resumes: boolean): void;

  /** The client has sent DISCONNECT: nothing is for it any more. */
  abstract saidGoodbye(): void;

  /** @returns a packet of the service as this client reads it. */
  abstract encode(packet: Packet): Buffer;

  /** Sends packets that {@link encode} has made. @returns false when the wire is full. */
  send(packets: Buffer): boolean {
    const { wire } = this;
    if (this.#unwrittenBytes > 0) return wire.write(packets);
    this.#unwrittenBytes = packets.length;
    this.#isWriting = true;
    const isInPlace = writeInPlace(wire, packets, this.#written);
    this.#isWriting = false;
    if (isInPlace) return this.#unwrittenBytes === 0 || !this.isFull;
    this.#unwrittenBytes = 0;
    return wire.write(packets);
  }

  /** Answers CONNECT with a refusal, and closes. */
  abstract refuse(refusal: Disconnection): void;

  /** @returns the packet; `undefined` for a CONNECT that cannot be read and has been refused. */
  protected readPacket(reader: PacketReader, { bytes, start, end }: Frame): Packet | undefined {
    try {
      // A copy, since these bytes will be others when the packet is used.
      return reader.read(Buffer.from(bytes.subarray(start, end)));
    } catch (error) {
      if (!this.isFirst || bytes[start] !== connectHeader || !(error instanceof Disconnection)) throw error;
      this.refuse(error);
      return undefined;
    }
  }

  /** What the client has not read yet. */
  get unreadBytes(): number {
    return this.wire.writableLength + this.#unwrittenBytes;
  }

  /** A QoS 1 message is about to leave. */
  awaitAcknowledgement(): void {
    this.#acknowledgementsDue += 1;
  }

  #mayTake(header: number): boolean {
    if (header !== pubackHeader || this.#acknowledgementsDue === 0) return this.#allowance.take();
    this.#acknowledgementsDue -= 1;
    return true;
  }

  /** Counts what the client has not read: too much of it, all clients together, and one of them has to go.
   * @param gatheredBytes of it that are about to be sent.
   */
  countUnread(gatheredBytes = 0): void {
    this.#traffic.outbound.hold(this, this.unreadBytes + gatheredBytes + this.#waitingBytes);
  }

  /** What waits for acknowledgements of the client counts, too. */
  countWaiting(bytes: number): void {
    this.#waitingBytes = bytes;
    this.countUnread();
  }

  /** What the client has just sent is as much work as other packets are. */
  charge(packets: number): void {
    this.#allowance.charge(packets);
  }

  /** Nothing that is sent would arrive any more. */
  get isGone(): boolean {
    return this.destroyed || this.wire.destroyed;
  }

  /** Nothing more should be sent before `drain`. */
  get isFull(): boolean {
    return this.wire.writableNeedDrain || this.#unwrittenBytes >= this.wire.writableHighWaterMark;
  }

  /** The system has taken all that was sent, so that nobody will read those bytes again. */
  get holdsNothing(): boolean {
    return this.wire instanceof Socket && this.unreadBytes === 0;
  }

  /** Lets what was written arrive: a socket that is destroyed with something unread takes it back. */
  protected closeGently(): void {
    const { wire } = this;
    if (wire.destroyed) return;
    wire.resume();
    wire.end();
    const grace = setTimeout(() => wire.destroy(), closingGraceMs);
    wire.once('close', () => clearTimeout(grace));
  }

  received(chunk: Buffer): void {
    if (this.destroyed) return;
    const now = performance.now();
    this.#keepAlive.heardAt = now;
    if (this.#rest.length > 0) {
      // It was on its way when the wire was told to pause.
      this.#rest = Buffer.concat([this.#rest, chunk]);
      this.#countHeld();
      return;
    }
    const traffic = this.#traffic;
    if (traffic.hasGoneOn(this.#lastTurn)) this.#hold(Buffer.from(chunk), 'turn');
    else if (traffic.readsAtOnce(now)) this.#readAtOnce(chunk);
    else this.#hold(Buffer.from(chunk), this.#waitForTurn);
  }

  #readAtOnce(chunk: Buffer): void {
    this.#allowance.comeIn();
    const rest = this.#readPackets(chunk);
    if (rest.length > 0) this.#hold(Buffer.from(rest), this.#waitForTurn);
    else this.#countHeld();
  }

  /** Reads some of what has waited. */
  goOn(): void {
    if (this.destroyed) return;
    const held = this.#rest;
    this.#rest = nothing;
    const isFirst = this.#isNewcomer;
    this.#isNewcomer = false;
    this.#allowance.takeTurn(isFirst);
    const rest = this.#readPackets(held);
    if (rest.length > 0) this.#hold(rest, this.#waitForMore);
    else {
      if (!isFirst) this.#lastTurn = this.#traffic.turn;
      this.#countHeld();
      this.wire.resume();
      for (const act of this.#afterwards.splice(0)) act();
    }
  }

  #afterRest(act: () => void): void {
    if (this.#rest.length === 0 || this.destroyed) act();
    else this.#afterwards.push(act);
  }

  /** After a turn of its own. */
  get #waitForMore(): Wait {
    return this.#allowance.isSpent ? 'pause' : 'turn';
  }

  get #waitForTurn(): Wait {
    if (this.isFirst) return 'arrival';
    return this.#allowance.isSparse ? 'first' : this.#waitForMore;
  }

  #hold(rest: Buffer, wait: Wait): void {
    this.#rest = rest;
    this.#isNewcomer = wait === 'first' || wait === 'arrival';
    this.wire.pause();
    this.#countHeld();
    if (!this.destroyed) this.#traffic.queue(this, wait);
  }

  #countHeld(): void {
    const bytes = this.#rest.length + this.#frames.heldBytes;
    if (bytes === this.#countedBytes) return;
    this.#countedBytes = bytes;
    this.#traffic.inbound.hold(this, bytes);
  }

  /** @returns what is to be read later. */
  #readPackets(bytes: Buffer): Buffer {
    this.#hasTaken = false;
    try {
      const rest = this.#frames.read(bytes, this.#take, this.#goesOn);
      return this.destroyed ? nothing : rest;
    } catch (error) {
      this.destroy(disconnectionFor(error));
      return nothing;
    }
  }
}

function tellClosed(stream: ClientStream): void {
  stream.forget();
  stream.emit('close');
}
