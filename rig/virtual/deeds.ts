/**
 * Carries out a scenario's deeds on a world in virtual time: what the operator does as control-plane commands, what the world
 * does to devices, links, messages and the service. Decides nothing: when a deed is due is the director's matter.
 */
import type { ArmedFault, StationFault } from '../../agent/station/contract.ts';
import type { Extent } from '../../faults/armed-faults.ts';
import type { MessageEffect } from '../../faults/plan.ts';
import type { ServiceFaults } from '../../faults/service-faults.ts';
import type { ServiceFault } from '../../faults/thing-faults.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { Deed, DeedOf, OperatorDeed, SecondClientAct, WorldDeed } from '../scenario/contract.ts';
import type { JobDocuments } from './job-documents.ts';
import { type ControlPlane, type Operator, createOperator } from './operator.ts';
import type { SimulatedDevice } from './simulated-device.ts';

/** What a deed may reach: the world in virtual time, or a live one. */
export interface DeedTarget extends ControlPlane {
  readonly devices: readonly { inject(fault: StationFault): void }[];
  device(thingName: string): Pick<SimulatedDevice, 'inject' | 'hangUp' | 'forgetSession'>;
  readonly serviceFaults: Pick<ServiceFaults, 'arm'>;
  /** The service's clock jumps ahead. */
  leap(byMs: DurationMs): void;
  tellFault(name: string, thingName: string | undefined): void;
  /** Every fault ends. */
  calm(): void;
}

export interface DeedsOptions {
  readonly world: DeedTarget;
  readonly documents: JobDocuments;
  /** By label, in order; the first is meant where a deed names none. */
  readonly thingNames: ReadonlyMap<string, string>;
}

export interface Deeds {
  perform(deed: Deed): void;
  /** The operator tries something again later. */
  isBusy(): boolean;
}

/** Another client that was pushed off by the device comes back after this. */
const takeOverAgainMs: DurationMs = 1000;

export function createDeeds(options: DeedsOptions): Deeds {
  return new VirtualDeeds(options);
}

class VirtualDeeds implements Deeds {
  readonly #world: DeedTarget;
  readonly #documents: JobDocuments;
  readonly #thingNames: ReadonlyMap<string, string>;
  readonly #operator: Operator;

  constructor({ world, documents, thingNames }: DeedsOptions) {
    this.#world = world;
    this.#documents = documents;
    this.#thingNames = thingNames;
    this.#operator = createOperator(world, {
      things: [...thingNames.keys()],
      thingName: (label) => this.#nameOf(label),
      documentOf: (deed) => documents.create(deed),
    });
  }

  isBusy(): boolean {
    return this.#operator.isBusy();
  }

  perform(deed: Deed): void {
    if (deed.do === 'delete-stream') this.#documents.noteUnreachable(deed.job);
    if (isOperators(deed)) this.#operator.perform(deed);
    else this.#toWorld(deed);
  }

  #nameOf(label: string | undefined): string {
    const [first = ''] = this.#thingNames.values();
    return label === undefined ? first : (this.#thingNames.get(label) ?? label);
  }

  #toWorld(deed: WorldDeed): void {
    const world = this.#world;
    const name = this.#nameOf('thing' in deed ? deed.thing : undefined);
    const fault = stationFaultOf(deed);
    if (fault !== undefined) return world.device(name).inject(fault);
    switch (deed.do) {
      case 'clock':
        return world.leap(deed.jumpMs);
      case 'service':
        return world.serviceFaults.arm(serviceFaultOf(deed), name, deed.operations, deed, world.queue.now);
      case 'restart-service':
        // What it knew it still knows: its store is durable. Connections are not.
        for (const device of world.devices) device.inject({ kind: 'link-lost', forMs: deed.forMs });
        return;
      case 'session':
        return world.device(name).forgetSession();
      case 'image':
        return this.#documents.setImage(deed.job, deed.condition);
      case 'second-client':
        return this.#actFor(name, deed.act);
      case 'end-faults':
        return world.calm();
      case 'memory':
        return world.device(name).inject({ kind: 'memory', how: deed.how, what: deed.what });
      default:
        throw new RangeError(`${deed.do} is no deed of a world in virtual time`);
    }
  }

  /** Another client does something in the thing's name. */
  #actFor(thingName: string, act: SecondClientAct): void {
    this.#world.tellFault(`second-client ${act.act}`, thingName);
    switch (act.act) {
      case 'take-over':
        return this.#takeOver(thingName, this.#world.queue.now + act.forMs);
      case 'start-next':
        this.#world.ask({ name: 'iotjobsdata:StartNextPendingJobExecution', request: { thingName } });
        return;
      case 'update':
        this.#world.ask({
          name: 'iotjobsdata:UpdateJobExecution',
          request: { thingName, jobId: act.job, status: act.status },
        });
    }
  }

  /** Under the device's client id: each connection of one ends the other's. */
  #takeOver(thingName: string, until: EpochMs): void {
    const { queue } = this.#world;
    this.#world.device(thingName).hangUp('taken-over');
    const again = queue.now + takeOverAgainMs;
    if (again < until) queue.schedule(again, () => this.#takeOver(thingName, until));
  }
}

/** The fault of a device or its link that a deed is; `undefined`: it is about something else. */
export function stationFaultOf(deed: WorldDeed): StationFault | undefined {
  switch (deed.do) {
    case 'power':
      return { kind: 'power-cut', forMs: deed.offForMs };
    case 'link':
      return { kind: deed.how === 'drop' ? 'link-lost' : 'partition', forMs: deed.forMs };
    case 'battery':
      return { kind: 'weak-battery', forMs: deed.forMs, byMv: deed.dropMv };
    case 'clock':
      return deed.of === 'device' ? { kind: 'clock-jump', byMs: deed.jumpMs } : undefined;
    case 'message':
    case 'connect':
    case 'subscribe':
      return armedFaultOf(deed);
    default:
      return undefined;
  }
}

/** The fault that waits for its packet. */
export function armedFaultOf(deed: DeedOf<'message' | 'connect' | 'subscribe'>): ArmedFault {
  if (deed.do === 'message') return messageFault(deed);
  return { kind: deed.do, answer: deed.how === 'refuse' ? 'refused' : 'not-at-all', ...extentOf(deed) };
}

const messageEffects: Readonly<Record<DeedOf<'message'>['how'], MessageEffect>> = {
  lose: 'lost',
  duplicate: 'duplicate',
  delay: 'late',
  reorder: 'late',
};

const defaultLateMs: DurationMs = 2000;

function messageFault(deed: DeedOf<'message'>): ArmedFault {
  const { how, direction, operations, byMs = how === 'duplicate' ? 0 : defaultLateMs } = deed;
  const fault = { kind: 'message', direction, effect: messageEffects[how], lateMs: byMs, ...extentOf(deed) } as const;
  return operations === undefined ? fault : { ...fault, operations };
}

/** Assumed: AWS does not publish its messages for these. */
export function serviceFaultOf({
  how,
  code = 'InvalidRequest',
  byMs = defaultLateMs,
}: DeedOf<'service'>): ServiceFault {
  switch (how) {
    case 'throttle':
      return refusal('RequestThrottled', 'Too many requests.');
    case 'error':
      return refusal('InternalError', 'Internal error.');
    case 'refuse':
      return refusal(code, 'Refused.');
    case 'never':
      return { name: 'service not-at-all', answer: 'not-at-all' };
    case 'late':
      return { name: 'service late', answer: 'late', lateMs: byMs };
    case 'twice':
    case 'empty-next':
      return { name: `service ${how}`, answer: how };
  }
}

function refusal(code: string, message: string): ServiceFault {
  return { name: `service ${code}`, answer: 'refuse', code, message };
}

function extentOf({ times, forMs }: Extent): Extent {
  return { ...(times !== undefined && { times }), ...(forMs !== undefined && { forMs }) };
}

const operatorDeeds: Readonly<Record<OperatorDeed['do'], true>> = {
  'create-job': true,
  'update-job': true,
  'cancel-job': true,
  'delete-job': true,
  'cancel-execution': true,
  'delete-execution': true,
  'leave-group': true,
  'join-group': true,
  'rejoin-group': true,
  'delete-thing': true,
  'delete-stream': true,
};

export function isOperators(deed: Deed): deed is DeedOf<OperatorDeed['do']> {
  return Object.hasOwn(operatorDeeds, deed.do);
}
