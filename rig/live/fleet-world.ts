/**
 * The live world of our own fleet: what the operator does goes through the unmodified AWS SDK, what goes wrong is done to the
 * stations of the devices. A device that has come to its moment stands still while the operator acts on it, so that the moment
 * is hit at any speed, and the device learns of it as it would in the field: from the wire.
 */
import type { ImageOrigin } from '../../agent/device/image.ts';
import type { LiveDevice } from '../../agent/live-device.ts';
import type { Observation } from '../../observation/observation.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { Deed, DeedOf, Names, OperatorDeed, Scenario } from '../scenario/contract.ts';
import type { Sight } from '../verdict/contract.ts';
import { isOperators, stationFaultOf } from '../virtual/deeds.ts';
import { type JobDocuments, createJobDocuments } from '../virtual/job-documents.ts';
import type { HostClock } from './host-clock.ts';
import { type Operator, namespaceOf } from './operator.ts';
import type { LiveWorld } from './play.ts';

export interface FleetWorldOptions {
  readonly scenario: Scenario;
  readonly operator: Operator;
  readonly clock: HostClock;
  readonly devices: ReadonlyMap<string, LiveDevice>;
  /** Of all things, for continuous jobs. */
  readonly groupName: string;
  /** Makes job ids differ from those of other scenarios. */
  readonly suffix: string;
  /** Documents whose bytes matter, by label; the others are the scenario's own. */
  readonly texts?: ReadonlyMap<string, string>;
  /** Has this called for all that is seen of these things and jobs. */
  readonly attend: (
    thingNames: readonly string[],
    jobIds: readonly string[],
    look: (seen: Observation) => void,
  ) => void;
  /** Jobs whose deletion was asked for, until their ids are used again; of all worlds of a run. */
  readonly deletedJobs: Set<string>;
  /** This job is about to be made, with this document. */
  readonly onDocument?: (jobId: string, text: string) => void;
  /** What is done to a device is a deed of the scenario, and no fault of a plan. */
  readonly onInject?: (thingName: string) => void;
  /** A device stands still, or goes on. */
  readonly onHold?: (thingName: string, isHeld: boolean) => void;
}

export const fleetSights: ReadonlySet<Sight> = new Set(['inside', 'power', 'downloads']);

export interface OwnFleetWorld extends LiveWorld {
  /** Serves the images behind the scenario's documents, good or broken, to boards that are made with it. */
  readonly origin: ImageOrigin;
}

export function createFleetWorld(options: FleetWorldOptions): OwnFleetWorld {
  return new FleetWorld(options);
}

class FleetWorld implements OwnFleetWorld {
  readonly names: Names;
  readonly thingNames: readonly string[];
  readonly sights = fleetSights;
  readonly tellsLag = true;
  readonly versions: ReadonlyMap<string, string>;
  readonly #options: FleetWorldOptions;
  readonly #documents: JobDocuments;
  /** The newest execution of a job and thing. */
  readonly #numbers = new Map<string, number>();

  constructor(options: FleetWorldOptions) {
    const { scenario, suffix } = options;
    this.#options = options;
    this.#documents = createJobDocuments(scenario);
    const names = new Map(
      scenario.given.things.map(({ thing, nameLength = 0 }) => [thing, thing.padEnd(nameLength, 'x')]),
    );
    this.thingNames = [...names.values()];
    this.names = {
      thingName: (label) => names.get(label) ?? label,
      jobId: (label) => `${label}${suffix}`,
    };
    this.versions = new Map([...this.#documents.versions()].map(([job, version]) => [this.names.jobId(job), version]));
  }

  get origin(): ImageOrigin {
    return this.#documents.origin;
  }

  attend(look: (seen: Observation) => void): void {
    const { scenario, attend } = this.#options;
    const jobs = [...scenario.meanwhile, ...scenario.script].flatMap(({ deeds }) =>
      deeds.flatMap((deed) => ('job' in deed ? [this.names.jobId(deed.job)] : [])),
    );
    attend(this.thingNames, [...new Set(jobs)], (seen) => {
      if (seen.kind === 'execution' && seen.status === 'QUEUED') {
        const { jobId, executionNumber } = seen.execution;
        this.#numbers.set(`${jobId} ${seen.thingName}`, executionNumber);
      }
      look(seen);
    });
    // Whoever is connected already says it no more.
    for (const thingName of this.thingNames) {
      if (this.#options.devices.get(thingName)?.view().connected !== true) continue;
      look({ kind: 'connected', source: 'device', at: this.now(), thingName, sessionPresent: false });
    }
  }

  hold({ thingName }: Observation): (() => void) | undefined {
    const { devices, onHold } = this.#options;
    const device = thingName === undefined ? undefined : devices.get(thingName);
    if (device === undefined) return undefined;
    device.hold();
    onHold?.(device.thingName, true);
    return () => {
      onHold?.(device.thingName, false);
      device.release();
    };
  }

  now(): EpochMs {
    return this.#options.clock.now();
  }

  setTimer(at: EpochMs, ring: () => void): () => void {
    return this.#options.clock.setTimer(at, ring);
  }

  async perform(deed: Deed): Promise<void> {
    if (isOperators(deed)) return this.#operate(deed);
    const { devices, onInject } = this.#options;
    if (deed.do === 'end-faults') {
      for (const thingName of this.thingNames) devices.get(thingName)?.endFaults();
      return;
    }
    if (deed.do === 'image') return this.#documents.setImage(deed.job, deed.condition);
    const fault = stationFaultOf(deed);
    if (fault === undefined) throw new RangeError('a live fleet cannot be put through this');
    const thingName = this.#thingOf(deed);
    onInject?.(thingName);
    devices.get(thingName)?.inject(fault);
  }

  #thingOf(deed: Deed): string {
    const label = 'thing' in deed ? deed.thing : undefined;
    return label === undefined ? (this.thingNames[0] ?? '') : this.names.thingName(label);
  }

  async #operate(deed: OperatorDeed): Promise<void> {
    const { operator, groupName } = this.#options;
    const thingName = this.#thingOf(deed);
    const jobId = 'job' in deed ? this.names.jobId(deed.job) : '';
    switch (deed.do) {
      case 'create-job':
        return this.#createJob(jobId, deed);
      case 'update-job':
        return operator.updateJob(jobId, deed.timeoutMinutes);
      case 'cancel-job':
        return unlessRefused(operator.cancelJob(jobId, deed.force));
      case 'delete-job':
        this.#options.deletedJobs.add(jobId);
        return unlessRefused(operator.deleteJob(jobId, { force: deed.force, ...namespaceOf(deed.namespace) }));
      case 'cancel-execution':
        return unlessRefused(operator.cancelExecution({ jobId, thingName }, deed.force));
      case 'delete-execution': {
        const executionNumber = deed.number ?? this.#numbers.get(`${jobId} ${thingName}`);
        if (executionNumber === undefined) return;
        const execution = { jobId, thingName, executionNumber, ...namespaceOf(deed.namespace) };
        return unlessRefused(operator.deleteExecution(execution, deed.force));
      }
      case 'leave-group':
        return operator.leaveGroup(thingName, groupName);
      case 'join-group':
        return operator.joinGroup(thingName, groupName);
      case 'rejoin-group':
        await operator.leaveGroup(thingName, groupName);
        return operator.joinGroup(thingName, groupName);
      case 'delete-thing':
        return operator.deleteThing(thingName);
    }
  }

  /** Under an id that is still being given up, once it is free again. */
  async #createJob(jobId: string, deed: DeedOf<'create-job'>): Promise<void> {
    const { operator, groupName, texts, deletedJobs, onDocument } = this.#options;
    if (deletedJobs.delete(jobId)) await operator.whenGone(jobId);
    const own = this.#documents.create(deed);
    const document = texts?.get(deed.job) ?? own;
    onDocument?.(jobId, document);
    await operator.createJob({
      jobId,
      document,
      ...(deed.group === true
        ? { groupName }
        : { things: deed.things?.map((label) => this.names.thingName(label)) ?? this.thingNames }),
      ...namespaceOf(deed.namespace),
      ...(deed.timeoutMinutes !== undefined && { inProgressTimeoutMinutes: deed.timeoutMinutes }),
    });
  }
}

const refusals = /^(ResourceNotFound|InvalidRequest|InvalidStateTransition)Exception$/;

/** It has ended, or is gone, by itself: there is nothing left to end. */
async function unlessRefused(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof Error) || !refusals.test(error.name)) throw error;
  }
}
