/**
 * A station in virtual time: its deadline is an event of the run's queue, and its transport is the service's end of an MQTT
 * connection, with the session that the broker keeps for a device with clean=false. All of link, power and faults is the
 * station's (agent/station). Source of the sessions: docs/reference/mqtt-api.md §1 and limits.md §5.
 */
import type { Board } from '../../agent/board/contract.ts';
import type {
  ConnectionNumber,
  Station,
  StationEffect,
  StationFault,
  StationInput,
} from '../../agent/station/contract.ts';
import { createStation } from '../../agent/station/station.ts';
import type { Chance } from '../../faults/chance.ts';
import type { LinkConditions } from '../../faults/link.ts';
import type { ThingFaults } from '../../faults/thing-faults.ts';
import type { Observer } from '../../observation/observation.ts';
import type { DeviceMessage, DeviceRequest } from '../../protocol/device-messages.ts';
import type { BlockRequest, StreamAnswer } from '../../protocol/stream-blocks.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import { parseJobsTopic, type NotificationName } from '../../protocol/topics.ts';
import type { WorldConfiguration } from './configuration.ts';
import type { Alarm, EventQueue } from './event-queue.ts';

/** What a device reaches outside itself. */
export interface Surroundings {
  readonly queue: EventQueue<() => void>;
  readonly startedAt: EpochMs;
  /** The thing whose device is at work at this very moment. */
  active: string | undefined;
  /** A request has reached the service, over this connection. */
  serve(device: SimulatedDevice, connection: ConnectionNumber, request: DeviceRequest): void;
  /** A request for blocks of a stream has reached the service. */
  serveBlocks(device: SimulatedDevice, connection: ConnectionNumber, request: BlockRequest): void;
}

export interface DeviceOptions {
  readonly board: Board;
  readonly conditions: LinkConditions;
  readonly faults: ThingFaults;
  readonly chance: Chance;
  readonly surroundings: Surroundings;
  readonly observer: Observer;
  readonly grain: WorldConfiguration['grain'];
  /** Whether the device asks for a session that outlives its connections. */
  readonly keepsSession: boolean;
}

/** A persistent session ends when its client stays away so long, and is lost so often besides. */
const sessionKeptMs: DurationMs = 3_600_000;
const sessionLossPerMillion = 100_000;

/** What the broker has of a device: its subscriptions, and what was said while it was away. */
interface Session {
  /** Notifications subscribed to, by {@link streamKey}. */
  readonly streams: Set<string>;
  readonly waiting: DeviceMessage[];
}

export class SimulatedDevice {
  readonly board: Board;
  readonly #station: Station;
  readonly #faults: ThingFaults;
  readonly #chance: Chance;
  readonly #out: Surroundings;
  #session: Session | undefined;
  #connection: ConnectionNumber | undefined;
  #leftAt: EpochMs = 0;
  readonly #alarm: Alarm;
  /** What came of one effect and is performed after the others. */
  readonly #further: StationEffect[] = [];
  #isPerforming = false;

  constructor({ board, conditions, faults, chance, surroundings, ...options }: DeviceOptions) {
    this.board = board;
    this.#faults = faults;
    this.#chance = chance;
    this.#out = surroundings;
    this.#station = createStation({ board, link: conditions, chance, ...options });
    this.#alarm = surroundings.queue.alarm(() => this.#put(wake));
  }

  get thingName(): string {
    return this.board.thingName;
  }

  /** Messages wait on its connection for the end of a partition. */
  get isHeldBack(): boolean {
    return this.#station.heldBackUntil > this.#out.queue.now;
  }

  /** Switches the device on a little later and lets its faults come. */
  start(): void {
    const { queue, startedAt } = this.#out;
    queue.schedule(startedAt + this.#chance.between(0, 1000), () => this.#put({ kind: 'power-on' }));
    this.#put({ kind: 'faults', faults: this.#faults });
  }

  /** Every fault ends, and what went wrong is mended. */
  calm(): void {
    this.#put({ kind: 'end-faults' });
  }

  inject(fault: StationFault): void {
    this.#put({ kind: 'fault', fault });
  }

  /** Another client has connected under the device's client id, or the service ends the connection. */
  hangUp(end: 'taken-over' | 'by-service'): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#close(connection);
    this.#put({ kind: 'closed', connection, end });
  }

  /** The service has no session of the device any more, and ends the connection. */
  forgetSession(): void {
    this.hangUp('by-service');
    this.#session = undefined;
  }

  /** Sends what the service says over the connection on which it was asked, if that is still there. */
  deliver(connection: ConnectionNumber, message: DeviceMessage): void {
    if (this.#connection === connection) this.#put({ kind: 'message', connection, message });
  }

  /** Answers a request for blocks, at QoS 0. */
  deliverStream(connection: ConnectionNumber, answer: StreamAnswer): void {
    if (this.#connection === connection) this.#put({ kind: 'stream', connection, answer });
  }

  /** The device asked for such notifications, and is there or will be told when it is back. */
  listensTo(stream: string): boolean {
    return this.#session?.streams.has(stream) === true;
  }

  notify(message: DeviceMessage): void {
    if (this.#connection === undefined) this.#session?.waiting.push(message);
    else this.deliver(this.#connection, message);
  }

  #put(input: StationInput): void {
    const out = this.#out;
    const before = out.active;
    out.active = this.board.thingName;
    const effects = this.#station.apply(input, out.queue.now);
    out.active = before;
    if (this.#isPerforming) return void this.#further.push(...effects);
    this.#isPerforming = true;
    for (const effect of effects) this.#perform(effect);
    while (this.#further.length > 0) this.#perform(this.#further.shift()!);
    this.#isPerforming = false;
    this.#expectWake();
  }

  #perform(effect: StationEffect): void {
    switch (effect.kind) {
      case 'open':
        return this.#open(effect.connection);
      case 'subscribe':
        return this.#subscribe(effect.connection, effect.filters);
      case 'publish':
        return this.#out.serve(this, effect.connection, effect.request);
      case 'ask-blocks':
        return this.#out.serveBlocks(this, effect.connection, effect.request);
      case 'close':
        return this.#close(effect.connection);
    }
  }

  /** The service lets the device in: to its old session, if there is one. */
  #open(connection: ConnectionNumber): void {
    const sessionPresent = this.#resumes();
    if (!sessionPresent) this.#session = { streams: new Set(), waiting: [] };
    this.#connection = connection;
    this.#put({ kind: 'connack', connection, sessionPresent });
    for (const message of this.#session?.waiting.splice(0) ?? []) this.#put({ kind: 'message', connection, message });
  }

  #resumes(): boolean {
    if (!this.#station.keepsSession || this.#session === undefined) return false;
    const awayMs = this.#out.queue.now - this.#leftAt;
    return awayMs <= sessionKeptMs && !this.#chance.happens(sessionLossPerMillion);
  }

  #subscribe(connection: ConnectionNumber, filters: readonly string[]): void {
    for (const filter of filters) {
      const topic = parseJobsTopic(filter);
      if (topic?.kind === 'notification') this.#session?.streams.add(streamKey(topic.name, topic.namespaceId));
    }
    this.#put({ kind: 'suback', connection, filters: filters.map((filter) => ({ filter, qos: 1 })) });
  }

  #close(connection: ConnectionNumber): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#leftAt = this.#out.queue.now;
    if (!this.#station.keepsSession) this.#session = undefined;
  }

  #expectWake(): void {
    const deadline = this.#station.nextDeadline();
    if (deadline === undefined) this.#alarm.clear();
    else this.#alarm.set(deadline);
  }
}

const wake: StationInput = { kind: 'wake' };

/** A stream of notifications: which kind, of which queue. */
export function streamKey(name: NotificationName, namespaceId: string | undefined): string {
  return namespaceId === undefined ? name : `${name} ${namespaceId}`;
}
