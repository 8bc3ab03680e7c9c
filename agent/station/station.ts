/**
 * The station (contract.ts). One loop does what is due, in order of time and one thing at a time: what the board asked for
 * first, then what is on its way over the link, timers, and the board's own deadline. So an observer that holds the device or
 * cuts its power finds it between two of its actions.
 */
import type { Chance } from '../../faults/chance.ts';
import { type Link, type LinkConditions, createLink } from '../../faults/link.ts';
import type { FaultName, InstantFault, ThingFaults } from '../../faults/thing-faults.ts';
import type { Direction, MessageOperation } from '../../faults/plan.ts';
import type { DeviceTrace, DeviceView } from '../../observation/inside.ts';
import type { ConnectionEnd, GrantedFilter, ObservationOf, Observer } from '../../observation/observation.ts';
import type { DeviceMessage, DeviceRequest } from '../../protocol/device-messages.ts';
import type { BlockRequest, StreamAnswer } from '../../protocol/stream-blocks.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { Board, BoardEffect, BoardInput } from '../board/contract.ts';
import type { ConnectionNumber, Station, StationEffect, StationFault, StationInput } from './contract.ts';
import { StationFaults } from './station-faults.ts';
import { Timetable } from './timetable.ts';

export interface StationOptions {
  readonly board: Board;
  /** What is added to the transport's own latency. Default: nothing. */
  readonly link?: LinkConditions;
  /** Of the link's jitter. */
  readonly chance: Chance;
  /** Default: a clean session. */
  readonly keepsSession?: boolean;
  readonly observer: Observer;
  /** `sign`: the board is woken only when it does something that can be seen from outside; it catches up then. */
  readonly grain?: 'operation' | 'sign';
}

export function createStation(options: StationOptions): Station {
  return new BoardOnALink(options);
}

/** From the attempt to its end. */
interface Connection {
  readonly number: ConnectionNumber;
  readonly up: Link;
  readonly down: Link;
  /** The transport knows of it. */
  isOpen: boolean;
  /** The device has its CONNACK. */
  isUp: boolean;
  heldBackUntil: EpochMs;
}

const directly: LinkConditions = { latencyMs: 0, jitterMs: 0 };
/** Keep-alive periods of silence after which either side gives a connection up. Source: MQTT 3.1.1 section 3.1.2.10. */
const patience = 1.5;
/** An attempt to connect ends after this when nobody answers, and after that when there is no network at all. */
const connectTimeoutMs: DurationMs = 10_000;
const noNetworkMs: DurationMs = 100;
/** TCP, TLS and CONNECT: one-way trips before the service knows the client. The CONNACK is one more. */
const tripsToConnect = 4;

/** A bound for what goes on without end at one instant. */
const mostAtOnce = 1_000_000;

const wake: BoardInput = { kind: 'wake' };
const nothing: readonly StationEffect[] = [];

class BoardOnALink implements Station {
  readonly keepsSession: boolean;
  readonly #board: Board;
  readonly #conditions: LinkConditions;
  readonly #chance: Chance;
  readonly #observer: Observer;
  readonly #nextDeadlineOfBoard: () => EpochMs | undefined;
  readonly #timetable = new Timetable();
  readonly #faults = new StationFaults();
  /** For {@link Observer.moved}. */
  readonly #lookInside = (): DeviceView => this.#board.view();
  #effects: StationEffect[] = [];
  /** What the board asked for and is not done yet. */
  #asked: BoardEffect[] = [];
  /** What an observer put in while the station was at work. */
  #interjected: StationInput[] = [];
  #isAtWork = false;
  #now: EpochMs = 0;
  /** The device's clock runs this far ahead; a hold lets it fall behind. */
  #aheadMs: DurationMs = 0;
  /** The board's deadline, by the time of the run. */
  #dueAt: EpochMs | undefined;
  #heldAt: EpochMs | undefined;
  /** Faults that came while the device was held. */
  readonly #putOff: StationInput[] = [];
  #isPowered = false;
  #connection: Connection | undefined;
  #connections: ConnectionNumber = 0;
  #unreachableUntil: EpochMs = 0;
  #hasNetwork = true;
  /** Until then attempts to connect fail at once, instead of being answered by nobody. */
  #unpluggedUntil: EpochMs = 0;
  /** Until then the supply gives less than it should. */
  #weakUntil: EpochMs = 0;
  /** Notifications that came for a session that is kept, and that the board has not heard: they come again with the session. */
  readonly #unheard = new Set<DeviceMessage>();

  constructor({ board, link, chance, keepsSession, observer, grain }: StationOptions) {
    this.#board = board;
    this.#conditions = link ?? directly;
    this.#chance = chance;
    this.#observer = observer;
    this.keepsSession = keepsSession ?? false;
    this.#nextDeadlineOfBoard = grain === 'sign' ? () => board.nextSign() : () => board.nextDeadline();
  }

  get thingName(): string {
    return this.#board.thingName;
  }

  view(): DeviceView {
    return this.#board.view();
  }

  get heldBackUntil(): EpochMs {
    return this.#connection?.heldBackUntil ?? 0;
  }

  nextDeadline(): EpochMs | undefined {
    if (this.#heldAt !== undefined) return undefined;
    const { first } = this.#timetable;
    if (first === undefined || this.#dueAt === undefined) return first?.at ?? this.#dueAt;
    return Math.min(first.at, this.#dueAt);
  }

  apply(input: StationInput, now: EpochMs): readonly StationEffect[] {
    this.#now = Math.max(this.#now, now);
    if (this.#isAtWork) {
      this.#interject(input);
      return nothing;
    }
    this.#isAtWork = true;
    this.#take(input);
    this.#work();
    this.#isAtWork = false;
    const effects = this.#effects;
    if (effects.length === 0) return nothing;
    this.#effects = [];
    return effects;
  }

  /** A hold takes hold at once, before what was seen takes effect. */
  #interject(input: StationInput): void {
    if (input.kind === 'hold') this.#hold();
    else this.#interjected.push(input);
  }

  #work(): void {
    for (let done = 0; ; done += 1) {
      if (done > mostAtOnce) throw new Error(`the station of ${this.thingName} does not come to rest`);
      const interjected = this.#interjected.length === 0 ? undefined : this.#interjected.shift();
      if (interjected !== undefined) this.#take(interjected);
      else if (this.#heldAt !== undefined || !this.#doNext()) return;
    }
  }

  /** @returns false when nothing is due */
  #doNext(): boolean {
    if (this.#asked.length > 0) {
      this.#obey(this.#asked.shift()!);
      return true;
    }
    const { first } = this.#timetable;
    const dueAt = this.#dueAt;
    if (dueAt !== undefined && dueAt <= this.#now && (first === undefined || dueAt <= first.at)) {
      this.#feed(wake, dueAt);
      return true;
    }
    if (first === undefined || first.at > this.#now) return false;
    this.#timetable.takeFirst();
    if (first.happen() === true) this.#timetable.putBack(first);
    return true;
  }

  #take(input: StationInput): void {
    switch (input.kind) {
      case 'power-on':
        return this.#powerOn();
      case 'power-off':
        this.#powerOff();
        return this.#release();
      case 'faults':
      case 'fault':
        if (this.#heldAt !== undefined) return void this.#putOff.push(input);
        return input.kind === 'fault' ? this.#inject(input.fault) : this.#plan(input.faults);
      case 'end-faults':
        return this.#endFaults();
      case 'hold':
        return this.#hold();
      case 'release':
        return this.#release();
      case 'connack':
        return this.#onConnack(input.connection, input.sessionPresent);
      case 'suback':
        return this.#onSuback(input.connection, input.filters);
      case 'message':
        return this.#onMessage(input.connection, input.message);
      case 'stream':
        return this.#onStream(input.connection, input.answer);
      case 'closed':
        return this.#onClosed(input.connection, input.end, input.reason);
      case 'wake':
        return; // what is due is done by the loop
    }
  }

  // Power, clock and board.

  #powerOn(): void {
    if (this.#isPowered) return;
    this.#isPowered = true;
    this.#tellPower();
    this.#feed({ kind: 'power-on' });
  }

  #powerOff(): void {
    if (!this.#isPowered) return;
    this.#isPowered = false;
    this.#asked = [];
    this.#tellPower();
    this.#leave('without-a-word', 'lost');
    this.#feed({ kind: 'power-cut' });
  }

  #tellPower(): void {
    const { power } = this.#observer;
    power?.({ kind: 'power', at: this.#now, source: 'device', thingName: this.thingName, on: this.#isPowered });
  }

  #hold(): void {
    this.#heldAt ??= this.#now;
  }

  #release(): void {
    if (this.#heldAt === undefined) return;
    this.#aheadMs -= this.#now - this.#heldAt;
    this.#heldAt = undefined;
    this.#arm();
    this.#interjected.push(...this.#putOff.splice(0));
  }

  #feed(input: BoardInput, at = this.#now): void {
    const effects = this.#board.apply(input, at + this.#aheadMs);
    // Told by the clock that the board had then: before it is obeyed, the clock may leap.
    for (const effect of effects) this.#asked.push(this.#aheadMs === 0 ? effect : this.#byOurClock(effect));
    const { moved } = this.#observer;
    moved?.({ kind: 'moved', at: this.#now, source: 'device', thingName: this.thingName, view: this.#lookInside });
    this.#arm();
  }

  #byOurClock(effect: BoardEffect): BoardEffect {
    return effect.kind === 'trace' ? { ...effect, at: effect.at - this.#aheadMs } : effect;
  }

  /** The board or its clock has moved, so its deadline may have. */
  #arm(): void {
    const deadline = this.#nextDeadlineOfBoard();
    this.#dueAt = deadline === undefined ? undefined : deadline - this.#aheadMs;
  }

  #obey(effect: BoardEffect): void {
    switch (effect.kind) {
      case 'connect':
        return this.#connect();
      case 'disconnect':
        return this.#leave(effect.abruptly === true ? 'without-a-word' : 'goodbye', 'by-device');
      case 'subscribe':
        return this.#subscribe(effect.filters);
      case 'request':
        return this.#send(effect.request);
      case 'ask-blocks':
        return this.#askForBlocks(effect.request);
      case 'trace': {
        const { traced } = this.#observer;
        const { at } = effect;
        traced?.({ kind: 'traced', at, source: 'device', thingName: this.thingName, trace: effect.trace });
        if (effect.trace.kind === 'download') this.#tellDownload(effect.trace, at);
      }
    }
  }

  #later(afterMs: DurationMs, happen: () => void): void {
    this.#timetable.add(this.#now + afterMs, happen);
  }

  // Faults.

  #plan(faults: ThingFaults): void {
    this.#faults.plan(faults, this.#now);
    const { ends } = this.#faults;
    for (const fault of faults.timed) {
      this.#later(fault.atMs, () => {
        if (this.#faults.ends === ends) this.#inject(fault);
      });
    }
  }

  #inject(fault: StationFault): void {
    switch (fault.kind) {
      case 'message':
      case 'connect':
      case 'subscribe':
        return this.#faults.arm(fault, this.#now);
      case 'power-cut':
        return this.#cutPower(fault.forMs);
      case 'memory':
        this.#tellFault(`memory ${fault.how} ${fault.what}`);
        return this.#feed({ kind: 'memory-fault', what: fault.what, how: fault.how });
      default:
        this.#tellFault(fault.kind);
        return this.#injectNow(fault);
    }
  }

  #injectNow(fault: Exclude<InstantFault, { kind: 'power-cut' }>): void {
    switch (fault.kind) {
      case 'link-lost':
        this.#unreachableUntil = Math.max(this.#unreachableUntil, this.#now + fault.forMs);
        this.#unpluggedUntil = this.#unreachableUntil;
        this.#losesNetwork(fault.forMs);
        return this.#lose(this.#connection, 'lost', 'the link was lost');
      case 'partition':
        return this.#partition(fault.forMs);
      case 'weak-battery':
        return this.#weaken(fault.byMv, fault.forMs);
      case 'clock-jump':
        // What was due before happens by the clock as it was; then everything that was skipped, in one go.
        this.#feed(wake);
        this.#aheadMs += fault.byMs;
        return this.#feed(wake);
    }
  }

  #cutPower(forMs: DurationMs): void {
    if (!this.#isPowered) return;
    this.#tellFault('power-cut');
    this.#powerOff();
    this.#later(forMs, () => this.#powerOn());
  }

  #partition(forMs: DurationMs): void {
    const until = this.#now + forMs;
    this.#unreachableUntil = Math.max(this.#unreachableUntil, until);
    this.#losesNetwork(forMs);
    const connection = this.#connection;
    if (connection === undefined) return;
    connection.heldBackUntil = Math.max(connection.heldBackUntil, until);
    connection.up.block(until);
    connection.down.block(until);
    const silenceMs = patience * this.#board.keepAliveMs;
    if (forMs > silenceMs) this.#later(silenceMs, () => this.#lose(connection, 'keep-alive', 'nothing was heard'));
  }

  /** Nothing gets through for so long, image servers included. */
  #losesNetwork(forMs: DurationMs): void {
    if (forMs === 0) return;
    this.#hasNetwork = false;
    this.#feed({ kind: 'network', isThere: false });
    this.#later(forMs, () => this.#findsNetwork());
  }

  #findsNetwork(): void {
    if (this.#hasNetwork || this.#unreachableUntil > this.#now) return;
    this.#hasNetwork = true;
    this.#feed({ kind: 'network', isThere: true });
  }

  #weaken(byMv: number, forMs: DurationMs): void {
    this.#weakUntil = Math.max(this.#weakUntil, this.#now + forMs);
    this.#feed({ kind: 'supply-drop', byMv });
    this.#later(forMs, () => {
      if (this.#weakUntil > 0 && this.#now >= this.#weakUntil) this.#strengthen();
    });
  }

  #strengthen(): void {
    this.#weakUntil = 0;
    this.#feed({ kind: 'supply-drop', byMv: 0 });
  }

  #endFaults(): void {
    this.#faults.end();
    this.#unreachableUntil = 0;
    this.#unpluggedUntil = 0;
    if (this.#weakUntil > this.#now) this.#strengthen();
    this.#findsNetwork();
    this.#powerOn();
  }

  #tellFault(name: FaultName, operation?: MessageOperation): void {
    const { fault } = this.#observer;
    const told = { kind: 'fault', at: this.#now, source: 'device', thingName: this.thingName, name } as const;
    fault?.(operation === undefined ? told : { ...told, operation });
  }

  #tellDownload(trace: Extract<DeviceTrace, { kind: 'download' }>, at: EpochMs): void {
    const { download } = this.#observer;
    if (download === undefined) return;
    const { execution, fromByte, bytes, totalBytes, blocks } = trace;
    const { jobId, executionNumber } = execution;
    const { thingName } = this;
    const asked = { kind: 'download', at, source: 'device', thingName, state: 'asked' } as const;
    if (blocks !== undefined) {
      const about = { jobId, executionNumber, fromByte, bytes, totalBytes } as const;
      return download({ ...asked, ...about, via: 'stream', blocks });
    }
    // Written out: it comes with every segment of every image.
    download({
      kind: 'download',
      at,
      source: 'device',
      thingName,
      via: 'http',
      state: 'asked',
      jobId,
      executionNumber,
      fromByte,
      bytes,
      totalBytes,
    });
  }

  // The connection.

  #connect(): void {
    this.#leave('without-a-word', 'by-device');
    this.#connections += 1;
    const connection: Connection = {
      number: this.#connections,
      up: createLink(this.#conditions, this.#chance),
      down: createLink(this.#conditions, this.#chance),
      heldBackUntil: 0,
      isOpen: false,
      isUp: false,
    };
    this.#connection = connection;
    const { connecting } = this.#observer;
    connecting?.({ kind: 'connecting', at: this.#now, source: 'device', thingName: this.thingName });
    if (this.#unreachableUntil > this.#now) {
      const failsMs = this.#unpluggedUntil > this.#now ? noNetworkMs : connectTimeoutMs;
      return this.#later(failsMs, () => this.#open(connection));
    }
    const answer = this.#faults.ofHandshake('connect', this.#now);
    if (answer !== undefined) this.#tellFault(`connect ${answer}`);
    if (answer === 'not-at-all') {
      return this.#later(connectTimeoutMs, () => this.#fail(connection, 'CONNECT was not answered'));
    }
    this.#later(tripsToConnect * this.#conditions.latencyMs, () => {
      if (answer === 'refused') this.#fail(connection, 'the service is not available (CONNACK with code 3)');
      else this.#open(connection);
    });
  }

  #open(connection: Connection): void {
    if (this.#connection !== connection) return;
    if (this.#unreachableUntil > this.#now) return this.#fail(connection, 'there is no network');
    connection.isOpen = true;
    this.#effects.push({ kind: 'open', connection: connection.number });
  }

  #fail(connection: Connection, reason: string): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    if (connection.isOpen) this.#close(connection, 'without-a-word');
    const failed = this.#observer['connect-failed'];
    failed?.({ kind: 'connect-failed', at: this.#now, source: 'device', thingName: this.thingName, reason });
    this.#feed({ kind: 'disconnected' });
  }

  /** The device ends its connection, or its attempt, and knows it. */
  #leave(how: 'goodbye' | 'without-a-word', end: ConnectionEnd): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#connection = undefined;
    if (connection.isOpen) this.#close(connection, how);
    if (connection.isUp) this.#tellEnd(end);
  }

  /** The connection ends without the device's doing. */
  #lose(connection: Connection | undefined, end: ConnectionEnd, reason: string | undefined): void {
    if (connection === undefined || this.#connection !== connection || !connection.isOpen) return;
    if (!connection.isUp) return this.#fail(connection, reason ?? 'the connection was closed');
    this.#connection = undefined;
    this.#close(connection, 'without-a-word');
    this.#tellEnd(end, reason);
    this.#feed({ kind: 'disconnected' });
  }

  #close({ number }: Connection, how: 'goodbye' | 'without-a-word'): void {
    this.#effects.push({ kind: 'close', connection: number, how });
  }

  #tellEnd(end: ConnectionEnd, reason?: string): void {
    const { disconnected } = this.#observer;
    const told = { kind: 'disconnected', at: this.#now, source: 'device', thingName: this.thingName, end } as const;
    disconnected?.(reason === undefined ? told : { ...told, reason });
  }

  #onConnack(number: ConnectionNumber, sessionPresent: boolean): void {
    const connection = this.#of(number);
    if (connection === undefined) return;
    this.#carry(connection.down, connection, () => {
      connection.isUp = true;
      const { connected } = this.#observer;
      connected?.({ kind: 'connected', at: this.#now, source: 'device', thingName: this.thingName, sessionPresent });
      this.#feed({ kind: 'connected', sessionPresent });
    });
    if (!sessionPresent) return this.#unheard.clear();
    for (const message of this.#unheard) this.#onMessage(number, message);
  }

  #onClosed(number: ConnectionNumber, end: ConnectionEnd, reason: string | undefined): void {
    const connection = this.#of(number);
    if (connection === undefined) return;
    // The transport has closed it already.
    if (connection.isUp) this.#lose(connection, end, reason);
    else this.#fail(connection, reason ?? 'the connection was closed');
  }

  #of(number: ConnectionNumber): Connection | undefined {
    return this.#connection?.number === number ? this.#connection : undefined;
  }

  #subscribe(filters: readonly string[]): void {
    const connection = this.#connection;
    if (connection?.isUp !== true) return;
    const answer = this.#faults.ofHandshake('subscribe', this.#now);
    if (answer !== undefined) this.#tellFault(`subscribe ${answer}`);
    if (answer === 'not-at-all') return;
    this.#carry(connection.up, connection, () => {
      if (answer === 'refused') this.#onSuback(connection.number, filters.map(refused));
      else this.#effects.push({ kind: 'subscribe', connection: connection.number, filters });
    });
  }

  #onSuback(number: ConnectionNumber, filters: readonly GrantedFilter[]): void {
    const connection = this.#of(number);
    if (connection === undefined) return;
    this.#carry(connection.down, connection, () => {
      const { subscribed } = this.#observer;
      subscribed?.({ kind: 'subscribed', at: this.#now, source: 'device', thingName: this.thingName, filters });
      this.#feed({ kind: 'subscribed', filters });
    });
  }

  #send(request: DeviceRequest): void {
    const connection = this.#connection;
    if (connection?.isUp !== true) return;
    const { sent } = this.#observer;
    sent?.({ kind: 'sent', at: this.#now, source: 'device', thingName: this.thingName, request, via: 'mqtt', qos: 1 });
    this.#carryMessage(connection.up, connection, 'request', request.operation, () => {
      this.#effects.push({ kind: 'publish', connection: connection.number, request });
    });
  }

  #askForBlocks(request: BlockRequest): void {
    const connection = this.#connection;
    if (connection?.isUp !== true) return;
    this.#carryMessage(connection.up, connection, 'request', 'GetStream', () => {
      this.#effects.push({ kind: 'ask-blocks', connection: connection.number, request });
    });
  }

  #onStream(number: ConnectionNumber, answer: StreamAnswer): void {
    const connection = this.#of(number);
    if (connection === undefined) return;
    this.#carryMessage(connection.down, connection, 'reply', 'GetStream', () => this.#feed({ kind: 'stream', answer }));
  }

  /** The transport has it; the device does not yet. */
  #onMessage(number: ConnectionNumber, message: DeviceMessage): void {
    const connection = this.#of(number);
    if (connection === undefined) return;
    const isReply = message.kind === 'reply';
    if (this.keepsSession && !isReply) this.#unheard.add(message);
    const operation = isReply ? message.operation : undefined;
    let isTold = false;
    this.#carryMessage(connection.down, connection, isReply ? 'reply' : 'notification', operation, () => {
      if (!isTold && this.#observer.received !== undefined) {
        isTold = true;
        this.#tellMessage('received', message);
        if (this.#heldAt !== undefined || this.#interjected.length > 0) return true;
      }
      isTold = false; // a copy of it may come
      this.#unheard.delete(message);
      this.#tellMessage('delivered', message);
      this.#feed({ kind: 'message', message });
      return false;
    });
  }

  #tellMessage(kind: 'received' | 'delivered', message: DeviceMessage): void {
    const look = this.#observer[kind] as ((seen: ObservationOf<'received' | 'delivered'>) => void) | undefined;
    look?.({ kind, at: this.#now, source: 'device', thingName: this.thingName, message });
  }

  /** Takes a message over a link, with the fault that it has. What a fault makes late is lost when faults end. */
  #carryMessage(
    link: Link,
    connection: Connection,
    direction: Direction,
    operation: MessageOperation | undefined,
    arrive: () => boolean | void,
  ): void {
    const fault = this.#faults.ofMessage(direction, this.#now, operation);
    if (fault === undefined) return this.#carry(link, connection, arrive);
    this.#tellFault(`${direction} ${fault.effect}`, operation);
    const { ends } = this.#faults;
    for (const at of link.arrivals(this.#now, fault)) {
      const isStillLate = (): boolean => this.#faults.ends === ends && this.#connection === connection;
      this.#timetable.add(at, () => isStillLate() && arrive() === true);
    }
  }

  #carry(link: Link, connection: Connection, arrive: () => boolean | void): void {
    const at = link.arrival(this.#now);
    this.#timetable.add(at, () => this.#connection === connection && arrive() === true);
  }
}

function refused(filter: string): GrantedFilter {
  return { filter };
}
