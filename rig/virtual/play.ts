/**
 * Plays one scenario in virtual time: a world, the director that says what is done in it and when, and the judges of its devices
 * and its engine. Ends when the script is done and everything has come to rest, at the first thing that is found broken, or
 * when the script waits for what does not come. Same scenario, same subjects, same result.
 */
import type { Board } from '../../agent/board/contract.ts';
import { profiles } from '../../broker/engine/profile.ts';
import { createExecutionChanges } from '../../broker/engine/execution-changes.ts';
import type { Observation, Observer } from '../../observation/observation.ts';
import { observeAll, observeEvery } from '../../observation/observers.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { Deed, Director, Given, Names, Scenario } from '../scenario/contract.ts';
import { createDirector } from '../scenario/director.ts';
import { type Room, dutiesBy } from '../scenario/document-law.ts';
import { expectationsOf } from '../scenario/expectations.ts';
import type { Finding, Judge, Sight } from '../verdict/contract.ts';
import { createJudge, observeFor } from '../verdict/judge.ts';
import { type Limits, limitsWith } from '../verdict/limits.ts';
import { type EngineJudge, createEngineJudge } from '../verdict/engine/engine-judge.ts';
import { type Bounded, Overrun } from './bounds.ts';
import type { ThingConfiguration, WorldConfiguration } from './configuration.ts';
import { type Deeds, createDeeds } from './deeds.ts';
import { type JobDocuments, createJobDocuments } from './job-documents.ts';
import type { Subjects } from './subjects.ts';
import { createTraceHash } from './trace-hash.ts';
import { hashingObserver } from './trace-observer.ts';
import type { Claim, Violation } from './violation.ts';
import { World } from './world.ts';

/** A scenario that was played. */
export interface Played {
  readonly scenario: Scenario;
  /** What broke, in order; empty when all is well. */
  readonly violations: readonly Violation[];
  /** Of each device. A claim that broke nothing before the run ended with what broke is not observed. */
  readonly findings: readonly { readonly thingName: string; readonly findings: readonly Finding[] }[];
  /** Only where they are asked for. */
  readonly observations: readonly Observation[];
  /** By job, the version that its document installs. */
  readonly versions: ReadonlyMap<string, string>;
  /** What the script still waited for, in words. */
  readonly unfinished?: string;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs;
  readonly traceHash: string;
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
}

export function play(scenario: Scenario, subjects: Subjects, options: PlayOptions = {}): Played {
  return new VirtualPlay(scenario, subjects, options).result();
}

/** Time to come to rest, where a scenario says nothing else: shorter than the poll of an idle device, which would hide a lost hint. */
const usualSettleMs: DurationMs = 600_000;
/** The script is given up after waiting so long for one thing. */
const patienceMs: DurationMs = 3_600_000;
const maxEventsAtOneInstant = 20_000;
/** Happen within one bound. */
const eventsInARow = 500;
const usualLink = { latencyMs: 30, jitterMs: 0 };
const sights: ReadonlySet<Sight> = new Set(['inside', 'power', 'downloads']);

class VirtualPlay {
  readonly #scenario: Scenario;
  readonly #bounded: Bounded;
  readonly #thingNames: ReadonlyMap<string, string>;
  readonly #names: Names;
  readonly #world: World;
  readonly #director: Director;
  readonly #deeds: Deeds;
  readonly #documents: JobDocuments;
  readonly #judges = new Map<string, Judge>();
  /** The documents that the service took, by job. */
  readonly #taken = new Map<string, string>();
  readonly #engineJudge: EngineJudge;
  readonly #hash = createTraceHash();
  readonly #trace = hashingObserver(this.#hash);
  readonly #violations: Violation[] = [];
  readonly #faults: Record<string, number> = {};
  #events = 0;
  #eventsAtInstant = 0;
  /** Deeds that are due but not yet done. */
  #dueDeeds = 0;
  #wakeAt: EpochMs | undefined;
  /** Since when the script waits for what it waits for. */
  #waitsSince: EpochMs;
  /** Since when all has been at rest; only while the script waits for that. */
  #restsSince: EpochMs | undefined;
  /** A message and its answer take less. */
  readonly #restMs: DurationMs;
  #unfinished: string | undefined;
  /** Some machine was left in the middle of a call. */
  #isCut = false;
  readonly #observations: Observation[] = [];

  constructor(scenario: Scenario, subjects: Subjects, { observer, records }: PlayOptions) {
    const recorder = records === true ? [observeEvery((seen) => this.#observations.push(seen))] : [];
    this.#scenario = scenario;
    this.#bounded = subjects.bounded;
    this.#thingNames = thingNamesOf(scenario.given);
    this.#documents = createJobDocuments(scenario);
    this.#names = { thingName: (label) => this.#thingNames.get(label) ?? label, jobId: (label) => label };
    this.#director = createDirector(scenario, this.#names);
    const configuration = worldOf(scenario, this.#thingNames, subjects);
    const { latencyMs, jitterMs } = configuration.link;
    this.#restMs = 1000 + 2 * (latencyMs + jitterMs);
    const engine = subjects.createEngine();
    this.#engineJudge = createEngineJudge(engine, this.#report, profiles.observed);
    for (const { thingName, hardware } of configuration.things) {
      this.#judges.set(thingName, this.#judgeOf(thingName, subjects.roomOf(hardware)));
    }
    const others = [
      this.#trace.observer,
      this.#directing(),
      ...(observer === undefined ? [] : [observer]),
      ...recorder,
    ];
    const seen = observeAll([observeFor(this.#judges), ...others]);
    const executions = createExecutionChanges(seen, []);
    this.#world = new World({
      configuration,
      engine,
      boardOf: (thing): Board => subjects.createBoard(thing, configuration, this.#documents.origin),
      observer: seen,
      observerOf: (thingName) => observeAll([this.#judges.get(thingName)!.ofThing, ...others]),
      applied: (command, outcome, at) => {
        this.#trace.applied(command, outcome, at);
        this.#engineJudge.check(command, outcome, at);
        const { reply, changes } = outcome;
        if (command.name === 'iot:CreateJob' && reply.accepted) {
          this.#taken.set(command.request.jobId, command.request.document ?? '');
        }
        if (reply.accepted && changes.length > 0) executions.tell(command, changes, this.#world.queue.now);
      },
    });
    this.#deeds = createDeeds({ world: this.#world, documents: this.#documents, thingNames: this.#thingNames });
    this.#waitsSince = this.#world.startedAt;
  }

  result(): Played {
    try {
      this.#play();
    } catch (error) {
      if (error instanceof Overrun) this.#cut(error);
      else this.#report('R2', error instanceof Error ? error.message : String(error));
    }
    const { queue, startedAt } = this.#world;
    return {
      scenario: this.#scenario,
      violations: this.#violations,
      findings: this.#isCut
        ? []
        : [...this.#judges].map(([thingName, judge]) => ({
            thingName,
            findings: this.#findingsOf(thingName, judge),
          })),
      observations: this.#observations,
      versions: this.#documents.versions(),
      ...(this.#unfinished !== undefined && { unfinished: this.#unfinished }),
      startedAt,
      endedAt: queue.now,
      traceHash: this.#hash.digest(),
      executions: this.#engineJudge.ledger.totals.ended,
      events: this.#events,
      faults: this.#faults,
    };
  }

  #findingsOf(thingName: string, judge: Judge): readonly Finding[] {
    const broken = new Map(
      this.#violations
        .filter((one) => one.thingName === thingName)
        .map(({ broke, message }) => [broke as string, message]),
    );
    const endedEarly = this.#violations.length > 0 || this.#unfinished !== undefined;
    return judge.conclude(this.#world.queue.now).map((finding): Finding => {
      const reason = broken.get(finding.claim);
      if (reason !== undefined) return finding.outcome === 'fail' ? finding : { ...finding, outcome: 'fail', reason };
      if (finding.outcome !== 'fail' || !endedEarly) return finding;
      return { ...finding, outcome: 'not-observed', reason: 'the run ended before this could be seen' };
    });
  }

  readonly #report = (broke: Claim, message: string, thingName?: string): void => {
    if (this.#violations.some((known) => known.broke === broke && known.thingName === thingName)) return;
    const atMs = this.#world.elapsedMs;
    this.#violations.push({ broke, message, ...(thingName !== undefined && { thingName }), atMs });
  };

  #judgeOf(thingName: string, room: Room | undefined): Judge {
    const { claims, given } = this.#scenario;
    const expectations = expectationsOf(this.#scenario, {
      names: this.#names,
      thingName,
      versionOf: (job) => this.#documents.versionOf(job),
    });
    return createJudge({
      thingName,
      sights,
      expectations,
      ...(room !== undefined && {
        dutyOf: dutiesBy((jobId) => this.#taken.get(jobId), {
          room,
          isServed: (url) => this.#documents.isServed(url),
        }),
      }),
      ...(given.settleMs !== undefined && { limits: patientLimits(given.settleMs) }),
      ...(claims !== 'all' && { claims }),
      onBreak: ({ claim, reason }) => this.#report(claim, reason, thingName),
    });
  }

  /** Tells the director what it listens to now. */
  #directing(): Observer {
    const look = (seen: Observation): void => {
      if (this.#director.listensTo.has(seen.kind)) this.#obey(this.#director.apply(seen, seen.at));
    };
    return {
      fault: ({ name }) => {
        this.#faults[name] = (this.#faults[name] ?? 0) + 1;
      },
      connected: look,
      disconnected: look,
      sent: look,
      received: look,
      execution: (seen) => {
        // A device that ends one job after the other is getting on.
        if (seen.by === 'device' && seen.status !== 'IN_PROGRESS') this.#waitsSince = seen.at;
        look(seen);
      },
      download: look,
      traced: look,
    };
  }

  /** What is due is done once the event that made it due is over, in its order. */
  #obey(deeds: readonly Deed[]): void {
    const { queue } = this.#world;
    for (const deed of deeds) {
      this.#dueDeeds += 1;
      queue.schedule(queue.now, () => {
        this.#dueDeeds -= 1;
        this.#deeds.perform(deed);
      });
    }
    if (deeds.length > 0) this.#waitsSince = queue.now;
    this.#arm();
  }

  /** Keeps one event in the queue for the director's deadline. */
  #arm(): void {
    const deadline = this.#director.nextDeadline();
    if (deadline === undefined || (this.#wakeAt !== undefined && this.#wakeAt <= deadline)) return;
    const { queue } = this.#world;
    this.#wakeAt = deadline;
    queue.schedule(deadline, () => {
      if (this.#wakeAt !== deadline) return;
      this.#wakeAt = undefined;
      this.#obey(this.#director.wake(queue.now));
    });
  }

  #play(): void {
    const world = this.#world;
    this.#bounded(() => {
      world.start();
      this.#obey(this.#director.apply({ kind: 'start' }, world.queue.now));
    });
    while (this.#bounded(() => this.#goOn()));
  }

  /** Lets some events happen. @returns whether there is more to come */
  #goOn(): boolean {
    const world = this.#world;
    for (let happened = 0; happened < eventsInARow; happened += 1) {
      if (this.#violations.length > 0) return false;
      if (this.#director.isOver()) {
        this.#engineJudge.finish(world.serviceNow);
        return false;
      }
      if (this.#director.awaitsSettled()) {
        if (this.#hasRested()) {
          this.#settled();
          continue;
        }
        if (world.queue.now - this.#waitsSince >= this.#settleMs) {
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

  /** One call took too long: whose, and when, which the same scenario shows again. */
  #cut(overrun: Overrun): void {
    const { active: thingName, elapsedMs } = this.#world;
    const [busy, wall] = [overrun.busyMs, overrun.wallMs].map((ms) => `${ms / 1000} s`);
    this.#isCut = true;
    if (!overrun.isLoop) {
      this.#unfinished = `a host that gives it processor time: it got ${busy} in ${wall}`;
      return;
    }
    const whose = thingName === undefined ? 'a call' : 'a call of the device';
    const message = `${whose} does not return: ${busy} of processor time in event ${this.#events + 1}`;
    const things = thingName !== undefined && { thingName };
    this.#violations.push({ broke: 'R1', message, atMs: elapsedMs, isCut: true, ...things });
  }

  get #settleMs(): DurationMs {
    return this.#scenario.given.settleMs ?? usualSettleMs;
  }

  /** Lets the next event happen; false when there is nothing to wait for any more. */
  #step(): boolean {
    const { queue } = this.#world;
    const limitMs = this.#director.awaitsSettled() ? this.#settleMs : patienceMs;
    const soon = this.#waitsSince + limitMs;
    const restedAt = (this.#restsSince ?? Infinity) + this.#restMs;
    const instant = queue.now;
    if (!this.#world.step(Math.min(soon, restedAt))) {
      const limit = Math.max(soon, this.#director.nextDeadline() ?? 0);
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
    if (this.#eventsAtInstant > maxEventsAtOneInstant) this.#report('R1', 'time stands still');
    return true;
  }

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
    if (this.#dueDeeds > 0 || this.#deeds.isBusy() || this.#world.isWorking) return false;
    for (const judge of this.#judges.values()) if (!judge.isSettled()) return false;
    for (const device of this.#world.devices) if (device.isHeldBack) return false;
    for (const { row } of this.#engineJudge.ledger.jobs.values()) {
      if (row.status === 'DELETION_IN_PROGRESS') return false;
    }
    return true;
  }

  /** All has come to rest: what the devices look like now is judged, and the script goes on. */
  #settled(): void {
    const { queue } = this.#world;
    const deeds = this.#director.apply({ kind: 'settled' }, queue.now);
    this.#waitsSince = queue.now;
    this.#restsSince = undefined;
    if (this.#director.isOver()) this.#conclude();
    this.#obey(deeds);
  }

  /** @returns whether something is broken */
  #conclude(): boolean {
    const { now } = this.#world.queue;
    for (const [thingName, judge] of this.#judges) {
      for (const { claim, outcome, reason } of judge.conclude(now)) {
        if (outcome === 'fail') this.#report(claim, reason, thingName);
      }
    }
    return this.#violations.length > 0;
  }

  /** The time to come to rest is over. */
  #unrested(): void {
    if (this.#conclude()) return;
    for (const { board } of this.#world.devices) {
      const { step, connected, powered } = board.view();
      if (this.#judges.get(board.thingName)?.isSettled() === true) continue;
      const state = `powered ${powered}, connected ${connected}, step ${step}`;
      this.#report('V1', `has not come to rest after ${this.#settleMs / 1000} s (${state})`, board.thingName);
    }
    if (this.#violations.length === 0) this.#report('V1', 'a job is still being deleted');
  }

  #giveUp(): void {
    if (this.#director.awaitsSettled()) return this.#unrested();
    if (!this.#conclude()) this.#unfinished = this.#director.progress().awaits ?? 'nothing';
  }
}

/** Who gives a device longer to come to rest is patient with its jobs, too. */
function patientLimits(settleMs: DurationMs): Partial<Limits> {
  const usual = limitsWith();
  return { settleMs: Math.max(usual.settleMs, settleMs), jobMs: Math.max(usual.jobMs, settleMs) };
}

function thingNamesOf({ things }: Given): ReadonlyMap<string, string> {
  return new Map(things.map(({ thing, nameLength = 0 }) => [thing, thing.padEnd(nameLength, 'x')]));
}

/** The devices listen to every namespace that the scenario speaks of. */
function namespacesOf({ given, script, meanwhile }: Scenario): readonly string[] {
  const named = [...script, ...meanwhile].flatMap(({ deeds }) =>
    deeds.flatMap((deed) => ('namespace' in deed && deed.namespace !== undefined ? [deed.namespace] : [])),
  );
  return [...new Set([...given.namespaces, ...named])];
}

function worldOf(
  scenario: Scenario,
  thingNames: ReadonlyMap<string, string>,
  { hardware }: Subjects,
): WorldConfiguration {
  const { given } = scenario;
  const { seed, link = usualLink, faults, wire = 'objects', grain = 'operation' } = given;
  const things = given.things.map((thing): ThingConfiguration => {
    const thingName = thingNames.get(thing.thing) ?? thing.thing;
    const session = thing.session === 'persistent' ? { session: 'persistent' as const } : {};
    return { thingName, hardware: thing.hardware ?? hardware, ...session };
  });
  return { seed, things, namespaces: namespacesOf(scenario), link, faults, wire, grain };
}
