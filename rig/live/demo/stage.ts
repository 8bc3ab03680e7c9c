/**
 * Where the demo plays: service, operator, devices and judges on one clock in one process. Whatever is seen is shown to the judge of
 * its device, and to whoever plays a scenario with it; nothing is looked at twice.
 */
import { addAbortListener } from 'node:events';
import type { BoardOptions } from '../../../agent/board/board.ts';
import type { Board } from '../../../agent/board/contract.ts';
import type { AgentBehaviour } from '../../../agent/core/behaviour.ts';
import type { HardwareProfile } from '../../../agent/device/profile.ts';
import { type Fleet, startFleet } from '../../../agent/fleet.ts';
import { thingNameOf } from '../../../agent/fleet-names.ts';
import type { LivePage } from '../../../broker/live/page-run.ts';
import { type Service, startService } from '../../../broker/start-service.ts';
import type { FaultPlan } from '../../../faults/plan.ts';
import { type Tally, createTally } from '../../../faults/tally.ts';
import type { FaultName } from '../../../faults/thing-faults.ts';
import type { DeviceView } from '../../../observation/inside.ts';
import type { Observation, ObservationOf, Observer } from '../../../observation/observation.ts';
import { observeAll, observeEvery, show } from '../../../observation/observers.ts';
import type { Scenario } from '../../scenario/contract.ts';
import { dutiesBy } from '../../scenario/document-law.ts';
import type { DurationMs } from '../../../protocol/time.ts';
import { claimName } from '../../report/claim-words.ts';
import type { ClaimId, Finding, Judge } from '../../verdict/contract.ts';
import { createJudge, observeFor } from '../../verdict/judge.ts';
import { type Limits, limitsWith } from '../../verdict/limits.ts';
import { roomIn } from '../../virtual/subjects.ts';
import { type ExchangeLag, watchExchanges } from '../exchange-lag.ts';
import { FleetWorld, fleetSights } from '../fleet-world.ts';
import { type HostClock, createHostClock } from '../host-clock.ts';
import { Operator } from '../operator.ts';
import { onlyPlain } from '../own-service.ts';
import type { LiveWorld } from '../play.ts';
import { greengrassNamespace } from './documents.ts';
import { type PullWatch, watchPulls } from './pull-watch.ts';
import { present } from '../../../protocol/json.ts';
import { demoNamespace } from './waves.ts';

export interface StageOptions {
  readonly things: number;
  readonly seed: number;
  /** Device seconds in a wall second, where the machine is quick enough for it; the service's too. */
  readonly timeScale: number;
  /** Profiles for the things to take in turn. */
  readonly hardware: readonly HardwareProfile[];
  /** What goes wrong beside the pulls, since all devices are connected. */
  readonly faults?: FaultPlan;
  /** Ends what is under way: it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (figures: StageFigures) => void;
  /** The operator has called the control plane. */
  readonly onCall?: (call: ObservationOf<'called'>) => void;
  /** A judge is certain that a device breaks a claim; in words. */
  readonly onBreak?: (thingName: string, claim: ClaimId, reason: string) => void;
  /** People look on: the waves begin when one of them presses the button on the live page. */
  readonly audience?: Audience;
  /** Another board than the reference device, to see the verdict fail. */
  readonly boardOf?: (options: BoardOptions) => Board;
  /** Milliseconds of the wall clock; another one for tests of a slow machine. */
  readonly wall?: () => number;
}

export interface Audience {
  /** What one device of the fleet runs: it turns red, and the page says why. */
  readonly bug: AgentBehaviour;
}

export interface StageFigures {
  readonly things: number;
  readonly connected: number;
  readonly pulled: number;
  readonly recovered: number;
  readonly canaries: number;
}

type Look = (seen: Observation) => void;

/** Of all job documents of the demo. */
const largestImageBytes = 256 * 1024;
export const prefix = 'thing-';
const groupName = 'jobrig-demo';
const region = 'us-east-1';

/** Starts the service on free ports of loopback; its devices come with {@link Stage.connect}. */
export async function openStage(options: StageOptions): Promise<Stage> {
  const { timeScale, faults, seed } = options;
  const clock = createHostClock(options);
  const service = await startService({
    ...onlyPlain,
    region,
    timeScale,
    seed,
    ...(faults && { faults }),
    clockOf: () => clock,
    keepsPage: true,
  });
  return new Stage(options, clock, service);
}

export class Stage implements AsyncDisposable {
  readonly options: StageOptions;
  readonly thingNames: readonly string[];
  readonly clock: HostClock;
  readonly judges: ReadonlyMap<string, Judge>;
  readonly pulls: PullWatch;
  readonly exchanges: ExchangeLag;
  readonly faults: Tally = createTally();
  /** Things of which a claim is broken for certain, with what was found of each. */
  readonly broken = new Map<string, readonly Finding[]>();
  /** Things that somebody has done something to on the live page. */
  readonly touched = new Set<string>();
  readonly #observer: Observer;
  /** As the fleet takes them, in turn. */
  readonly #profiles: ReadonlyMap<string, HardwareProfile>;
  /** Who plays with a thing, and whose a job is. */
  readonly #ofThing = new Map<string, Look>();
  readonly #ofJob = new Map<string, Look>();
  /** By job, the document that it was made with last. */
  readonly #documents = new Map<string, string>();
  readonly #connected = new Set<string>();
  /** Things of which the next fault is a deed of a scenario. */
  readonly #ownFaults = new Set<string>();
  readonly #counts = { pulled: 0, recovered: 0, canaries: 0 };
  readonly #service: Service;
  readonly #operator: Operator;
  /** Somebody has pressed the start button. */
  readonly #begin = new AbortController();
  #fleet: Fleet | undefined;

  constructor(options: StageOptions, clock: HostClock, service: Service) {
    const { things, hardware, signal } = options;
    this.options = options;
    this.clock = clock;
    this.#service = service;
    this.thingNames = Array.from({ length: things }, (_, index) => thingNameOf(prefix, index + 1));
    this.#profiles = new Map(this.thingNames.map((thingName, at) => [thingName, hardware[at % hardware.length]!]));
    this.judges = new Map(
      [...this.#profiles].map(([thingName, profile]) => [
        thingName,
        createJudge({
          thingName,
          sights: fleetSights,
          limits: limitsOf(profile),
          dutyOf: dutiesBy((jobId) => this.#documents.get(jobId), { room: roomIn(profile), isServed }),
          onBreak: (finding) => this.#broke(thingName, finding),
        }),
      ]),
    );
    this.pulls = watchPulls({
      onPull: () => this.#count('pulled'),
      onRecovery: () => this.#count('recovered'),
    });
    this.exchanges = watchExchanges((seen) => show(this.#observer, seen));
    this.#observer = observeAll([
      observeFor(this.judges),
      this.pulls.observer,
      this.exchanges.observer,
      this.#counting(),
      observeEvery((seen) => this.#playersOf(seen)?.(seen)),
    ]);
    const { execution, job, download } = this.#observer;
    service.observe(present({ execution, job, download }));
    service.onFault(({ name, operation }, thingName) =>
      show(this.#observer, {
        kind: 'fault',
        source: 'service',
        at: clock.now(),
        name,
        ...present({ thingName, operation }),
      }),
    );
    this.#operator = new Operator({
      endpoint: service.httpUrl ?? '',
      region,
      now: clock.now,
      onCall: (call) => {
        show(this.#observer, call);
        options.onCall?.(call);
      },
      signal,
    });
    this.#present();
  }

  /** Where a browser finds the live page. */
  get pageUrl(): string {
    return this.#service.pageUrl ?? '';
  }

  get page(): LivePage {
    return this.#service.page;
  }

  /** Somebody presses the start button; at once where nobody looks on. */
  async started(): Promise<void> {
    const { audience, signal } = this.options;
    if (audience === undefined) return;
    const bug = 'One of them has a known bug. Pull jobs yourself meanwhile: choose a device, or a whole job.';
    this.page.narrate(`${this.options.things} devices will update, and lose their job while they do. ${bug}`);
    this.page.awaitStart(true);
    const ends = AbortSignal.any([this.#begin.signal, ...(signal === undefined ? [] : [signal])]);
    await new Promise<void>((resolve) => addAbortListener(ends, () => resolve()));
    signal?.throwIfAborted();
  }

  #present(): void {
    const { seed, faults, timeScale, audience } = this.options;
    const inject = (things: readonly string[], kind: 'power-cut' | 'link-lost', forMs: DurationMs): void => {
      for (const thingName of things) this.#fleet?.devices.get(thingName)?.inject({ kind, forMs });
    };
    this.page.present({
      verb: 'demo',
      about: `seed ${seed} · faults: ${faults === undefined ? 'none' : 'by plan'}`,
      things: this.thingNames,
      seesDevices: true,
      speed: timeScale,
      viewOf: (thingName) => this.viewOf(thingName),
      hardwareOf: (thingName) => this.hardwareOf(thingName)?.name,
      powerCut: (things, forMs) => inject(things, 'power-cut', forMs),
      dropLink: (things, forMs) => inject(things, 'link-lost', forMs),
      setSpeed: (factor) => this.clock.setTimeScale(factor),
      ...(audience && { start: () => this.#begin.abort() }),
      touched: (things) => things.forEach((thingName) => this.touched.add(thingName)),
    });
  }

  /** Of a device that somebody has done something to, a claim is not the demo's to judge. */
  #broke(thingName: string, finding: Finding): void {
    const { claim, reason } = finding;
    if (this.touched.has(thingName)) return;
    // What broke first says most; the rest mostly follows from it.
    const before = this.broken.get(thingName);
    if (before === undefined) this.page.judged(thingName, true, `${reason} (${claimName(claim)})`);
    this.broken.set(thingName, [...(before ?? []), finding]);
    this.options.onBreak?.(thingName, claim, reason);
  }

  /** Creates the things and connects their devices. */
  async connect(): Promise<void> {
    const { onProgress: _ofTheStage, ...options } = this.options;
    await this.#operator.createThings(this.thingNames, groupName);
    this.#fleet = await startFleet({
      ...options,
      endpoint: this.#service.mqttUrl ?? '',
      prefix,
      clock: this.clock,
      namespaces: [greengrassNamespace, demoNamespace],
      observer: observeAll([this.#observer, this.page.observer]),
    });
  }

  worldFor(scenario: Scenario, suffix: string, texts?: ReadonlyMap<string, string>): LiveWorld {
    return new FleetWorld({
      scenario,
      suffix,
      operator: this.#operator,
      clock: this.clock,
      devices: this.#fleet?.devices ?? new Map(),
      groupName,
      onDocument: (jobId, text) => this.#documents.set(jobId, text),
      attend: (thingNames, jobIds, look) => {
        for (const thingName of thingNames) this.#ofThing.set(thingName, look);
        for (const jobId of jobIds) this.#ofJob.set(jobId, look);
      },
      onInject: (thingName) => this.#ownFaults.add(thingName),
      onHold: (thingName, isHeld) => {
        this.exchanges.forget(thingName);
        if (!isHeld) this.pulls.wentOn(thingName, this.clock.now());
      },
      texts,
    });
  }

  hardwareOf(thingName: string): HardwareProfile | undefined {
    return this.#profiles.get(thingName);
  }

  viewOf(thingName: string): DeviceView | undefined {
    return this.#fleet?.devices.get(thingName)?.view();
  }

  get figures(): StageFigures {
    return { things: this.options.things, connected: this.#connected.size, ...this.#counts };
  }

  /** Lets the devices go; the service stays. */
  async leave(): Promise<void> {
    await this.#fleet?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
    this.#operator[Symbol.dispose]();
    await this.#service.close();
    this.clock[Symbol.dispose]();
  }

  #playersOf(seen: Observation): Look | undefined {
    if (seen.thingName !== undefined) return this.#ofThing.get(seen.thingName);
    return 'jobId' in seen && seen.jobId !== undefined ? this.#ofJob.get(seen.jobId) : undefined;
  }

  #counting(): Observer {
    return {
      connected: ({ thingName = '' }) => {
        this.#connected.add(thingName);
        this.#tell();
      },
      disconnected: ({ thingName = '' }) => {
        this.#connected.delete(thingName);
        this.#tell();
      },
      execution: ({ execution: { jobId }, status }) => {
        if (status === 'SUCCEEDED' && jobId.startsWith('canary')) this.#count('canaries');
      },
      fault: ({ name, thingName = '' }) => {
        if (!this.#ownFaults.delete(thingName)) this.faults.add(name as FaultName);
      },
    };
  }

  #count(what: 'pulled' | 'recovered' | 'canaries'): void {
    this.#counts[what] += 1;
    this.#tell();
  }

  #tell(): void {
    this.options.onProgress?.(this.figures);
  }
}

/** Images come from nowhere, and all of them; of streams there is none. */
function isServed(url: string): boolean {
  return !url.startsWith('stream:');
}

/** The table's limit is made for the images of simulated runs; the demo's are as large as real ones. */
function limitsOf({ flash }: HardwareProfile): Partial<Limits> {
  const { erasesPerExecution } = limitsWith();
  const sectors = Math.ceil(largestImageBytes / flash.sectorBytes);
  return { erasesPerExecution: Math.max(erasesPerExecution, 2 * sectors) };
}
