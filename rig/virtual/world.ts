/**
 * The Jobs service and a fleet in virtual time: one event queue, one clock, the real engine and real boards, and faults
 * between them. The world says in which order things happen; what is done when is the director's matter, what must hold is
 * the judges'; play.ts brings them together.
 */
import type { Board } from '../../agent/board/contract.ts';
import type { ConnectionNumber } from '../../agent/station/contract.ts';
import type {
  Command,
  CommandOf,
  Effect,
  Engine,
  OperationName,
  Outcome,
  Rejected,
  Reply,
  ResponseOf,
} from '../../broker/engine/contract.ts';
import { seededChance, type Chance } from '../../faults/chance.ts';
import { ServiceFaults } from '../../faults/service-faults.ts';
import { faultsOf, serviceTimedFaults, type ServiceFault } from '../../faults/thing-faults.ts';
import type { Observer } from '../../observation/observation.ts';
import type { DeviceRequest } from '../../protocol/device-messages.ts';
import type { BlockRequest } from '../../protocol/stream-blocks.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import { asksNext } from '../../protocol/topics.ts';
import { fleetGroup, type ThingConfiguration, type WorldConfiguration } from './configuration.ts';
import type { Alarm, EventQueue } from './event-queue.ts';
import type { ControlPlane } from './operator.ts';
import { SimulatedDevice, streamKey, type Surroundings } from './simulated-device.ts';
import { answersTo } from './stream-service.ts';
import { objectWire, textWire, type DeviceCommand, type DeviceReply, type Notification, type Wire } from './wire.ts';

export interface WorldOptions {
  readonly configuration: WorldConfiguration;
  readonly queue: EventQueue<() => void>;
  readonly engine: Engine;
  readonly boardOf: (thing: ThingConfiguration) => Board;
  /** Told of what the devices see, and of faults. */
  readonly observer: Observer;
  /** Told of what this one sees. */
  readonly observerOf: (thingName: string) => Observer;
  /** The engine has applied a command; `at` is service time. */
  readonly applied: (command: Command, outcome: Outcome, at: EpochMs) => void;
}

/**
 * When every run begins: a Tuesday in 1970. All instants of a run stay below 2³¹ so, and V8 holds them in place; a later one is
 * an object of its own wherever it is kept, handed on or given back, which takes a tenth of the time of a run.
 */
export const epoch: EpochMs = 512_000_000;
/** A slice of bulk work waits up to this long, so that devices act between slices. */
const maxSliceDelayMs: DurationMs = 40;

export class World implements Surroundings, ControlPlane {
  readonly queue: EventQueue<() => void>;
  readonly startedAt: EpochMs = epoch;
  readonly devices: readonly SimulatedDevice[];
  readonly serviceFaults: ServiceFaults;
  active: string | undefined;
  readonly #configuration: WorldConfiguration;
  readonly #observer: Observer;
  readonly #applied: WorldOptions['applied'];
  readonly #engine: Engine;
  readonly #wire: Wire;
  readonly #byName: ReadonlyMap<string, SimulatedDevice>;
  readonly #chance: Chance;
  /** The service's clock runs this far ahead. */
  #aheadMs: DurationMs = 0;
  readonly #alarm: Alarm;
  #calm = false;

  constructor({ configuration, queue, engine, boardOf, observer, observerOf, applied }: WorldOptions) {
    const chance = seededChance(configuration.seed);
    this.queue = queue;
    this.#alarm = queue.alarm(() => this.#wake());
    this.#observer = observer;
    this.#applied = applied;
    this.#engine = engine;
    this.#wire = configuration.wire === 'text' ? textWire : objectWire;
    this.#chance = chance.fork('service');
    this.serviceFaults = new ServiceFaults(configuration.faults, chance.fork('faults'), this.startedAt);
    this.devices = configuration.things.map(
      (thing) =>
        new SimulatedDevice({
          board: boardOf(thing),
          conditions: configuration.link,
          faults: faultsOf(configuration.faults, thing.thingName, chance.fork('faults')),
          chance: chance.fork(`device ${thing.thingName}`),
          surroundings: this,
          observer: observerOf(thing.thingName),
          grain: configuration.grain,
          keepsSession: thing.session === 'persistent',
        }),
    );
    this.#byName = new Map(this.devices.map((device) => [device.thingName, device]));
    this.#configuration = configuration;
  }

  device(thingName: string): SimulatedDevice {
    const device = this.#byName.get(thingName);
    if (device === undefined) throw new RangeError(`no thing ${thingName} in this world`);
    return device;
  }

  get elapsedMs(): DurationMs {
    return this.queue.now - this.startedAt;
  }

  /** Service time. */
  get serviceNow(): EpochMs {
    return this.queue.now + this.#aheadMs;
  }

  /** The registry is filled, devices are switched on, the plan's faults wait for their moments. */
  start(): void {
    const { things, faults, seed } = this.#configuration;
    this.ask({ name: 'iot:CreateThingGroup', request: { thingGroupName: fleetGroup } });
    for (const { thingName } of things) {
      this.ask({ name: 'iot:CreateThing', request: { thingName } });
      this.ask({ name: 'iot:AddThingToThingGroup', request: { thingGroupName: fleetGroup, thingName } });
    }
    for (const device of this.devices) device.start();
    for (const fault of serviceTimedFaults(faults, seededChance(seed).fork('faults'))) {
      if (fault.kind !== 'clock-jump') continue;
      this.queue.schedule(this.startedAt + fault.atMs, () => {
        if (!this.#calm) this.leap(fault.byMs);
      });
    }
  }

  /** The service has bulk work to do, e.g. executions of a new job to make. */
  get isWorking(): boolean {
    return (this.#engine.nextDeadline() ?? Infinity) <= this.serviceNow;
  }

  /** Lets the next event happen; false when there is none before `until`. */
  step(until: EpochMs): boolean {
    const at = this.queue.nextAt();
    if (at === undefined || at > until) return false;
    this.queue.take()?.();
    return true;
  }

  /** Every fault ends, the plan's too; a scenario may inject more later. */
  calm(): void {
    this.#calm = true;
    this.serviceFaults.end();
    for (const device of this.devices) device.calm();
  }

  ask<Name extends OperationName>(command: CommandOf<Name>): Reply<ResponseOf<Name>> {
    const outcome = this.#engine.apply(command, this.serviceNow);
    this.#applied(command as unknown as Command, outcome, this.serviceNow);
    this.#publish(outcome.effects);
    this.#arm();
    return outcome.reply;
  }

  serve(device: SimulatedDevice, connection: ConnectionNumber, request: DeviceRequest): void {
    const { thingName } = device;
    const { operation } = request;
    const fault = this.serviceFaults.of(thingName, operation, asksNext(request), this.queue.now);
    if (fault !== undefined) this.tellFault(fault.name, thingName, operation);
    switch (fault?.answer) {
      case 'not-at-all':
        return;
      case 'refuse':
        return device.deliver(connection, this.#wire.toRefusal(thingName, request, fault, this.serviceNow));
      case 'empty-next':
        return this.#answer(device, connection, request, { accepted: true, response: {} }, undefined);
      default:
        return this.#serveRightly(device, connection, request, fault);
    }
  }

  /** A fault of the world is injected. */
  tellFault(name: string, thingName: string | undefined, operation?: string): void {
    this.#observer.fault?.({ kind: 'fault', source: 'host', at: this.queue.now, name, thingName, operation });
  }

  serveBlocks(device: SimulatedDevice, connection: ConnectionNumber, request: BlockRequest): void {
    for (const answer of answersTo(this.#engine, device.thingName, request, this.serviceNow)) {
      device.deliverStream(connection, answer);
    }
  }

  /** Reply first, then what follows from it (docs/reference/notifications.md N3). */
  #serveRightly(
    device: SimulatedDevice,
    connection: ConnectionNumber,
    request: DeviceRequest,
    fault: ServiceFault | undefined,
  ): void {
    const command: DeviceCommand | Rejected = this.#wire.toCommand(device.thingName, request);
    if ('accepted' in command) return this.#answer(device, connection, request, command, fault);
    const outcome = this.#engine.apply<DeviceCommand['name']>(command, this.serviceNow);
    this.#applied(command, outcome, this.serviceNow);
    this.#answer(device, connection, request, outcome.reply, fault);
    this.#publish(outcome.effects);
    this.#arm();
  }

  #answer(
    device: SimulatedDevice,
    connection: ConnectionNumber,
    request: DeviceRequest,
    reply: DeviceReply,
    fault: ServiceFault | undefined,
  ): void {
    const message = this.#wire.toMessage(device.thingName, request, reply, this.serviceNow);
    if (fault?.answer === 'late') {
      this.queue.schedule(this.queue.now + fault.lateMs, () => device.deliver(connection, message));
      return;
    }
    device.deliver(connection, message);
    if (fault?.answer === 'twice') device.deliver(connection, message);
  }

  #publish(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'notify' || effect.kind === 'notify-next') this.#notify(effect);
    }
  }

  #notify(effect: Notification): void {
    const name = effect.kind === 'notify' ? 'JobExecutionsChanged' : 'NextJobExecutionChanged';
    const stream = streamKey(name, effect.namespaceId);
    const device = this.#byName.get(effect.thingName);
    if (device?.listensTo(stream) === true) device.notify(this.#wire.toNotification(effect));
  }

  /** The service's clock jumps ahead. */
  leap(byMs: DurationMs): void {
    this.tellFault('service-clock-jump', undefined);
    this.#aheadMs += byMs;
    this.#arm();
  }

  /** Keeps one event in the queue for the engine's deadline. */
  #arm(): void {
    const deadline = this.#engine.nextDeadline();
    if (deadline === undefined) return;
    const { now } = this.queue;
    const dueAt = deadline - this.#aheadMs;
    if ((this.#alarm.at ?? Infinity) <= Math.max(dueAt, now + maxSliceDelayMs)) return;
    this.#alarm.set(dueAt > now ? dueAt : now + this.#chance.between(0, maxSliceDelayMs));
  }

  #wake(): void {
    const due = this.#engine.nextDeadline();
    if (due !== undefined && due <= this.serviceNow) this.ask({ name: 'jobrig:Wake', request: {} });
    else this.#arm();
  }
}
