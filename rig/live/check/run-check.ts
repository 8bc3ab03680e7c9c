/**
 * A check from its handshake to its last scenario: the handshake shows the device's portrait, the portrait decides what can be
 * tried and how long it may take, lanes play scenarios side by side, and whatever happens, nothing is left running.
 * Source of the order: the handshake is the only thing that is tried on a device that cannot do a plain job.
 */
import { join } from 'node:path';
import PQueue from 'p-queue';
import type { DurationMs } from '../../../protocol/time.ts';
import type { Need, Scenario } from '../../scenario/contract.ts';
import { whySkipped } from '../../scenario/needs.ts';
import type { Sight } from '../../verdict/contract.ts';
import { limitsWith } from '../../verdict/limits.ts';
import { BenchPlace, type PlaceOptions } from './bench-place.ts';
import type { CheckResult, ScenarioRun } from './check-result.ts';
import { CheckRecord, type PlayedScenarios } from './check-record.ts';
import { diagnose } from './diagnosis.ts';
import { handshake } from './handshake.ts';
import { type LaneOptions, openLane } from './lane.ts';
import { PageBoard } from './page-board.ts';
import { type Endpoints, readTemplate } from './equipment.ts';
import { readOwnFiles } from './job-documents.ts';
import { type Portrait, limitsOf, portraitOf, settleMsOf } from './portrait.ts';
import type { Program } from './program.ts';
import { suited } from './suited.ts';
import { runOf, skippedRun } from './scenario-run.ts';
import { openScratch } from './scratch.ts';
import { ShadowVersion } from './shadow-version.ts';
import type { Moment } from '../../scenario/moments.ts';
import { thatHold } from '../../../protocol/json.ts';
import { pullScenarios } from './sweep.ts';

export interface CheckOptions extends PlayedScenarios, PlaceOptions, Pick<LaneOptions, 'host' | 'ports'> {
  /** Scenarios at once; default 1. */
  readonly parallel?: number;
  /** For each scenario. */
  readonly timeoutMs?: DurationMs | undefined;
  /** For the handshake: how long a device may take to appear and finish a plain job. */
  readonly handshakeMs?: DurationMs | undefined;
}

const defaultTimeoutMs: DurationMs = 5 * 60_000;
const defaultHandshakeMs: DurationMs = 60_000;
/** A person has to switch an attached device on. */
const attachedHandshakeMs: DurationMs = 10 * 60_000;
/** A program that ends so often without connecting will not connect. */
const hopelessExits = 4;

/** @throws {OperationalError} when the check cannot begin: a port, a file, a program that is not there */
export async function runDeviceCheck(options: CheckOptions): Promise<CheckResult> {
  await using directory = openScratch('jobrig-check-');
  const check = new Check(options, directory.path);
  try {
    return await check.run();
  } finally {
    await check.close();
  }
}

class Check {
  readonly #options: CheckOptions;
  readonly #directory: string;
  readonly #places: BenchPlace[] = [];
  readonly #shadow = new ShadowVersion();
  readonly #board: PageBoard;
  readonly #record: CheckRecord;
  /** Lanes, those that are just being opened too. */
  #opened = 0;

  constructor(options: CheckOptions, directory: string) {
    this.#options = options;
    this.#directory = directory;
    this.#board = new PageBoard(options.scenarios);
    this.#record = new CheckRecord({
      ...options,
      subject: this.#name,
      runsEach: options.repeat ?? 1,
      onEvent: (event) => {
        if (this.#board.take(event)) this.#showBoard();
        options.onEvent?.(event);
      },
    });
  }

  async run(): Promise<CheckResult> {
    await readOwnFiles(this.#options);
    for (const template of this.#options.templates ?? []) await readTemplate(template);
    const first = await this.#openPlace();
    const shaken = await this.#unlessAborted(this.#shakeHands(first));
    if (shaken === undefined) return this.#result({});
    const { run, portrait, diagnosis, moments } = shaken;
    if (portrait === undefined) return this.#result({ handshake: run, ...(diagnosis && { diagnosis }) });
    this.#record.tell({ kind: 'portrait', portrait });
    const pace = paceOf(portrait, this.#options);
    const tasks = this.#plan(first, portrait, moments);
    await this.#work(first, tasks, pace);
    this.#record.conclude();
    return this.#result({ handshake: run, portrait });
  }

  async close(): Promise<void> {
    await Promise.all(this.#places.map(({ lane }) => lane.close()));
  }

  get #isAttached(): boolean {
    return this.#options.subject.kind === 'attached';
  }

  get #name(): string {
    const { subject, name } = this.#options;
    if (name !== undefined) return name;
    return subject.kind === 'attached' ? `the attached device ${subject.thingName}` : subject.command.join(' ');
  }

  async #openPlace(): Promise<BenchPlace> {
    const directory = join(this.#directory, `lane-${(this.#opened += 1)}`);
    const lane = await openLane({ ...this.#options, directory, shadow: this.#shadow, about: this.#name });
    const place = new BenchPlace(lane, directory, this.#options);
    this.#places.push(place);
    this.#showBoard();
    return place;
  }

  #showBoard(): void {
    const { lines } = this.#board;
    for (const { lane } of this.#places) lane.service.page.scenarios(lines);
  }

  /** What was asked to stop is no failure: what there is until then is the result. */
  async #unlessAborted<Value>(work: Promise<Value>): Promise<Value | undefined> {
    try {
      return await work;
    } catch (error) {
      if (this.#options.signal?.aborted !== true) throw error;
      return undefined;
    }
  }

  async #shakeHands(place: BenchPlace) {
    const { handshakeMs, signal } = this.#options;
    const timeoutMs = handshakeMs ?? (this.#isAttached ? attachedHandshakeMs : defaultHandshakeMs);
    const hopeless = new AbortController();
    let thing = '';
    let watching: NodeJS.Timeout | undefined;
    const watch = (program: Program): void => {
      watching = setInterval(() => {
        if (program.exits >= hopelessExits || (program.exits > 0 && !program.isRunning && this.#neverRestarts)) {
          hopeless.abort();
        }
      }, 50);
    };
    const { lane } = place;
    const endpoints = endpointsInWords(lane.endpoints);
    try {
      const shaken = await handshake(place, {
        timeoutMs,
        settleMs: timeoutMs,
        signal,
        giveUp: hopeless.signal,
        onProgram: watch,
        onReady: ({ thingName }) => {
          thing = thingName;
          const { pageUrl } = lane.service;
          this.#record.tell({ kind: 'ready', thingName, endpoints, isAttached: this.#isAttached, pageUrl });
        },
      });
      const run = runOf(shaken.played);
      const { observations } = shaken.played;
      if (shaken.isDone) {
        return { run, portrait: portraitOf(observations, shaken.jobId, shaken.version), moments: shaken.moments };
      }
      const diagnosis = diagnose({
        seen: observations,
        thingName: thing,
        jobId: shaken.jobId,
        doorRefusals: lane.refusals(),
        endpoints,
        isAttached: this.#isAttached,
        hasOwnDocument: this.#options.document !== undefined,
      });
      this.#record.tell({ kind: 'failed-handshake', diagnosis });
      return { run, diagnosis, moments: [] };
    } finally {
      clearInterval(watching);
    }
  }

  get #neverRestarts(): boolean {
    const { subject } = this.#options;
    return subject.kind === 'program' && subject.restart === 'never';
  }

  /** Skips what this device cannot be put through, and queues the rest. */
  #plan(place: BenchPlace, portrait: Portrait, moments: readonly Moment[]): readonly Task[] {
    const { scenarios, repeat = 1, sweep } = this.#options;
    const offer = place.offer(needsMetBy(portrait));
    const tasks: Task[] = [];
    for (const given of scenarios) {
      const scenario = suited(given, portrait);
      const reason = typeof scenario === 'string' ? scenario : whySkipped(scenario, offer);
      if (typeof scenario === 'string' || reason !== undefined)
        this.#record.keep(skippedRun(given, reason ?? '', Date.now()));
      else for (let count = 0; count < repeat; count += 1) tasks.push({ scenario });
    }
    if (sweep !== undefined) {
      for (const point of pullScenarios(moments, sweep.points, offer.has.has('power'))) {
        if (sweep.done?.has(point.scenario.id) !== true) tasks.push({ scenario: point.scenario, point });
      }
    }
    const swept = tasks.filter(({ point }) => point !== undefined).length;
    this.#record.tell({ kind: 'planned', scenarios: tasks.length - swept, moments: swept });
    return tasks;
  }

  async #work(first: BenchPlace, tasks: readonly Task[], pace: Pace): Promise<void> {
    const { parallel = 1, thingName, signal } = this.#options;
    const lanes =
      this.#isAttached || thingName !== undefined || this.#hasFixedPorts ? 1 : Math.min(parallel, tasks.length);
    const free: BenchPlace[] = [first];
    const queue = new PQueue({ concurrency: Math.max(1, lanes) });
    const stop = new AbortController();
    await queue.addAll(
      tasks.map((task) => async () => {
        if (signal?.aborted === true || stop.signal.aborted) {
          this.#record.isPartial = true;
          return;
        }
        const place = free.pop() ?? (await this.#openPlace());
        try {
          await this.#runTask(place, task, pace);
        } finally {
          free.push(place);
        }
        if (this.#options.bail === true && this.#record.hasFailed) stop.abort();
      }),
    );
  }

  get #hasFixedPorts(): boolean {
    return Object.values(this.#options.ports ?? {}).some((port) => typeof port === 'number' && port > 0);
  }

  async #runTask(place: BenchPlace, { scenario, point }: Task, pace: Pace): Promise<void> {
    const { signal } = this.#options;
    this.#record.tell({ kind: 'started', id: scenario.id });
    let run: ScenarioRun;
    try {
      run = runOf(await place.play(scenario, { ...pace, signal }));
    } catch (error) {
      if (signal?.aborted === true) {
        this.#record.isPartial = true;
        return;
      }
      const reason = `the rig could not go on: ${error instanceof Error ? error.message : String(error)}`;
      run = { ...skippedRun(scenario, reason, Date.now()), verdict: 'inconclusive' };
    }
    if (point === undefined) return this.#record.keep(run);
    const { atMs, label, cross } = point;
    this.#record.keepPoint({ atMs, label, cross, run });
  }

  #result(about: Pick<CheckResult, 'handshake' | 'portrait' | 'diagnosis'>): CheckResult {
    this.#record.isPartial ||= this.#options.signal?.aborted === true;
    return this.#record.result(about);
  }
}

interface Task {
  readonly scenario: Scenario;
  readonly point?: { readonly atMs: DurationMs; readonly label: string; readonly cross: string };
}

interface Pace {
  readonly settleMs: DurationMs;
  readonly timeoutMs: DurationMs;
  readonly limits: ReturnType<typeof limitsOf>;
  readonly sights: readonly Sight[];
}

function paceOf(portrait: Portrait, options: CheckOptions): Pace {
  const settleMs = options.settleMs ?? settleMsOf(portrait);
  const timeoutMs = options.timeoutMs ?? Math.max(defaultTimeoutMs, 6 * settleMs);
  return { settleMs, timeoutMs, limits: limitsOf(portrait, settleMs, limitsWith()), sights: sightsOf(portrait) };
}

/** A claim may count on what the device showed in its handshake. */
function sightsOf({ reportsVersionBy, isWitnessed }: Portrait): readonly Sight[] {
  return thatHold({ shadow: reportsVersionBy.includes('shadow'), witness: isWitnessed });
}

function needsMetBy({ session, downloadsBy, restartsToUpdate }: Portrait): readonly Need[] {
  return thatHold({
    'persistent-session': session === 'persistent',
    download: downloadsBy.length > 0,
    reboots: restartsToUpdate,
    image: downloadsBy.includes('http'),
    stream: downloadsBy.includes('stream'),
  });
}

function endpointsInWords({ host, mqttPort, mqttsPort }: Endpoints): string {
  const plain = mqttPort === undefined ? [] : [`mqtt://${host}:${mqttPort}`];
  const tls = mqttsPort === undefined ? [] : [`mqtts://${host}:${mqttsPort}`];
  return [...plain, ...tls].join(' or ');
}
