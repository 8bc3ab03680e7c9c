/**
 * The device's end of its MQTT connection, from the attempt to its end: the handshake, what travels either way and when it
 * arrives, and the faults of packets. One attempt at a time; what belongs to an earlier one is dropped. Whether there is a
 * network is told from outside (fault-injection.ts). The transport itself is the driver's: it is asked by effects.
 */
import type { Chance } from '../../faults/chance.ts';
import { type Link, type LinkConditions, createLink } from '../../faults/link.ts';
import type { Direction, MessageOperation } from '../../faults/plan.ts';
import type { ConnectionEnd, GrantedFilter } from '../../observation/observation.ts';
import type { DeviceMessage, DeviceRequest } from '../../protocol/device-messages.ts';
import type { BlockRequest, StreamAnswer } from '../../protocol/stream-blocks.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { ConnectionNumber } from './contract.ts';
import type { Ground } from './ground.ts';
import type { StationFaults } from './station-faults.ts';

/** From the beginning of an attempt to the end of its connection. */
interface Attempt {
  readonly number: ConnectionNumber;
  readonly up: Link;
  readonly down: Link;
  /** The transport knows of it. */
  isOpen: boolean;
  /** The device has its CONNACK. */
  isUp: boolean;
  heldBackUntil: EpochMs;
}

/** A message on its way to the device. */
interface Arriving {
  readonly message: DeviceMessage;
  /** It was told of, and something came between that and its arrival. */
  isTold: boolean;
}

/** @returns true when it must be called again, once what came between is done */
type Arrive<What> = (what: What) => boolean | void;

/** An attempt to connect ends after this when nobody answers, and after that when there is no network at all. */
const connectTimeoutMs: DurationMs = 10_000;
const noNetworkMs: DurationMs = 100;
/** TCP, TLS and CONNECT: one-way trips before the service knows the client. The CONNACK is one more. */
const tripsToConnect = 4;

export interface ConnectionOptions {
  readonly ground: Ground;
  readonly faults: StationFaults;
  /** What is added to the transport's own latency. */
  readonly conditions: LinkConditions;
  readonly chance: Chance;
  readonly keepsSession: boolean;
}

export class Connection {
  readonly #ground: Ground;
  readonly #faults: StationFaults;
  readonly #conditions: LinkConditions;
  readonly #chance: Chance;
  readonly #keepsSession: boolean;
  #attempt: Attempt | undefined;
  #attempts: ConnectionNumber = 0;
  #unreachableUntil: EpochMs = 0;
  /** Until then attempts to connect fail at once, instead of being answered by nobody. */
  #unpluggedUntil: EpochMs = 0;
  /** Notifications that came for a session that is kept, and that the board has not heard: they come again with the session. */
  readonly #unheard = new Set<DeviceMessage>();

  constructor({ ground, faults, conditions, chance, keepsSession }: ConnectionOptions) {
    this.#ground = ground;
    this.#faults = faults;
    this.#conditions = conditions;
    this.#chance = chance;
    this.#keepsSession = keepsSession;
  }

  /** Nothing that is sent over it arrives before this. */
  get heldBackUntil(): EpochMs {
    return this.#attempt?.heldBackUntil ?? 0;
  }

  get hasNetwork(): boolean {
    return this.#unreachableUntil <= this.#ground.now;
  }

  // The network.

  /** There is no network until then, and the device notices. */
  unplug(until: EpochMs): void {
    this.#unreachableUntil = Math.max(this.#unreachableUntil, until);
    this.#unpluggedUntil = this.#unreachableUntil;
  }

  /** Nothing gets through until then, which shows only by silence. @param silenceMs that either side endures */
  partition(until: EpochMs, silenceMs: DurationMs): void {
    this.#unreachableUntil = Math.max(this.#unreachableUntil, until);
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    attempt.heldBackUntil = Math.max(attempt.heldBackUntil, until);
    attempt.up.block(until);
    attempt.down.block(until);
    if (until - this.#ground.now <= silenceMs) return;
    this.#ground.later(silenceMs, () => this.#lose(attempt, 'keep-alive', 'nothing was heard'));
  }

  mend(): void {
    this.#unreachableUntil = 0;
    this.#unpluggedUntil = 0;
  }

  // From attempt to end.

  connect(): void {
    this.leave('without-a-word', 'by-device');
    this.#attempts += 1;
    const attempt: Attempt = {
      number: this.#attempts,
      up: createLink(this.#conditions, this.#chance),
      down: createLink(this.#conditions, this.#chance),
      isOpen: false,
      isUp: false,
      heldBackUntil: 0,
    };
    this.#attempt = attempt;
    const { now, reporter } = this.#ground;
    reporter.connecting(now);
    if (!this.hasNetwork) {
      const failsMs = this.#unpluggedUntil > now ? noNetworkMs : connectTimeoutMs;
      return this.#ground.later(failsMs, () => this.#open(attempt));
    }
    const answer = this.#faults.ofHandshake('connect', now);
    if (answer !== undefined) reporter.fault(now, `connect ${answer}`);
    if (answer === 'not-at-all') {
      return this.#ground.later(connectTimeoutMs, () => this.#fail(attempt, 'CONNECT was not answered'));
    }
    this.#ground.later(tripsToConnect * this.#conditions.latencyMs, () => {
      if (answer === 'refused') this.#fail(attempt, 'the service is not available (CONNACK with code 3)');
      else this.#open(attempt);
    });
  }

  #open(attempt: Attempt): void {
    if (this.#attempt !== attempt) return;
    if (!this.hasNetwork) return this.#fail(attempt, 'there is no network');
    attempt.isOpen = true;
    this.#ground.perform({ kind: 'open', connection: attempt.number });
  }

  #fail(attempt: Attempt, reason: string): void {
    if (this.#attempt !== attempt) return;
    this.#attempt = undefined;
    if (attempt.isOpen) this.#close(attempt, 'without-a-word');
    const { now, reporter } = this.#ground;
    reporter.connectFailed(now, reason);
    this.#ground.feed({ kind: 'disconnected' });
  }

  onConnack(number: ConnectionNumber, sessionPresent: boolean): void {
    const attempt = this.#of(number);
    if (attempt === undefined) return;
    this.#carry(attempt.down, attempt, this.#becomeUp, sessionPresent);
    if (this.#unheard.size === 0) return;
    if (!sessionPresent) return this.#unheard.clear();
    for (const message of this.#unheard) this.onMessage(number, message);
  }

  readonly #becomeUp = (sessionPresent: boolean): void => {
    const { now, reporter } = this.#ground;
    if (this.#attempt !== undefined) this.#attempt.isUp = true;
    reporter.connected(now, sessionPresent);
    this.#ground.feed({ kind: 'connected', sessionPresent });
  };

  /** The device ends its connection, or its attempt, and knows it. */
  leave(how: 'goodbye' | 'without-a-word', end: ConnectionEnd): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    this.#attempt = undefined;
    if (attempt.isOpen) this.#close(attempt, how);
    const { now, reporter } = this.#ground;
    if (attempt.isUp) reporter.disconnected(now, end);
  }

  /** The link breaks, and the device notices. */
  breakOff(): void {
    if (this.#attempt !== undefined) this.#lose(this.#attempt, 'lost', 'the link was lost');
  }

  onClosed(number: ConnectionNumber, end: ConnectionEnd, reason: string | undefined): void {
    const attempt = this.#of(number);
    if (attempt === undefined) return;
    // The transport has closed it already.
    if (attempt.isUp) this.#lose(attempt, end, reason);
    else this.#fail(attempt, reason ?? 'the connection was closed');
  }

  /** It ends without the device's doing. */
  #lose(attempt: Attempt, end: ConnectionEnd, reason: string | undefined): void {
    if (this.#attempt !== attempt || !attempt.isOpen) return;
    if (!attempt.isUp) return this.#fail(attempt, reason ?? 'the connection was closed');
    this.#attempt = undefined;
    this.#close(attempt, 'without-a-word');
    const { now, reporter } = this.#ground;
    reporter.disconnected(now, end, reason);
    this.#ground.feed({ kind: 'disconnected' });
  }

  #close({ number }: Attempt, how: 'goodbye' | 'without-a-word'): void {
    this.#ground.perform({ kind: 'close', connection: number, how });
  }

  #of(number: ConnectionNumber): Attempt | undefined {
    return this.#attempt?.number === number ? this.#attempt : undefined;
  }

  // What travels over it.

  subscribe(filters: readonly string[]): void {
    const attempt = this.#attempt;
    if (attempt?.isUp !== true) return;
    const { now, reporter } = this.#ground;
    const answer = this.#faults.ofHandshake('subscribe', now);
    if (answer !== undefined) reporter.fault(now, `subscribe ${answer}`);
    if (answer === 'not-at-all') return;
    const { number } = attempt;
    const ask = (): void => {
      if (answer === 'refused') this.onSuback(number, filters.map(refused));
      else this.#ground.perform({ kind: 'subscribe', connection: number, filters });
    };
    this.#carry(attempt.up, attempt, ask, undefined);
  }

  onSuback(number: ConnectionNumber, filters: readonly GrantedFilter[]): void {
    const attempt = this.#of(number);
    if (attempt === undefined) return;
    this.#carry(attempt.down, attempt, this.#hearSuback, filters);
  }

  readonly #hearSuback = (filters: readonly GrantedFilter[]): void => {
    const { now, reporter } = this.#ground;
    reporter.subscribed(now, filters);
    this.#ground.feed({ kind: 'subscribed', filters });
  };

  send(request: DeviceRequest): void {
    const attempt = this.#attempt;
    if (attempt?.isUp !== true) return;
    const { now, reporter } = this.#ground;
    reporter.sent(now, request);
    this.#carryMessage(attempt.up, attempt, 'request', request.operation, this.#publish, request);
  }

  readonly #publish = (request: DeviceRequest): void => {
    this.#ground.perform({ kind: 'publish', connection: this.#attempts, request });
  };

  askForBlocks(request: BlockRequest): void {
    const attempt = this.#attempt;
    if (attempt?.isUp !== true) return;
    this.#carryMessage(attempt.up, attempt, 'request', 'GetStream', this.#publishBlocks, request);
  }

  readonly #publishBlocks = (request: BlockRequest): void => {
    this.#ground.perform({ kind: 'ask-blocks', connection: this.#attempts, request });
  };

  onStream(number: ConnectionNumber, answer: StreamAnswer): void {
    const attempt = this.#of(number);
    if (attempt === undefined) return;
    this.#carryMessage(attempt.down, attempt, 'reply', 'GetStream', this.#hearStream, answer);
  }

  readonly #hearStream = (answer: StreamAnswer): void => this.#ground.feed({ kind: 'stream', answer });

  /** The transport has it; the device does not yet. */
  onMessage(number: ConnectionNumber, message: DeviceMessage): void {
    const attempt = this.#of(number);
    if (attempt === undefined) return;
    const isReply = message.kind === 'reply';
    if (this.#keepsSession && !isReply) this.#unheard.add(message);
    const operation = isReply ? message.operation : undefined;
    const direction = isReply ? 'reply' : 'notification';
    this.#carryMessage(attempt.down, attempt, direction, operation, this.#hear, { message, isTold: false });
  }

  readonly #hear = (arriving: Arriving): boolean => {
    const { message } = arriving;
    const { now, reporter } = this.#ground;
    if (!arriving.isTold && reporter.showsReceived) {
      arriving.isTold = true;
      reporter.received(now, message);
      if (this.#ground.isInterrupted) return true;
    }
    arriving.isTold = false; // a copy of it may come
    if (this.#keepsSession) this.#unheard.delete(message);
    reporter.delivered(now, message);
    this.#ground.feed({ kind: 'message', message });
    return false;
  };

  /** Takes a message over a link, with the fault that it has. What a fault makes late is lost when faults end. */
  #carryMessage<What>(
    link: Link,
    attempt: Attempt,
    direction: Direction,
    operation: MessageOperation | undefined,
    arrive: Arrive<What>,
    what: What,
  ): void {
    const { now, reporter } = this.#ground;
    const fault = this.#faults.ofMessage(direction, now, operation);
    if (fault === undefined) return this.#carry(link, attempt, arrive, what);
    reporter.fault(now, `${direction} ${fault.effect}`, operation);
    const { ends } = this.#faults;
    const happen = (): boolean => this.#faults.ends === ends && arrive(what) === true;
    for (const at of link.arrivals(now, fault)) this.#ground.at({ at, happen, what: undefined, over: attempt });
  }

  /** @param arrive called with what arrives, unless the connection has ended by then */
  #carry<What>(link: Link, attempt: Attempt, arrive: Arrive<What>, what: What): void {
    this.#ground.at({ at: link.arrival(this.#ground.now), happen: arrive, what, over: attempt });
  }

  /** Whether what was to arrive over a connection still can. */
  isOn(attempt: object): boolean {
    return this.#attempt === attempt;
  }
}

function refused(filter: string): GrantedFilter {
  return { filter };
}
