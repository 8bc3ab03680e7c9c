/**
 * One run: the safety phase, in which anything goes wrong and the invariants are checked after every event; then the liveness
 * phase, in which nothing goes wrong any more and everything must converge; then a canary job under a job id that was used
 * before, for every device, and for some runs a last power cut. Ends at the first violation. Same input, same result.
 */
import { seededChance } from '../../faults/chance.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import { profiles } from '../../broker/engine/profile.ts';
import type { Expectation, Judge } from '../verdict/contract.ts';
import { createEngineJudge, type EngineJudge } from '../verdict/engine/engine-judge.ts';
import { createJudge, observeFor } from '../verdict/judge.ts';
import type { Limits } from '../verdict/limits.ts';
import { isQuiet } from '../verdict/quiet.ts';
import type { CreateJobDeed, RunConfiguration } from './configuration.ts';
import { firmwareVersion } from './documents.ts';
import { observationsFor } from './observations.ts';
import { observeAll, type Observer } from './observer.ts';
import type { Subjects } from './subjects.ts';
import { createTraceHash } from './trace-hash.ts';
import { hashingObserver } from './trace-observer.ts';
import type { Claim, Violation } from './violation.ts';
import { World } from './world.ts';

export interface RunResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  /** Executions that ended, were deleted or canceled. */
  readonly executions: number;
  readonly events: number;
  readonly simulatedMs: DurationMs;
  /** How often each fault was injected. */
  readonly faults: Readonly<Record<string, number>>;
}

export interface RunOptions {
  /** Sees the run beside the judges. */
  readonly observer?: Observer;
  /** What must become of jobs, beside the claims. */
  readonly expectations?: readonly Expectation[];
  /** Limits of the claims, where the run's own table does not fit. */
  readonly limits?: Partial<Limits>;
  /** After each event of the safety phase; may interfere. */
  readonly afterEvent?: (moment: RunMoment) => void;
}

export interface RunMoment {
  /** Counted from 1. */
  readonly events: number;
  readonly world: World;
}

/** Time for everything to converge, or for the canary, once nothing goes wrong: longer than any back-off and timeout. */
const convergeMs: DurationMs = 3 * 3_600_000;
const maxEventsAtOneInstant = 20_000;
/**
 * While anything goes wrong nobody can say how long a job may take, and a notification may be lost, which an idle device finds
 * out by its poll: all that is asked is that it ends.
 */
const patientLimits: Partial<Limits> = { jobMs: 2 * 3_600_000, settleMs: 2 * 3_600_000 };
/** Nothing goes wrong any more: shorter than the poll, which would hide a device that is deaf since something did. */
const canaryMs: DurationMs = 600_000;
/** Beyond every ordinal of the swarm, so that the canary's firmware is new to every device. */
const canaryOrdinal = 1001;

export function runSimulation(
  configuration: RunConfiguration,
  subjects: Subjects,
  options: RunOptions = {},
): RunResult {
  return new Run(configuration, subjects, options).result();
}

class Run {
  readonly #configuration: RunConfiguration;
  readonly #options: RunOptions;
  readonly #world: World;
  readonly #hash = createTraceHash();
  readonly #engineJudge: EngineJudge;
  /** By thing. */
  readonly #judges: ReadonlyMap<string, Judge>;
  readonly #violations: Violation[] = [];
  readonly #faults: Record<string, number> = {};
  #events = 0;
  #eventsAtInstant = 0;

  constructor(configuration: RunConfiguration, subjects: Subjects, options: RunOptions) {
    this.#configuration = configuration;
    this.#options = options;
    const engine = subjects.createEngine();
    this.#engineJudge = createEngineJudge(engine, this.#report, profiles.observed);
    this.#judges = new Map(configuration.things.map(({ thingName }) => [thingName, this.#judgeOf(thingName)]));
    const observers = [
      hashingObserver(this.#hash),
      this.#watching(),
      observationsFor(observeFor(this.#judges), () => this.#world.queue.now),
      ...(options.observer === undefined ? [] : [options.observer]),
    ];
    this.#world = new World({
      configuration,
      engine,
      boardOf: (thing) => subjects.createBoard(thing, configuration),
      observer: observeAll(observers),
    });
  }

  result(): RunResult {
    try {
      this.#play();
    } catch (error) {
      this.#report('R2', error instanceof Error ? error.message : String(error));
    }
    return {
      seed: this.#configuration.seed,
      violations: this.#violations,
      traceHash: this.#hash.digest(),
      executions: this.#engineJudge.ledger.totals.ended,
      events: this.#events,
      simulatedMs: this.#world.elapsedMs,
      faults: this.#faults,
    };
  }

  #play(): void {
    const { seed, safetyMs } = this.#configuration;
    this.#world.start();
    const { afterEvent } = this.#options;
    const world = this.#world;
    const tell = (): false => {
      afterEvent?.({ events: this.#events, world });
      return false;
    };
    this.#until(world.startedAt + safetyMs, afterEvent && tell);
    this.#world.calm();
    this.#converge('everything');
    this.#canary();
    if (seededChance(seed).fork('last power cut').happens(250_000)) this.#lastPowerCut();
    if (this.#goesOn) this.#engineJudge.finish(this.#world.serviceNow);
  }

  get #goesOn(): boolean {
    return this.#violations.length === 0;
  }

  readonly #report = (broke: Claim, message: string, thingName?: string): void => {
    if (this.#violations.some((known) => known.broke === broke && known.thingName === thingName)) return;
    const atMs = this.#world.elapsedMs;
    this.#violations.push({ broke, message, ...(thingName !== undefined && { thingName }), atMs });
  };

  #judgeOf(thingName: string): Judge {
    const { expectations = [], limits = patientLimits } = this.#options;
    return createJudge({
      thingName,
      sights: new Set(['inside', 'power']),
      limits,
      expectations,
      onBreak: ({ claim, reason }) => this.#report(claim, reason, thingName),
    });
  }

  #watching(): Observer {
    return {
      applied: (command, outcome, at) => this.#engineJudge.check(command, outcome, at),
      traced: (thingName, trace) => this.#world.operator.traced(thingName, trace),
      injected: (fault) => {
        this.#faults[fault] = (this.#faults[fault] ?? 0) + 1;
      },
    };
  }

  /** Lets events happen until an instant, or until something is `done`. */
  #until(until: EpochMs, done?: () => boolean): boolean {
    const world = this.#world;
    // So that time passes even when nothing happens.
    world.queue.schedule(until, () => {});
    let instant = world.queue.now;
    while (this.#goesOn) {
      if (done?.()) return true;
      if (!world.step(until)) return false;
      this.#events += 1;
      this.#eventsAtInstant = world.queue.now === instant ? this.#eventsAtInstant + 1 : 0;
      instant = world.queue.now;
      if (this.#eventsAtInstant > maxEventsAtOneInstant) this.#report('R1', 'time stands still');
    }
    return false;
  }

  /** Nothing is pending, nothing is being deleted, every device is idle; then the claims about quiet devices. */
  #converge(what: string): void {
    if (!this.#goesOn) return;
    const { ledger } = this.#engineJudge;
    const done = (): boolean =>
      ledger.totals.created === ledger.totals.ended &&
      this.#world.devices.every(({ board }) => isQuiet(board.view())) &&
      [...ledger.jobs.values()].every(({ row }) => row.status !== 'DELETION_IN_PROGRESS');
    if (this.#until(this.#world.queue.now + convergeMs, done)) return this.#conclude();
    if (this.#goesOn) this.#conclude();
    if (this.#goesOn) this.#reportUnfinished(what);
  }

  #conclude(): void {
    for (const [thingName, judge] of this.#judges) {
      for (const { claim, outcome, reason } of judge.conclude(this.#world.queue.now)) {
        if (outcome === 'fail') this.#report(claim, reason, thingName);
      }
    }
  }

  #reportUnfinished(what: string): void {
    const { ledger } = this.#engineJudge;
    for (const queue of ledger.queues()) {
      for (const { jobId, executionNumber, status, thingName } of queue.pending.values()) {
        this.#report('V1', `${what}: ${jobId}#${executionNumber} is still ${status}`, thingName);
      }
    }
    for (const { board } of this.#world.devices) {
      const { step, connected, powered } = board.view();
      if (isQuiet(board.view())) continue;
      const state = `powered ${powered}, connected ${connected}, step ${step}`;
      this.#report('V1', `${what}: the device is not idle (${state})`, board.thingName);
    }
    if (this.#goesOn) this.#report('V1', `${what}: a job is still being deleted`);
  }

  /** New firmware for everyone, under a job id that was used before, so that executionNumber 1 comes again (V4, V5). */
  #canary(): void {
    if (!this.#goesOn) return;
    const { operator, devices, queue } = this.#world;
    const deeds = this.#configuration.operator.map(({ deed }) => deed);
    const used = deeds.find((deed): deed is CreateJobDeed => deed.kind === 'create-job');
    const { jobId = 'canary', namespaceId } = used ?? {};
    operator.perform({ kind: 'delete-job', jobId, ...(namespaceId !== undefined && { namespaceId }) });
    const canary: CreateJobDeed = {
      kind: 'create-job',
      jobId,
      document: 'firmware',
      ordinal: canaryOrdinal,
      things: devices.map(({ thingName }) => thingName),
    };
    operator.perform(canary);
    const { ledger } = this.#engineJudge;
    const before = ledger.totals.created;
    const created = (): boolean => ledger.totals.created === before + devices.length;
    this.#until(queue.now + convergeMs, created);
    const version = firmwareVersion(canaryOrdinal);
    for (const judge of this.#judges.values()) {
      judge.expectNow([{ jobId, status: 'SUCCEEDED', withinMs: canaryMs, sideEffects: 'once', version, about: 'V5' }]);
    }
    this.#converge('the canary');
  }

  /** What is in non-volatile memory must be as true after a reboot (V7). */
  #lastPowerCut(): void {
    if (!this.#goesOn) return;
    for (const device of this.#world.devices) device.cutPower(1000);
    this.#converge('after the last power cut');
  }
}
