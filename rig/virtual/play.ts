/**
 * Plays one scenario in virtual time: a world, the director that says what is done in it and when, and the judges of its devices
 * and its engine. Ends when the script is done and everything has come to rest, at the first thing that is found broken, or
 * when the script waits for what does not come. Same scenario, same subjects, same result.
 */
import { createExecutionChanges } from '../../broker/engine/execution-changes.ts';
import type { Observation, Observer } from '../../observation/observation.ts';
import { observeAll, observeEvery } from '../../observation/observers.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { Names, Scenario } from '../scenario/contract.ts';
import { createDirector } from '../scenario/director.ts';
import { type Bounded, Overrun } from './bounds.ts';
import { type Deeds, createDeeds } from './deeds.ts';
import { Direction } from './direction.ts';
import { createEventQueue } from './event-queue.ts';
import { thingNamesOf, worldOf } from './given.ts';
import { type JobDocuments, createJobDocuments } from './job-documents.ts';
import { type ThingFindings, Judges } from './judges.ts';
import type { Subjects } from './subjects.ts';
import { type TraceHash, createTraceHash } from './trace-hash.ts';
import { hashingObserver } from './trace-observer.ts';
import type { Violation } from './violation.ts';
import { epoch, World } from './world.ts';

/** A scenario that was played. */
export interface Played {
  readonly scenario: Scenario;
  /** What broke, in order; empty when all is well. */
  readonly violations: readonly Violation[];
  /** Of each device. A claim that broke nothing before the run ended with what broke is not observed. */
  readonly findings: readonly ThingFindings[];
  /** Only where they are asked for. */
  readonly observations: readonly Observation[];
  /** By job, the version that its document installs. */
  readonly versions: ReadonlyMap<string, string>;
  /** What the script still waited for, in words. */
  readonly unfinished?: string;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs;
  /** Only where it is asked for. */
  readonly traceHash?: string;
  /** Executions that ended, were deleted or canceled. */
  readonly executions: number;
  readonly events: number;
  /** How often each fault was injected. */
  readonly faults: Readonly<Record<string, number>>;
}

export interface PlayOptions {
  /** Sees the run beside the judges. */
  readonly observer?: Observer;
  /** Keeps all that is seen, but for snapshots of the inside. */
  readonly records?: true;
  /** Folds all that can be seen into one hash, by which two runs are compared. */
  readonly hashes?: true;
}

export function play(scenario: Scenario, subjects: Subjects, options: PlayOptions = {}): Played {
  return new VirtualPlay(scenario, subjects, options).result();
}

/** Time to come to rest, where a scenario says nothing else: shorter than the poll of an idle device, which would hide a lost hint. */
const usualSettleMs: DurationMs = 600_000;
/** The script is given up after waiting so long for one thing. */
const patienceMs: DurationMs = 3_600_000;
const maxEventsAtOneInstant = 20_000;
/** Happen within one bound: a whole run, most often, since a bound costs as much as hundreds of events. */
const eventsInARow = 2000;

class VirtualPlay {
  readonly #scenario: Scenario;
  readonly #bounded: Bounded;
  readonly #world: World;
  readonly #direction: Direction;
  readonly #deeds: Deeds;
  readonly #documents: JobDocuments;
  readonly #judges: Judges;
  readonly #hash: TraceHash | undefined;
  readonly #faults: Record<string, number> = {};
  readonly #observations: Observation[] = [];
  readonly #settleMs: DurationMs;
  /** A message and its answer take less. */
  readonly #restMs: DurationMs;
  #events = 0;
  #eventsAtInstant = 0;
  /** Since when all has been at rest; only while the script waits for that. */
  #restsSince: EpochMs | undefined;
  #unfinished: string | undefined;
  /** Some machine was left in the middle of a call. */
  #isCut = false;

  constructor(scenario: Scenario, subjects: Subjects, { observer, records, hashes }: PlayOptions) {
    this.#scenario = scenario;
    this.#bounded = subjects.bounded;
    this.#settleMs = scenario.given.settleMs ?? usualSettleMs;
    const thingNames = thingNamesOf(scenario.given);
    const names: Names = { thingName: (label) => thingNames.get(label) ?? label, jobId: (label) => label };
    const documents = createJobDocuments(scenario);
    this.#documents = documents;
    const configuration = worldOf(scenario, thingNames, subjects.hardware);
    const { latencyMs, jitterMs } = configuration.link;
    this.#restMs = 1000 + 2 * (latencyMs + jitterMs);
    const queue = createEventQueue<() => void>(epoch);
    this.#direction = new Direction(createDirector(scenario, names), queue, (deed) => this.#deeds.perform(deed));
    const engine = subjects.createEngine();
    const rooms = new Map(configuration.things.map((thing) => [thing.thingName, subjects.roomOf(thing.hardware)]));
    const judges = new Judges({ scenario, names, documents, engine, rooms, elapsedMs: () => queue.now - epoch });
    this.#judges = judges;
    this.#hash = hashes === true ? createTraceHash() : undefined;
    const trace = this.#hash && hashingObserver(this.#hash);
    const others: Observer[] = [this.#direction.observer, this.#countingFaults()];
    if (trace !== undefined) others.unshift(trace.observer);
    if (observer !== undefined) others.push(observer);
    if (records === true) others.push(observeEvery((seen) => this.#observations.push(seen)));
    const seen = observeAll([judges.observer, ...others]);
    const executions = createExecutionChanges(seen, []);
    this.#world = new World({
      configuration,
      queue,
      engine,
      boardOf: (thing) => subjects.createBoard(thing, configuration, documents.origin),
      observer: seen,
      observerOf: (thingName) => observeAll([judges.of(thingName).ofThing, ...others]),
      applied: (command, outcome, at) => {
        trace?.applied(command, outcome, at);
        judges.applied(command, outcome, at);
        const { reply, changes } = outcome;
        if (reply.accepted && changes.length > 0) executions.tell(command, changes, queue.now);
      },
    });
    this.#deeds = createDeeds({ world: this.#world, documents, thingNames });
  }

  #countingFaults(): Observer {
    return {
      fault: ({ name }) => {
        this.#faults[name] = (this.#faults[name] ?? 0) + 1;
      },
    };
  }

  result(): Played {
    try {
      this.#play();
    } catch (error) {
      if (error instanceof Overrun) this.#cut(error);
      else this.#judges.report('R2', error instanceof Error ? error.message : String(error));
    }
    const { queue, startedAt } = this.#world;
    const { violations, engine } = this.#judges;
    const endedEarly = violations.length > 0 || this.#unfinished !== undefined;
    return {
      scenario: this.#scenario,
      violations,
      findings: this.#isCut ? [] : this.#judges.findings(queue.now, endedEarly),
      observations: this.#observations,
      versions: this.#documents.versions(),
      ...(this.#unfinished !== undefined && { unfinished: this.#unfinished }),
      startedAt,
      endedAt: queue.now,
      ...(this.#hash && { traceHash: this.#hash.digest() }),
      executions: engine.ledger.totals.ended,
      events: this.#events,
      faults: this.#faults,
    };
  }

  #play(): void {
    let goesOn = this.#bounded(() => {
      this.#world.start();
      this.#direction.tell({ kind: 'start' });
      return this.#goOn();
    });
    while (goesOn) goesOn = this.#bounded(() => this.#goOn());
  }

  /** Lets some events happen. @returns whether there is more to come */
  #goOn(): boolean {
    const world = this.#world;
    const { director } = this.#direction;
    const { violations } = this.#judges;
    for (let happened = 0; happened < eventsInARow; happened += 1) {
      if (violations.length > 0) return false;
      if (director.isOver()) {
        this.#judges.engine.finish(world.serviceNow);
        return false;
      }
      if (director.awaitsSettled()) {
        if (this.#hasRested()) {
          this.#settled();
          continue;
        }
        if (world.queue.now - this.#direction.waitsSince >= this.#settleMs) {
          this.#unrested();
          return false;
        }
      }
      if (!this.#step()) {
        this.#giveUp();
        return false;
      }
    }
    return true;
  }

  /** Lets the next event happen; false when there is nothing to wait for any more. */
  #step(): boolean {
    const { queue } = this.#world;
    const { director, waitsSince } = this.#direction;
    const soon = waitsSince + (director.awaitsSettled() ? this.#settleMs : patienceMs);
    const restedAt = (this.#restsSince ?? Infinity) + this.#restMs;
    const instant = queue.now;
    if (!this.#world.step(Math.min(soon, restedAt))) {
      const limit = Math.max(soon, director.nextDeadline() ?? 0);
      if (queue.now >= limit) return false;
      const until = Math.min(limit, restedAt);
      if (!this.#world.step(until)) {
        // So that time passes even when nothing happens.
        queue.schedule(until, () => {});
        this.#world.step(until);
      }
    }
    this.#events += 1;
    this.#eventsAtInstant = queue.now === instant ? this.#eventsAtInstant + 1 : 0;
    if (this.#eventsAtInstant > maxEventsAtOneInstant) this.#judges.report('R1', 'time stands still');
    return true;
  }

  // Rest.

  /** All has been at rest for so long that nothing can be under way any more. */
  #hasRested(): boolean {
    const { now } = this.#world.queue;
    if (!this.#isSettled()) {
      this.#restsSince = undefined;
      return false;
    }
    this.#restsSince ??= now;
    return now - this.#restsSince >= this.#restMs;
  }

  /** Nothing is being deleted, and every device has nothing left to do. */
  #isSettled(): boolean {
    if (this.#direction.isBusy || this.#deeds.isBusy() || this.#world.isWorking) return false;
    return this.#judges.areSettled() && !this.#world.devices.some((device) => device.isHeldBack);
  }

  /** All has come to rest: what the devices look like now is judged, and the script goes on. */
  #settled(): void {
    const { now } = this.#world.queue;
    this.#direction.waitsSince = now;
    this.#restsSince = undefined;
    this.#direction.tell({ kind: 'settled' });
    if (this.#direction.director.isOver()) this.#judges.conclude(now);
  }

  /** The time to come to rest is over. */
  #unrested(): void {
    const judges = this.#judges;
    if (judges.conclude(this.#world.queue.now)) return;
    for (const { board } of this.#world.devices) {
      const { step, connected, powered } = board.view();
      if (judges.of(board.thingName).isSettled()) continue;
      const state = `powered ${powered}, connected ${connected}, step ${step}`;
      judges.report('V1', `has not come to rest after ${this.#settleMs / 1000} s (${state})`, board.thingName);
    }
    if (judges.violations.length === 0) judges.report('V1', 'a job is still being deleted');
  }

  #giveUp(): void {
    const { director } = this.#direction;
    if (director.awaitsSettled()) return this.#unrested();
    if (!this.#judges.conclude(this.#world.queue.now)) this.#unfinished = director.progress().awaits ?? 'nothing';
  }

  /** One call took too long: whose, and when, which the same scenario shows again. */
  #cut(overrun: Overrun): void {
    const { active: thingName, elapsedMs: atMs } = this.#world;
    const [busy, wall] = [overrun.busyMs, overrun.wallMs].map((ms) => `${ms / 1000} s`);
    this.#isCut = true;
    if (!overrun.isLoop) {
      this.#unfinished = `a host that gives it processor time: it got ${busy} in ${wall}`;
      return;
    }
    const whose = thingName === undefined ? 'a call' : 'a call of the device';
    const message = `${whose} does not return: ${busy} of processor time in event ${this.#events + 1}`;
    const things = thingName !== undefined && { thingName };
    this.#judges.violations.push({ broke: 'R1', message, atMs, isCut: true, ...things });
  }
}
