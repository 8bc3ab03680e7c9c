/**
 * The Jobs service and a fleet in virtual time: one event queue, one clock, the real engine and real boards, and faults
 * between them. The world says in which order things happen; the checkers (checkers/) say what must hold, the configuration
 * says what the operator does, and run.ts has the phases of a run.
 */
import type { Board } from '../../agent/board/contract.ts';
import type { ConnectionNumber } from '../../agent/station/contract.ts';
import type {
  Command,
  CommandOf,
  Effect,
  Engine,
  OperationName,
  Rejected,
  Reply,
  ResponseOf,
} from '../../broker/engine/contract.ts';
import { seededChance, type Chance } from '../../faults/chance.ts';
import { ServiceFaults } from '../../faults/service-faults.ts';
import { faultsOf, serviceTimedFaults, type InstantFault, type ServiceFault } from '../../faults/thing-faults.ts';
import type { DeviceRequest } from '../../protocol/device-messages.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import { fleetGroup, type RunConfiguration, type ThingConfiguration } from './configuration.ts';
import { createEventQueue, type EventQueue } from './event-queue.ts';
import { deviceObserver, type Observer } from './observer.ts';
import { createOperator, type ControlPlane, type Operator } from './operator.ts';
import { SimulatedDevice, streamKey, type Surroundings } from './simulated-device.ts';
import { objectWire, textWire, type DeviceCommand, type DeviceReply, type Notification, type Wire } from './wire.ts';

export interface WorldOptions {
  readonly configuration: RunConfiguration;
  readonly engine: Engine;
  readonly boardOf: (thing: ThingConfiguration) => Board;
  readonly observer: Observer;
}

/** When every run begins: a Tuesday in 2023. */
const epoch: EpochMs = 1_700_000_000_000;
/** A slice of bulk work waits up to this long, so that devices act between slices. */
const maxSliceDelayMs: DurationMs = 40;

const throttled: Rejected = { accepted: false, code: 'RequestThrottled', message: 'Too many requests.' };
const failed: Rejected = { accepted: false, code: 'InternalError', message: 'Internal error.' };

export class World implements Surroundings, ControlPlane {
  readonly queue: EventQueue<() => void> = createEventQueue(epoch);
  readonly startedAt: EpochMs = epoch;
  readonly observer: Observer;
  readonly devices: readonly SimulatedDevice[];
  readonly operator: Operator;
  readonly #configuration: RunConfiguration;
  readonly #engine: Engine;
  readonly #wire: Wire;
  readonly #byName: ReadonlyMap<string, SimulatedDevice>;
  readonly #chance: Chance;
  readonly #faults: ServiceFaults;
  /** The service's clock runs this far ahead. */
  #aheadMs: DurationMs = 0;
  #wakeAt: EpochMs | undefined;
  #calm = false;

  constructor({ configuration, engine, boardOf, observer }: WorldOptions) {
    const chance = seededChance(configuration.seed);
    this.observer = observer;
    this.#engine = engine;
    this.#wire = configuration.wire === 'text' ? textWire : objectWire;
    this.#chance = chance.fork('service');
    this.#faults = new ServiceFaults(configuration.faults, chance.fork('faults'), this.startedAt);
    const seen = deviceObserver(observer, (thingName) => this.#byName.get(thingName)?.board);
    this.devices = configuration.things.map(
      (thing) =>
        new SimulatedDevice({
          board: boardOf(thing),
          conditions: configuration.link,
          faults: faultsOf(configuration.faults, thing.thingName, chance.fork('faults')),
          chance: chance.fork(`device ${thing.thingName}`),
          surroundings: this,
          observer: seen,
          grain: configuration.grain ?? 'operation',
          keepsSession: thing.session === 'persistent',
        }),
    );
    this.#byName = new Map(this.devices.map((device) => [device.thingName, device]));
    this.operator = createOperator(this);
    this.#configuration = configuration;
  }

  get elapsedMs(): DurationMs {
    return this.queue.now - this.startedAt;
  }

  /** Service time. */
  get serviceNow(): EpochMs {
    return this.queue.now + this.#aheadMs;
  }

  /** The registry is filled, devices are switched on, operator and faults wait for their moments. */
  start(): void {
    const { things, operator, faults, seed } = this.#configuration;
    this.ask({ name: 'iot:CreateThingGroup', request: { thingGroupName: fleetGroup } });
    for (const { thingName } of things) {
      this.ask({ name: 'iot:CreateThing', request: { thingName } });
      this.ask({ name: 'iot:AddThingToThingGroup', request: { thingGroupName: fleetGroup, thingName } });
    }
    for (const device of this.devices) device.start();
    this.operator.start(operator);
    for (const fault of serviceTimedFaults(faults, seededChance(seed).fork('faults'))) {
      if (fault.kind === 'clock-jump') this.queue.schedule(this.startedAt + fault.atMs, () => this.#leap(fault.byMs));
    }
  }

  /** Lets the next event happen; false when there is none before `until`. */
  step(until: EpochMs): boolean {
    const at = this.queue.nextAt();
    if (at === undefined || at > until) return false;
    this.queue.take()?.();
    return true;
  }

  /** The liveness phase begins: nothing goes wrong any more. */
  calm(): void {
    this.#calm = true;
    this.operator.stop();
    this.#faults.end();
    for (const device of this.devices) device.calm();
  }

  ask<Name extends OperationName>(command: CommandOf<Name>): Reply<ResponseOf<Name>> {
    const outcome = this.#engine.apply(command, this.serviceNow);
    this.observer.applied?.(command as unknown as Command, outcome, this.serviceNow);
    this.#publish(outcome.effects);
    this.#arm();
    return outcome.reply;
  }

  inject(thingName: string, fault: InstantFault): void {
    this.#byName.get(thingName)?.inject(fault);
  }

  serve(device: SimulatedDevice, connection: ConnectionNumber, request: DeviceRequest): void {
    const fault = this.#faults.of(device.thingName, request.operation, this.queue.now);
    if (fault !== undefined) this.observer.injected?.(`service ${fault.answer}`, device.thingName, this.queue.now);
    switch (fault?.answer) {
      case 'not-at-all':
        return;
      case 'RequestThrottled':
        return this.#answer(device, connection, request, throttled, undefined);
      case 'InternalError':
        return this.#answer(device, connection, request, failed, undefined);
      default:
        return this.#serveRightly(device, connection, request, fault);
    }
  }

  /** Reply first, then what follows from it (reference notifications.md N3). */
  #serveRightly(
    device: SimulatedDevice,
    connection: ConnectionNumber,
    request: DeviceRequest,
    fault: ServiceFault | undefined,
  ): void {
    const command: DeviceCommand | Rejected = this.#wire.toCommand(device.thingName, request);
    if ('accepted' in command) return this.#answer(device, connection, request, command, fault);
    const outcome = this.#engine.apply<DeviceCommand['name']>(command, this.serviceNow);
    this.observer.applied?.(command, outcome, this.serviceNow);
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
    const deliver = (): void => device.deliver(connection, message);
    if (fault?.answer === 'late') this.queue.schedule(this.queue.now + fault.lateMs, deliver);
    else deliver();
    if (fault?.answer === 'twice') deliver();
  }

  #publish(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'notify' || effect.kind === 'notify-next') this.#notify(effect);
    }
  }

  #notify(effect: Notification): void {
    const name = effect.kind === 'notify' ? 'JobExecutionsChanged' : 'NextJobExecutionChanged';
    const stream = streamKey(effect.namespaceId === undefined ? { name } : { name, namespaceId: effect.namespaceId });
    this.#byName.get(effect.thingName)?.notify(stream, () => this.#wire.toNotification(effect));
  }

  #leap(byMs: DurationMs): void {
    if (this.#calm) return;
    this.observer.injected?.('service-clock-jump', '', this.queue.now);
    this.#aheadMs += byMs;
    this.#arm();
  }

  /** Keeps one event in the queue for the engine's deadline. */
  #arm(): void {
    const deadline = this.#engine.nextDeadline();
    if (deadline === undefined) return;
    const { now } = this.queue;
    const dueAt = deadline - this.#aheadMs;
    if (this.#wakeAt !== undefined && this.#wakeAt <= Math.max(dueAt, now + maxSliceDelayMs)) return;
    const at = dueAt > now ? dueAt : now + this.#chance.between(0, maxSliceDelayMs);
    this.#wakeAt = at;
    this.queue.schedule(at, () => {
      if (this.#wakeAt !== at) return;
      this.#wakeAt = undefined;
      const due = this.#engine.nextDeadline();
      if (due !== undefined && due <= this.serviceNow) this.ask({ name: 'jobrig:Wake', request: {} });
      else this.#arm();
    });
  }
}
