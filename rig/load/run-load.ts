/**
 * Runs a load: starts the processes, connects the fleet, plays the shape's script and gathers what every process counted. It
 * looks at its processes five times a second; triggers and progress are judged by what it saw. Whatever ends a run early, the
 * result so far is kept and says so, and no process stays behind.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { present } from '../../protocol/json.ts';
import { unreachable } from '../../agent/endpoint.ts';
import type { DurationMs } from '../../protocol/time.ts';
import { maxRolloutPerMinute } from '../../protocol/limits.ts';
import type { LoadRun, Pacing, ShapeDeed, ShapeTrigger, Work } from './contract.ts';
import { type CountedTrigger, type Disturbed, type Goal, goalOf, wordsOf } from './goal.ts';
import { loadDocument } from './job-document.ts';
import type { LoadOptions } from './load-options.ts';
import { LoadProcesses } from './load-processes.ts';
import { type RunTime, progressTo } from './load-progress.ts';
import { monotonicMs } from './monotonic.ts';
import { paceOf } from './pacing.ts';
import { patienceOf, watchStandstill } from './patience.ts';
import { EndedEarly, RunEnd, withResolvers } from './run-end.ts';
import { RunNotes } from './run-notes.ts';
import { ServiceWatch } from './service-watch.ts';
import { type RolledOut, Tally } from './tally.ts';

export type { LoadOptions } from './load-options.ts';

const usualLookMs = 200;
const latenciesEveryMs = 1000;
const closeWithinMs = 5000;
const toldWithinMs = 50;
const closeUnstartedWithinMs = 200;

/** @throws {OperationalError} `ENDPOINT_UNREACHABLE` when not even the first device gets through */
export async function runLoad(options: LoadOptions): Promise<LoadRun> {
  const run = new RunningLoad(options);
  try {
    return await run.play();
  } finally {
    await run.close();
  }
}

interface Rollout extends Pick<RolledOut, 'base' | 'planned'> {
  readonly by: 'joining' | 'service';
}

interface Waiting {
  readonly since: number;
  readonly holds: () => boolean;
  readonly found: () => void;
}

class RunningLoad {
  readonly #options: LoadOptions;
  readonly #tally: Tally;
  readonly #processes: LoadProcesses;
  readonly #end: RunEnd;
  readonly #notes: RunNotes;
  readonly #watch: ServiceWatch;
  readonly #rollouts = new Map<string, Rollout>();
  #disturbed: Disturbed = { things: () => 0, recoveredBefore: 0 };
  #looks = 0;
  #isLooking = true;
  #isStarted = false;
  #waiting: Waiting | undefined;
  #act = 'starting';
  #goal: (() => Goal) | undefined;
  #plays = 0;
  #time: RunTime | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#tally = new Tally(options);
    this.#end = new RunEnd(options.signal);
    this.#notes = new RunNotes(options.shape);
    this.#watch = new ServiceWatch(options);
    this.#processes = new LoadProcesses(options, this.#tally, {
      act: (act) => this.#end.hasCome || this.#does(act),
      ended: (name, how) => {
        if (this.#isLooking) this.#end.processEnded(name, how);
      },
    });
  }

  async play(): Promise<LoadRun> {
    const looking = this.#startAndLook();
    try {
      await this.#end.orEnded(this.#started.promise);
      await this.#connect();
      await this.#playScript();
      await this.#settle();
    } catch (error) {
      if (!(error instanceof EndedEarly)) throw error;
      this.#tally.stopped(error.message);
    }
    this.#isLooking = false;
    // Before everything has started there is nothing to be known.
    if (this.#isStarted) {
      if (await within(looking, closeWithinMs)) await this.#lastLook();
    }
    const run = this.#tally.run();
    const notes = this.#notes.of(run);
    return notes.length === 0 ? run : { ...run, notes };
  }

  async #startAndLook(): Promise<void> {
    try {
      await this.#start();
      await this.#lookOn();
    } catch (error) {
      this.#end.failed(error);
    }
  }

  async close(): Promise<void> {
    this.#isLooking = false;
    this.#does('ending');
    await this.#processes.close(this.#isStarted ? closeWithinMs : closeUnstartedWithinMs);
  }

  readonly #started = withResolvers();

  async #start(): Promise<void> {
    await this.#processes.start();
    await this.#look(false);
    this.#tally.processes.idle();
    this.#isStarted = true;
    this.#started.resolve();
  }

  async #connect(): Promise<void> {
    const { count } = this.#tally;
    this.#does('connecting', () => ({ name: 'connected', done: this.#tally.fleet.connected, total: count }));
    const began = this.#tally.begin('connect');
    const failures = await this.#end.orEnded(this.#processes.askFleet('connect'));
    const failure = failures.find((reason) => reason !== undefined);
    if (failure !== undefined) {
      const { endpoint = 'the service' } = this.#options;
      throw unreachable(endpoint, failure);
    }
    await this.#until(
      () => this.#tally.fleet.connected + this.#tally.failures > 0 && this.#tally.fleet.connected >= count,
    );
    began();
    this.#tally.allConnected();
  }

  async #playScript(): Promise<void> {
    const { shape } = this.#options;
    const { script } = shape;
    const durationMs = this.#options.durationMs ?? (shape.repeats ? shape.given.durationMs : undefined);
    const fromMs = monotonicMs();
    const endAt = fromMs + (durationMs ?? Infinity);
    if (durationMs !== undefined && script.some(({ deeds }) => deeds.length > 0)) this.#time = { fromMs, endMs: endAt };
    do {
      for (const { when, deeds } of script) {
        if (this.#plays > 0 && monotonicMs() >= endAt) break;
        if (when !== undefined) await this.#await(when, endAt);
        for (const deed of deeds) await this.#end.orEnded(this.#do(deed, endAt));
        if (deeds.length > 0) await this.#until(() => true);
      }
      this.#plays += 1;
      // What a rollout has not finished when the script begins anew is finished before.
      if (shape.repeats) await this.#settle();
    } while (shape.repeats && monotonicMs() < endAt);
  }

  async #await(when: ShapeTrigger, endAt: DurationMs): Promise<void> {
    const ended = this.#tally.begin(wordsOf(when));
    if (when.on === 'idle') {
      const until = monotonicMs() + Math.min(this.#options.durationMs ?? when.forMs, when.forMs * 1000);
      const from = monotonicMs();
      this.#does('idle', () => ({
        name: 'seconds',
        done: Math.round((monotonicMs() - from) / 1000),
        total: Math.round((until - from) / 1000),
      }));
      await this.#until(() => monotonicMs() >= until, Infinity);
      return ended();
    }
    this.#does(wordsOf(when), () => this.#goalOf(when));
    // What the shape is for happens once, however short the time is; of an endpoint nobody knows whether it will.
    const isEnd = when.on === 'finished' && when.percent === 100;
    const mayStop = isEnd || this.#plays > 0 || this.#processes.service === undefined;
    let hasStopped = false;
    await this.#until(() => {
      if (hasStopped) return this.#tally.isOver();
      if (mayStop && monotonicMs() >= endAt) {
        hasStopped = true;
        if (!isEnd && this.#plays === 0) this.#notes.unreached(when);
        this.#tally.stopRollouts();
        void this.#processes.service?.ask('stopRollouts').catch(() => {});
        return false;
      }
      const { done, total } = this.#goalOf(when);
      if (Number.isFinite(total) && done >= total) return true;
      if (monotonicMs() >= endAt) this.#notes.overran(monotonicMs() - endAt);
      return false;
    });
    ended();
  }

  #goalOf(when: CountedTrigger): Goal {
    return goalOf(when, { tally: this.#tally, rollouts: this.#rollouts, disturbed: this.#disturbed });
  }

  async #do(deed: ShapeDeed, endAt: DurationMs): Promise<void> {
    switch (deed.do) {
      case 'rollout':
        return this.#rollOut(deed, endAt);
      case 'link': {
        await this.#look(false);
        const { count, fleet, inProgress } = this.#tally;
        this.#notes.cut(inProgress);
        const things = Math.ceil((count * deed.percent) / 100);
        this.#disturbed = { things: () => things, recoveredBefore: fleet.recovered };
        const at = monotonicMs();
        await this.#processes.askFleet('cut', { percent: deed.percent, at });
        return;
      }
      default: {
        const { base } = this.#rollouts.get(deed.job)!;
        await this.#look(false);
        this.#disturbed = {
          things: () => this.#tally.disturbedBy(base),
          recoveredBefore: this.#tally.fleet.recovered,
        };
        const at = monotonicMs();
        await this.#processes.askFleet('takeAway', { base, at });
        await this.#processes.service?.ask(deed.do === 'cancel-job' ? 'cancelJobs' : 'deleteJobs', {
          base,
          force: deed.force,
        });
        this.#tally.takenAway(base);
      }
    }
  }

  async #rollOut(deed: ShapeDeed & { readonly do: 'rollout' }, endAt: DurationMs): Promise<void> {
    const { shape, hardware, pacing: byDefault, slice } = this.#options;
    const { count, first } = this.#tally;
    const work: Work = { ...shape.given.work, ...deed.work };
    const isBounded = endAt === Infinity || shape.repeats;
    const rounds = work.holds || deed.by === 'service' ? 1 : isBounded ? shape.given.executions : undefined;
    const planned = rounds === undefined ? undefined : count * rounds;
    const base = `load${slice ? `-${slice.index}` : ''}-${deed.job}-${this.#plays}-`;
    const window = deed.window === 'all' ? count : deed.window;
    const pacing: Pacing =
      deed.by === 'service' ? { kind: 'service' } : window === undefined ? byDefault : { kind: 'window', window };
    this.#rollouts.set(deed.job, { base, planned, by: deed.by });
    this.#tally.rolledOut({
      base,
      planned,
      holds: work.holds,
      pace: deed.window === 'all' && pacing.kind === 'window' ? 'all at once' : paceOf(pacing),
    });
    const { service } = this.#processes;
    if (service === undefined) return; // whoever operates the endpoint does it
    // Things know when they are meant to begin before the first of them is told to.
    const fromMs = monotonicMs() + (pacing.kind === 'rate' ? toldWithinMs : 0);
    if (pacing.kind === 'rate') {
      await this.#processes.askFleet('intend', { base, fromMs, perSecond: pacing.perSecond, first, things: count });
    }
    await service.ask('rollout', {
      base,
      ...(rounds !== undefined && { rounds }),
      pacing,
      fromMs,
      document: hardware?.document ?? loadDocument(work),
      holds: work.holds,
    });
  }

  /** Until what was begun and not taken away is over. */
  async #settle(): Promise<void> {
    if (this.#processes.service === undefined) return;
    this.#does('finishing', this.#goal);
    await this.#until(() => this.#tally.isOver());
  }

  /** Until a look shows that it holds. */
  async #until(holds: () => boolean, patienceMs?: DurationMs): Promise<void> {
    const found = withResolvers();
    this.#waiting = { since: this.#looks, holds, found: found.resolve };
    const endWatch = watchStandstill({
      changedAt: () => this.#tally.changedAt,
      patienceMs: () => patienceMs ?? patienceOf(this.#options, this.#tally.jobs('').started > 0),
      lasts: (ms) => this.#end.come(`nothing has happened for ${Math.round(ms / 1000)} s while ${this.#act}`),
    });
    try {
      await this.#end.orEnded(found.promise);
    } finally {
      endWatch();
      this.#waiting = undefined;
    }
  }

  async #lookOn(): Promise<void> {
    let latenciesAt = monotonicMs() + latenciesEveryMs;
    while (this.#isLooking && !this.#end.hasCome) {
      await pause(this.#options.lookEveryMs ?? usualLookMs);
      const takes = monotonicMs() >= latenciesAt;
      if (takes) latenciesAt = monotonicMs() + latenciesEveryMs;
      await this.#look(takes);
      this.#tell();
      if (takes) this.#options.onTally?.(this.#tally);
    }
  }

  async #look(takesLatencies: boolean): Promise<void> {
    const began = (this.#looks += 1);
    const reports = await this.#processes.look(takesLatencies);
    this.#tally.add(reports, monotonicMs(), takesLatencies);
    const failed = this.#tally.service?.failed ?? this.#tally.fleet.hung;
    if (failed !== undefined) this.#end.come(failed);
    const why = this.#watch.look(this.#tally.fleet, monotonicMs());
    if (why !== undefined) this.#end.come(why);
    const waiting = this.#waiting;
    if (waiting !== undefined && began > waiting.since && waiting.holds()) waiting.found();
  }

  async #lastLook(): Promise<void> {
    try {
      await within(this.#look(true), closeWithinMs);
    } catch {
      // A process is gone: what it told before is what is known.
    }
  }

  /** Told at once: whoever looks on sees each phase. */
  #does(act: string, goal?: () => Goal): void {
    this.#act = act;
    this.#goal = goal;
    this.#tell();
  }

  /** What is not its own doing. */
  #whatItWaitsFor(): string | undefined {
    const rollouts = [...this.#rollouts.values()];
    const { hardware, timeScale = 1 } = this.#options;
    if (this.#processes.service === undefined) {
      const hasJob = rollouts.length === 0 || this.#tally.jobs('').started > 0;
      return hasJob ? undefined : 'waits for a job, which the operator of the endpoint creates';
    }
    const waits = rollouts.some(
      ({ by, base, planned }) => by === 'service' && this.#tally.jobs(base).made < (planned ?? 0),
    );
    if (waits) return `waits for AWS's limit of ${maxRolloutPerMinute.toLocaleString('en')} a minute`;
    const isAtBoards = hardware !== undefined && this.#goal !== undefined && !this.#tally.isOver();
    return isAtBoards
      ? `simulated boards take their own time${timeScale === 1 ? ': see --time-scale' : ''}`
      : undefined;
  }

  #tell(): void {
    const { onProgress } = this.#options;
    if (onProgress === undefined) return;
    const goal = this.#goal?.();
    onProgress({
      act: this.#act,
      ...(goal && progressTo(goal, { ...this.#options, tally: this.#tally, time: this.#time })),
      ...this.#tally.now(),
      ...present({ note: this.#whatItWaitsFor() }),
    });
  }
}

/** Waits for so long at most, and leaves no timer behind. @returns whether it was long enough */
async function within(work: Promise<void>, ms: DurationMs): Promise<boolean> {
  const done = new AbortController();
  const tooLong = pause(ms, false, { signal: done.signal }).catch(() => false);
  try {
    return await Promise.race([work.then(() => true), tooLong]);
  } finally {
    done.abort();
  }
}
