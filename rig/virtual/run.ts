/**
 * One run: the safety phase, in which anything goes wrong and the invariants are checked after every event; then the liveness
 * phase, in which nothing goes wrong any more and everything must converge; then a canary job under a job id that was used
 * before, for every device, and for some runs a last power cut. Ends at the first violation. Same input, same result.
 */
import type { Board } from '../../agent/board/contract.ts';
import { seededChance } from '../../faults/chance.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import { createDeviceChecker, type DeviceChecker } from './checkers/device.ts';
import { createEngineChecker, type EngineChecker } from './checkers/engine.ts';
import { isQuiet, quietDeviceBreaks } from './checkers/quiet-device.ts';
import type { CreateJobDeed, RunConfiguration } from './configuration.ts';
import { firmwareVersion } from './documents.ts';
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
  /** Sees the run beside the checkers. */
  readonly observer?: Observer;
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
  readonly #engineChecker: EngineChecker;
  readonly #deviceCheckers = new Map<string, DeviceChecker>();
  /** RAM in use before the first job, by thing. */
  readonly #baselines = new Map<string, number>();
  readonly #violations: Violation[] = [];
  readonly #faults: Record<string, number> = {};
  #events = 0;
  #eventsAtInstant = 0;

  constructor(configuration: RunConfiguration, subjects: Subjects, options: RunOptions) {
    this.#configuration = configuration;
    this.#options = options;
    const engine = subjects.createEngine();
    this.#engineChecker = createEngineChecker(engine, this.#report);
    const observers = [
      hashingObserver(this.#hash),
      this.#checking(),
      ...(options.observer === undefined ? [] : [options.observer]),
    ];
    this.#world = new World({
      configuration,
      engine,
      boardOf: (thing) => this.#watched(subjects.createBoard(thing, configuration)),
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
      executions: this.#engineChecker.ledger.totals.ended,
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
    if (this.#goesOn) this.#engineChecker.finish(this.#world.serviceNow);
  }

  get #goesOn(): boolean {
    return this.#violations.length === 0;
  }

  readonly #report = (broke: Claim, message: string, thingName?: string): void => {
    if (this.#violations.some((known) => known.broke === broke && known.thingName === thingName)) return;
    const atMs = this.#world.elapsedMs;
    this.#violations.push({ broke, message, ...(thingName !== undefined && { thingName }), atMs });
  };

  #watched(board: Board): Board {
    const { ledger } = this.#engineChecker;
    const checker = createDeviceChecker({
      board,
      report: this.#report,
      created: (key) => ledger.created(board.thingName, key),
      pendingKey: (jobId, executionNumber) => ledger.pendingKey(board.thingName, jobId, executionNumber),
      executions: () => ledger.totals.created,
    });
    this.#deviceCheckers.set(board.thingName, checker);
    return board;
  }

  #checking(): Observer {
    const of = (thingName: string): DeviceChecker | undefined => this.#deviceCheckers.get(thingName);
    return {
      applied: (command, outcome, at) => {
        this.#engineChecker.check(command, outcome, at);
        if (command.name !== 'iotjobsdata:UpdateJobExecution' || !outcome.reply.accepted) return;
        const { thingName, jobId, status } = command.request;
        const document = this.#engineChecker.ledger.jobs.get(jobId)?.row.document;
        if (status === 'SUCCEEDED' && document !== undefined) of(thingName)?.succeeded(document);
      },
      connecting: (thingName, at) => of(thingName)?.connecting(at),
      sent: (thingName, request, at) => of(thingName)?.sent(request, at),
      received: (thingName, message, at) => of(thingName)?.received(message, at),
      traced: (thingName, trace) => {
        of(thingName)?.traced(trace);
        this.#world.operator.traced(thingName, trace);
      },
      moved: (board, input, at) => {
        const checker = of(board.thingName);
        if (input.kind === 'power-cut') checker?.powerWasCut();
        if (input.kind === 'supply-drop' && input.byMv > 0) checker?.supplyFell();
        checker?.moved(at);
        if (input.kind === 'message' && !this.#baselines.has(board.thingName)) this.#noteBaseline(board);
      },
      injected: (fault) => {
        this.#faults[fault] = (this.#faults[fault] ?? 0) + 1;
      },
    };
  }

  #noteBaseline(board: Board): void {
    const view = board.view();
    if (isQuiet(view)) this.#baselines.set(board.thingName, view.ram.usedBytes);
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
    const { ledger } = this.#engineChecker;
    const done = (): boolean =>
      ledger.totals.created === ledger.totals.ended &&
      this.#world.devices.every(({ board }) => isQuiet(board.view())) &&
      [...ledger.jobs.values()].every(({ row }) => row.status !== 'DELETION_IN_PROGRESS');
    if (this.#until(this.#world.queue.now + convergeMs, done)) return this.#checkQuietDevices();
    if (this.#goesOn) this.#reportUnfinished(what);
  }

  #checkQuietDevices(): void {
    for (const { board } of this.#world.devices) {
      for (const { broke, message } of quietDeviceBreaks(board.view(), this.#baselines.get(board.thingName))) {
        this.#report(broke, message, board.thingName);
      }
      this.#deviceCheckers.get(board.thingName)?.quiet();
    }
  }

  #reportUnfinished(what: string): void {
    const { ledger } = this.#engineChecker;
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
    const { ledger } = this.#engineChecker;
    const before = ledger.totals.created;
    const created = (): boolean => ledger.totals.created === before + devices.length;
    this.#until(queue.now + convergeMs, created);
    this.#converge('the canary');
    this.#checkCanary(jobId);
  }

  #checkCanary(jobId: string): void {
    const executions = [...(this.#engineChecker.ledger.jobs.get(jobId)?.executions.values() ?? [])];
    for (const { board } of this.#goesOn ? this.#world.devices : []) {
      const status = executions.find(({ thingName }) => thingName === board.thingName)?.status;
      const { runningVersion } = board.view();
      if (status !== 'SUCCEEDED') {
        this.#report('V5', `the canary ${jobId} is ${status ?? 'missing'}`, board.thingName);
      } else if (runningVersion !== firmwareVersion(canaryOrdinal)) {
        this.#report('V9', `reported the canary’s firmware and runs ${runningVersion}`, board.thingName);
      }
    }
  }

  /** What is in non-volatile memory must be as true after a reboot (V7). */
  #lastPowerCut(): void {
    if (!this.#goesOn) return;
    for (const device of this.#world.devices) device.cutPower(1000);
    this.#converge('after the last power cut');
  }
}
