/**
 * The live world of our own fleet: what the operator does goes through the unmodified AWS SDK, what goes wrong is done to the
 * stations of the devices. A device that has come to its moment stands still while the operator acts on it, so that the moment
 * is hit at any speed, and the device learns of it as it would in the field: from the wire.
 */
import type { ImageOrigin } from '../../agent/device/image.ts';
import type { LiveDevice } from '../../agent/live-device.ts';
import type { Observation } from '../../observation/observation.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { Deed, Names, Scenario } from '../scenario/contract.ts';
import type { Sight } from '../verdict/contract.ts';
import { isOperators, stationFaultOf } from '../virtual/deeds.ts';
import { type JobDocuments, createJobDocuments } from '../virtual/job-documents.ts';
import type { HostClock } from './host-clock.ts';
import { OperatorDeeds } from './operator-deeds.ts';
import type { Operator } from './operator.ts';
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
  readonly texts?: ReadonlyMap<string, string> | undefined;
  /** Has this called for all that is seen of these things and jobs. */
  readonly attend: (
    thingNames: readonly string[],
    jobIds: readonly string[],
    look: (seen: Observation) => void,
  ) => void;
  /** This job is about to be made, with this document. */
  readonly onDocument?: (jobId: string, text: string) => void;
  /** What is done to a device is a deed of the scenario, and no fault of a plan. */
  readonly onInject?: (thingName: string) => void;
  /** A device stands still, or goes on. */
  readonly onHold?: (thingName: string, isHeld: boolean) => void;
}

export const fleetSights: ReadonlySet<Sight> = new Set(['inside', 'power', 'downloads']);

export class FleetWorld implements LiveWorld {
  readonly names: Names;
  readonly thingNames: readonly string[];
  readonly sights = fleetSights;
  readonly tellsLag = true;
  readonly versions: ReadonlyMap<string, string>;
  readonly #options: FleetWorldOptions;
  readonly #documents: JobDocuments;
  readonly #operator: OperatorDeeds;

  constructor(options: FleetWorldOptions) {
    const { scenario, suffix, texts, onDocument } = options;
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
    this.#operator = new OperatorDeeds({
      ...options,
      names: this.names,
      thingNames: this.thingNames,
      documentOf: (deed, jobId) => {
        const own = this.#documents.create(deed);
        const text = texts?.get(deed.job) ?? own;
        onDocument?.(jobId, text);
        return { text };
      },
    });
  }

  /** Serves the images behind the scenario's documents, good or broken, to boards that are made with it. */
  get origin(): ImageOrigin {
    return this.#documents.origin;
  }

  attend(look: (seen: Observation) => void): void {
    const { scenario, attend, devices } = this.#options;
    const jobs = [...scenario.meanwhile, ...scenario.script].flatMap(({ deeds }) =>
      deeds.flatMap((deed) => ('job' in deed ? [this.names.jobId(deed.job)] : [])),
    );
    attend(this.thingNames, [...new Set(jobs)], look);
    // Whoever is connected already says it no more.
    for (const thingName of this.thingNames) {
      if (devices.get(thingName)?.view().connected !== true) continue;
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
    if (isOperators(deed)) return this.#operator.perform(deed);
    const { devices, onInject } = this.#options;
    if (deed.do === 'end-faults') {
      for (const thingName of this.thingNames) devices.get(thingName)?.endFaults();
      return;
    }
    if (deed.do === 'image') return this.#documents.setImage(deed.job, deed.condition);
    const fault = stationFaultOf(deed);
    if (fault === undefined) throw new RangeError('a live fleet cannot be put through this');
    const label = 'thing' in deed ? deed.thing : undefined;
    const thingName = label === undefined ? (this.thingNames[0] ?? '') : this.names.thingName(label);
    onInject?.(thingName);
    devices.get(thingName)?.inject(fault);
  }
}
