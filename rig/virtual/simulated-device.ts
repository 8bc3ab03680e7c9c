/**
 * A board in virtual time: its power, its clock and its MQTT session over a link on which things go wrong. What is under way
 * when a connection ends is lost; what is kept for a device that is away is kept-session.ts's matter, where there is such a
 * session. The counterpart of the live device (agent/live-device.ts) without sockets; knows no job and no rule of the protocol.
 */
import type { Board, BoardEffect, BoardInput } from '../../agent/board/contract.ts';
import type { Chance } from '../../faults/chance.ts';
import { createLink, type Link, type LinkConditions } from '../../faults/link.ts';
import type { ServiceFault, InstantFault, ThingFaults } from '../../faults/thing-faults.ts';
import type { Direction } from '../../faults/plan.ts';
import type { DeviceMessage, DeviceRequest } from '../../protocol/device-messages.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import { parseJobsTopic, type NotificationName, type RequestOperation } from '../../protocol/topics.ts';
import type { RunConfiguration } from './configuration.ts';
import type { EventQueue } from './event-queue.ts';
import { KeptSession } from './kept-session.ts';
import type { Observer } from './observer.ts';

type Grain = NonNullable<RunConfiguration['grain']>;

/** What a device reaches outside itself. */
export interface Surroundings {
  readonly queue: EventQueue<() => void>;
  readonly startedAt: EpochMs;
  readonly observer: Observer;
  /** A request has reached the service, by this session. */
  serve(device: SimulatedDevice, session: Session, request: DeviceRequest): void;
}

/** One connection, from CONNACK to its end. */
export interface Session {
  readonly up: Link;
  readonly down: Link;
  /** Notifications subscribed to, by {@link streamKey}. */
  readonly streams: Set<string>;
}

export interface DeviceOptions {
  readonly board: Board;
  readonly conditions: LinkConditions;
  readonly faults: ThingFaults;
  readonly chance: Chance;
  readonly surroundings: Surroundings;
  /** See {@link RunConfiguration.grain}. */
  readonly grain: Grain;
  /** Whether the device asks for a session that outlives its connections. */
  readonly keepsSession: boolean;
}

/** A persistent session ends when its client stays away so long (reference limits.md §5), and is lost so often besides. */
const sessionKeptMs: DurationMs = 3_600_000;
const sessionLossPerMillion = 100_000;
/** A connection that stays silent this long is given up by both sides (a keep-alive of 30 s, times 1.5). */
const silenceMs: DurationMs = 45_000;
/** An attempt to connect ends after this when nobody answers, and after that when there is no network at all. */
const connectTimeoutMs: DurationMs = 10_000;
const noNetworkMs: DurationMs = 100;
/** TCP, TLS and CONNECT: one-way trips before the service knows the client, and until the client knows that. */
const tripsToConnect = 5;

const wake: BoardInput = { kind: 'wake' };

export class SimulatedDevice {
  readonly board: Board;
  readonly #faults: ThingFaults;
  readonly #conditions: LinkConditions;
  readonly #chance: Chance;
  readonly #out: Surroundings;
  readonly #grain: Grain;
  readonly #keepsSession: boolean;
  #kept: KeptSession | undefined;
  #leftAt: EpochMs = 0;
  #powered = false;
  /** The device's clock runs this far ahead. */
  #aheadMs: DurationMs = 0;
  #session: Session | undefined;
  /** Counts attempts, so that one that was given up does not succeed. */
  #attempt = 0;
  #unreachableUntil: EpochMs = 0;
  /** Until then attempts fail at once, instead of being answered by nobody. */
  #unpluggedUntil: EpochMs = 0;
  #wakeAt: EpochMs | undefined;
  /** The board's deadline, by the clock of the run. */
  #dueAt: EpochMs | undefined;
  /** Until then the supply gives less than it should. */
  #weakUntil: EpochMs = 0;
  #calm = false;

  constructor({ board, conditions, faults, chance, surroundings, grain, keepsSession }: DeviceOptions) {
    this.#grain = grain;
    this.#keepsSession = keepsSession;
    this.board = board;
    this.#faults = faults;
    this.#conditions = conditions;
    this.#chance = chance;
    this.#out = surroundings;
  }

  get thingName(): string {
    return this.board.thingName;
  }

  /** Switches the device on a little later and lets its faults come. */
  start(): void {
    const { queue, startedAt } = this.#out;
    queue.schedule(startedAt + this.#chance.between(0, 1000), () => this.powerOn());
    for (const fault of this.#faults.timed) queue.schedule(startedAt + fault.atMs, () => this.inject(fault));
  }

  /** From now on nothing goes wrong, and what went wrong is mended. */
  calm(): void {
    this.#calm = true;
    this.#unreachableUntil = this.#out.queue.now;
    if (this.#weakUntil > this.#out.queue.now) this.#feed({ kind: 'supply-drop', byMv: 0 });
    this.powerOn();
  }

  powerOn(): void {
    if (this.#powered) return;
    this.#powered = true;
    this.#feed({ kind: 'power-on' });
  }

  inject(fault: InstantFault): void {
    if (this.#calm) return;
    this.#tellFault(fault.kind);
    const { queue } = this.#out;
    switch (fault.kind) {
      case 'power-cut':
        return this.cutPower(fault.forMs);
      case 'link-lost':
        this.#unreachableUntil = Math.max(this.#unreachableUntil, queue.now + fault.forMs);
        this.#unpluggedUntil = this.#unreachableUntil;
        return this.#lose(this.#session);
      case 'partition':
        return this.#partition(fault.forMs);
      case 'weak-battery':
        return this.#weaken(fault.byMv, fault.forMs);
      case 'clock-jump':
        // What was due before the leap happens by the clock as it was.
        if (this.#grain === 'sign') this.#feed(wake);
        this.#aheadMs += fault.byMs;
        return this.#arm();
    }
  }

  cutPower(forMs: DurationMs): void {
    if (!this.#powered) return;
    this.#powered = false;
    this.#leave();
    this.#attempt += 1;
    this.#feed({ kind: 'power-cut' });
    const { queue } = this.#out;
    queue.schedule(queue.now + forMs, () => this.powerOn());
  }

  #weaken(byMv: number, forMs: DurationMs): void {
    const { queue } = this.#out;
    this.#weakUntil = Math.max(this.#weakUntil, queue.now + forMs);
    this.#feed({ kind: 'supply-drop', byMv });
    queue.schedule(queue.now + forMs, () => {
      if (queue.now >= this.#weakUntil && !this.#calm) this.#feed({ kind: 'supply-drop', byMv: 0 });
    });
  }

  /** Sends what the service says, over the session in which it was asked, if that still lives. */
  deliver(session: Session, message: DeviceMessage, operation?: RequestOperation): void {
    if (this.#session !== session) return;
    this.#carry(session, session.down, message.kind === 'reply' ? 'reply' : 'notification', operation, () => {
      this.#kept?.acknowledge(message);
      this.#out.observer.received?.(this.thingName, message, this.#out.queue.now);
      this.#feed({ kind: 'message', message });
    });
  }

  /** Delivers a notification if the device asked for such, and is there or will be told of it when it is back. */
  notify(stream: string, message: () => DeviceMessage): void {
    const session = this.#session;
    const asked = session ?? this.#kept;
    if (asked === undefined || !asked.streams.has(stream)) return;
    const said = message();
    this.#kept?.keep(said);
    if (session !== undefined) this.deliver(session, said);
  }

  /** What the service does with a request of this device instead of answering it rightly. */
  serviceFault(operation: RequestOperation): ServiceFault | undefined {
    if (this.#calm) return undefined;
    const { queue, startedAt } = this.#out;
    const fault = this.#faults.ofAnswer(operation, queue.now - startedAt);
    if (fault !== undefined) this.#tellFault(`service ${fault.answer}`);
    return fault;
  }

  #partition(forMs: DurationMs): void {
    const { queue } = this.#out;
    const until = queue.now + forMs;
    this.#unreachableUntil = Math.max(this.#unreachableUntil, until);
    const session = this.#session;
    session?.up.block(until);
    session?.down.block(until);
    if (forMs > silenceMs) queue.schedule(queue.now + silenceMs, () => this.#lose(session));
  }

  #lose(session: Session | undefined): void {
    if (session === undefined || this.#session !== session) return;
    this.#leave();
    this.#feed({ kind: 'disconnected' });
  }

  #feed(input: BoardInput): void {
    const { queue, observer } = this.#out;
    const effects = this.board.apply(input, queue.now + this.#aheadMs);
    observer.moved?.(this.board, input, queue.now);
    for (const effect of effects) this.#obey(effect);
    this.#arm();
  }

  #obey(effect: BoardEffect): void {
    switch (effect.kind) {
      case 'connect':
        return this.#connect();
      case 'disconnect':
        this.#leave();
        this.#attempt += 1;
        return;
      case 'subscribe':
        return this.#subscribe(effect.filters);
      case 'request':
        return this.#send(effect.request);
      case 'trace':
        return this.#out.observer.traced?.(this.thingName, effect.trace, effect.at - this.#aheadMs);
    }
  }

  #connect(): void {
    const { queue } = this.#out;
    this.#leave();
    this.#attempt += 1;
    const attempt = this.#attempt;
    const isReachable = (): boolean => this.#unreachableUntil <= queue.now;
    this.#out.observer.connecting?.(this.thingName, queue.now);
    const failsMs = this.#unpluggedUntil > queue.now ? noNetworkMs : connectTimeoutMs;
    queue.schedule(queue.now + (isReachable() ? tripsToConnect * this.#conditions.latencyMs : failsMs), () => {
      if (this.#attempt !== attempt || !this.#powered) return;
      if (!isReachable()) return this.#feed({ kind: 'disconnected' });
      this.#enter();
    });
  }

  /** The service has let the device in: to its old session, if there is one. */
  #enter(): void {
    const sessionPresent = this.#resume();
    const session: Session = {
      up: createLink(this.#conditions, this.#chance),
      down: createLink(this.#conditions, this.#chance),
      streams: this.#kept?.streams ?? new Set(),
    };
    this.#session = session;
    this.#feed({ kind: 'connected', sessionPresent });
    for (const message of this.#kept?.waiting() ?? []) this.deliver(session, message);
  }

  /** @returns whether the session that the device left is still there */
  #resume(): boolean {
    if (!this.#keepsSession) return false;
    const awayMs = this.#out.queue.now - this.#leftAt;
    const isKept = this.#kept !== undefined && awayMs <= sessionKeptMs && !this.#chance.happens(sessionLossPerMillion);
    if (!isKept) this.#kept = new KeptSession();
    return isKept;
  }

  #leave(): void {
    if (this.#session !== undefined) this.#leftAt = this.#out.queue.now;
    this.#session = undefined;
  }

  #subscribe(filters: readonly string[]): void {
    const session = this.#session;
    if (session === undefined) return;
    const { queue } = this.#out;
    for (const at of session.up.arrivals(queue.now, undefined)) {
      queue.schedule(at, () => {
        for (const filter of filters) {
          const topic = parseJobsTopic(filter);
          if (topic?.kind === 'notification') session.streams.add(streamKey(topic));
        }
        for (const acknowledgedAt of session.down.arrivals(queue.now, undefined)) {
          queue.schedule(acknowledgedAt, () => {
            if (this.#session === session) this.#feed({ kind: 'subscribed' });
          });
        }
      });
    }
  }

  #send(request: DeviceRequest): void {
    const session = this.#session;
    const { queue, observer } = this.#out;
    if (session === undefined) return;
    observer.sent?.(this.thingName, request, queue.now);
    this.#carry(session, session.up, 'request', request.operation, () => this.#out.serve(this, session, request));
  }

  /** Takes a message over a link, with the fault that it draws. What is still late when all is calm is lost. */
  #carry(
    session: Session,
    link: Link,
    direction: Direction,
    operation: RequestOperation | undefined,
    arrive: () => void,
  ): void {
    const { queue, startedAt } = this.#out;
    const fault = this.#calm ? undefined : this.#faults.ofMessage(direction, queue.now - startedAt, operation);
    if (fault !== undefined) this.#tellFault(`${direction} ${fault.effect}`);
    for (const at of link.arrivals(queue.now, fault)) {
      queue.schedule(at, () => {
        if (this.#session === session && (fault === undefined || !this.#calm)) arrive();
      });
    }
  }

  #tellFault(fault: string): void {
    this.#out.observer.injected?.(fault, this.thingName, this.#out.queue.now);
  }

  /** The board or its clock has moved, so its deadline may have. */
  #arm(): void {
    const deadline = this.#grain === 'sign' ? this.board.nextSign() : this.board.nextDeadline();
    this.#dueAt = deadline === undefined ? undefined : deadline - this.#aheadMs;
    this.#expectWake();
  }

  /** Keeps one event in the queue for the deadline; one that became too early just waits on. */
  #expectWake(): void {
    if (this.#dueAt === undefined) return;
    const at = Math.max(this.#dueAt, this.#out.queue.now);
    if (this.#wakeAt !== undefined && this.#wakeAt <= at) return;
    this.#wakeAt = at;
    this.#out.queue.schedule(at, () => {
      if (this.#wakeAt !== at) return;
      this.#wakeAt = undefined;
      if (this.#dueAt !== undefined && this.#dueAt <= at) this.#feed(wake);
      else this.#expectWake();
    });
  }
}

/** A stream of notifications: which kind, of which queue. */
export function streamKey({
  name,
  namespaceId,
}: {
  readonly name: NotificationName;
  readonly namespaceId?: string;
}): string {
  return namespaceId === undefined ? name : `${name} ${namespaceId}`;
}
