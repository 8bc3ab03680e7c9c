/**
 * Plays one scenario in real time: the director says what is to be done, the world does it, judges look on. The same for our own
 * fleet on sockets and for a device of somebody else; they differ in their {@link LiveWorld}. Ends when the script is done and
 * the devices have come to rest, or when the time is over; what is still missing then is for the judges to say.
 */
import { addAbortListener } from 'node:events';
import type { Observation, ObservationOf } from '../../observation/observation.ts';
import { show } from '../../observation/observers.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import { createDirector } from '../scenario/director.ts';
import { expectationsOf } from '../scenario/expectations.ts';
import type { Deed, Director, Names, Progress, Scenario } from '../scenario/contract.ts';
import type { Finding, Judge, Sight } from '../verdict/contract.ts';
import { createJudge } from '../verdict/judge.ts';
import type { Limits } from '../verdict/limits.ts';

/** What a scenario is played on. */
export interface LiveWorld {
  readonly names: Names;
  /** The things that are judged, by the world's names. */
  readonly thingNames: readonly string[];
  /** What can be seen of them beside the wire and the service. */
  readonly sights: ReadonlySet<Sight>;
  /** Calls `look` for everything that is seen, until the world is left. */
  attend(look: (seen: Observation) => void): void;
  /** @throws when it cannot be done, which ends the scenario as inconclusive */
  perform(deed: Deed): Promise<void>;
  /**
   * What was seen has made a deed due, and doing it takes time here: whom it was seen of stands still until then, so that the
   * deed meets it where it was seen. Returns how to let it go on. Absent: it goes on meanwhile.
   */
  hold?(seen: Observation): (() => void) | undefined;
  now(): EpochMs;
  setTimer(at: EpochMs, ring: () => void): () => void;
  /** The world itself tells by how much the rig is late. */
  readonly tellsLag?: boolean;
  /** By job id, the firmware version that a job's document names, once it has been created. */
  readonly versions: ReadonlyMap<string, string>;
}

export interface PlayOptions {
  /** So long a device may take to come to rest. */
  readonly settleMs: DurationMs;
  /** So long the whole scenario may take, by the wall clock. Absent: until {@link giveUp}. */
  readonly timeoutMs?: DurationMs;
  readonly limits?: Partial<Limits>;
  /** Of the world's things, from an earlier part of the same run; whoever made them shows them what is seen. */
  readonly judges?: ReadonlyMap<string, Judge>;
  /** Things of which a claim is known to be broken: those are not waited for as long as others. */
  readonly broken?: Pick<ReadonlySet<string>, 'has'>;
  /** What of what is seen is kept. Default: all. */
  readonly keeps?: (seen: Observation) => boolean;
  readonly onProgress?: (progress: Progress) => void;
  /** Ends the play with an error. */
  readonly signal?: AbortSignal;
  /** Ends the play early; what was seen until then is judged. */
  readonly giveUp?: AbortSignal;
  /** Whether nothing more needs to be waited for after this. */
  readonly endsWith?: (seen: Observation) => boolean;
}

/** A scenario that was played, with all that was seen. */
export interface Played {
  readonly scenario: Scenario;
  readonly findings: readonly { readonly thingName: string; readonly findings: readonly Finding[] }[];
  readonly observations: readonly Observation[];
  /** By job id, the version that the job's document names. */
  readonly versions: ReadonlyMap<string, string>;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs;
  /** What the script still waited for when the time was over. */
  readonly unfinished?: string;
  /** Something that the rig could not do. */
  readonly trouble?: string;
}

/** Nothing must happen for so long before a device counts as at rest: an answer may be under way. */
const quietMs: DurationMs = 400;
const lookEveryMs: DurationMs = 100;
/** Enough for the others to end an update; a device that broke a claim may never come to rest. */
const hopelessMs: DurationMs = 5 * 60_000;
/** Own lateness of less than this is no lateness. */
const latenessMs: DurationMs = 20;
/** A device that boots in a second and shares the host loses more of its time than this process, which waits. */
const costOfLateness = 2;
/** How much longer than usual a device on a loaded host may take at most. */
const mostPatience = 4;
/** Own lateness of less than this is usual on any machine. */
const lagWorthTellingMs: DurationMs = 250;

export function playLive(scenario: Scenario, world: LiveWorld, options: PlayOptions): Promise<Played> {
  return new LivePlay(scenario, world, options).result();
}

class LivePlay {
  readonly #scenario: Scenario;
  readonly #world: LiveWorld;
  readonly #options: PlayOptions;
  readonly #director: Director;
  readonly #judges: ReadonlyMap<string, Judge>;
  readonly #observations: Observation[] = [];
  /** Things of which a claim is broken for certain: a scenario that gives right ones more time does not give it to them. */
  readonly #failed = new Set<string>();
  /** What was found wrong with things that did not come to rest in time. */
  readonly #broken = new Map<string, readonly Finding[]>();
  readonly #startedAt: EpochMs;
  #latestAt: EpochMs;
  /** Deeds are done one after the other. */
  #deeds: Promise<void> = Promise.resolve();
  #busy = 0;
  /** Since when, and how late this process had been until then. */
  #awaitsSettled: { readonly since: EpochMs; readonly lateMs: DurationMs } | undefined;
  /** By how much this process has been late, in all. */
  #lateMs: DurationMs = 0;
  #deadline: EpochMs | undefined;
  #cancelTimer: (() => void) | undefined;
  #trouble: string | undefined;
  #over: (() => void) | undefined;
  #isOver = false;

  constructor(scenario: Scenario, world: LiveWorld, options: PlayOptions) {
    this.#scenario = scenario;
    this.#world = world;
    this.#options = options;
    this.#director = createDirector(scenario, world.names);
    this.#startedAt = world.now();
    this.#latestAt = this.#startedAt;
    this.#judges = new Map(world.thingNames.map((thingName) => [thingName, this.#judgeOf(thingName)]));
  }

  #judgeOf(thingName: string): Judge {
    const { names, sights, versions } = this.#world;
    const { limits, judges } = this.#options;
    const { claims } = this.#scenario;
    const expectations = expectationsOf(this.#scenario, {
      names,
      thingName,
      versionOf: (job) => versions.get(names.jobId(job)),
    });
    const judge = judges?.get(thingName);
    if (judge === undefined) {
      return createJudge({
        thingName,
        sights,
        expectations,
        onBreak: () => this.#failed.add(thingName),
        ...(limits && { limits }),
        ...(claims !== 'all' && { claims }),
      });
    }
    judge.expectNow(expectations);
    return judge;
  }

  async result(): Promise<Played> {
    const { signal, giveUp, timeoutMs } = this.#options;
    const over = new Promise<void>((resolve) => {
      this.#over = resolve;
    });
    const stop = (): void => this.#over?.();
    // One that was aborted before, too: a check may be interrupted while a device is being equipped.
    const heard = [signal, giveUp].map((one) => one && addAbortListener(one, stop));
    const timeout = timeoutMs === undefined ? undefined : setTimeout(stop, timeoutMs);
    const looking = setInterval(() => this.#lookAround(), lookEveryMs);
    const watchLag = this.#world.tellsLag === true ? undefined : this.#watchLag();
    this.#world.attend((seen) => this.#see(seen));
    this.#do(this.#director.apply({ kind: 'start' }, this.#world.now()));
    await over;
    clearTimeout(timeout);
    clearInterval(looking);
    clearInterval(watchLag);
    this.#cancelTimer?.();
    for (const listener of heard) listener?.[Symbol.dispose]();
    this.#isOver = true;
    signal?.throwIfAborted();
    const isDone = this.#director.isOver();
    await this.#deeds;
    const endedAt = this.#world.now();
    return {
      scenario: this.#scenario,
      findings: [...this.#judges].map(([thingName, judge]) => ({
        thingName,
        findings: this.#findingsOf(thingName, judge, endedAt),
      })),
      observations: this.#observations,
      versions: this.#world.versions,
      startedAt: this.#startedAt,
      endedAt,
      ...(!isDone &&
        this.#trouble === undefined && {
          unfinished: this.#director.progress().awaits ?? 'the device to come to rest',
        }),
      ...(this.#trouble !== undefined && { trouble: this.#trouble }),
    };
  }

  #see(seen: Observation): void {
    if (this.#isOver) return;
    if (this.#options.keeps?.(seen) !== false) this.#observations.push(seen);
    if (movesOn(seen)) this.#latestAt = this.#world.now();
    if (givesTime(seen)) this.#giveTime();
    if (this.#options.judges === undefined) for (const judge of this.#judges.values()) show(judge.observer, seen);
    if (this.#director.listensTo.has(seen.kind)) {
      const deeds = this.#director.apply(seen, this.#world.now());
      this.#do(deeds, deeds.length > 0 ? this.#world.hold?.(seen) : undefined);
    }
    if (this.#options.endsWith?.(seen) === true) this.#over?.();
  }

  /** @param release is called once they are done */
  #do(deeds: readonly Deed[], release?: () => void): void {
    for (const deed of deeds) {
      this.#busy += 1;
      this.#deeds = this.#deeds.then(() => this.#perform(deed));
    }
    if (release !== undefined) this.#deeds = this.#deeds.then(release);
    if (deeds.length > 0) this.#options.onProgress?.(this.#director.progress());
    this.#arm();
  }

  async #perform(deed: Deed): Promise<void> {
    try {
      if (this.#trouble === undefined && !this.#isOver) await this.#world.perform(deed);
    } catch (error) {
      this.#trouble ??= `${deed.do}: ${error instanceof Error ? error.message : String(error)}`;
      this.#over?.();
    }
    this.#busy -= 1;
    this.#latestAt = this.#world.now();
    this.#giveTime();
  }

  /** Has everybody come to rest, and is there still something to wait for? */
  #lookAround(): void {
    const now = this.#world.now();
    if (this.#busy > 0) return;
    const awaits = this.#director.awaitsSettled();
    if (!awaits) this.#awaitsSettled = undefined;
    else this.#awaitsSettled ??= this.#begunNow();
    if (!awaits && !this.#director.isOver()) return;
    const isStill = now - this.#latestAt >= quietMs;
    // One that never falls silent has no more time than one that does.
    const soonest = Math.min(hopelessMs, this.#patienceWith(this.#restless()));
    if (!isStill && now - (this.#awaitsSettled?.since ?? now) < soonest) return;
    const restless = this.#restless();
    const isQuiet = isStill && restless.length === 0;
    const isLate =
      this.#awaitsSettled !== undefined && this.#fairMs(now, this.#awaitsSettled) >= this.#patienceWith(restless);
    if (awaits && (isQuiet || isLate)) {
      if (!isQuiet) this.#noteBroken(restless, now);
      this.#awaitsSettled = undefined;
      if (!isQuiet) for (const judge of this.#judges.values()) judge.noteOverdue(now);
      this.#do(this.#director.apply({ kind: 'settled' }, now));
    }
    if (this.#director.isOver()) this.#over?.();
  }

  #restless(): readonly string[] {
    return [...this.#judges].filter(([, judge]) => !judge.isSettled()).map(([thingName]) => thingName);
  }

  #giveTime(): void {
    if (this.#awaitsSettled !== undefined) this.#awaitsSettled = this.#begunNow();
  }

  #begunNow(): { readonly since: EpochMs; readonly lateMs: DurationMs } {
    return { since: this.#world.now(), lateMs: this.#lateMs };
  }

  /** How much of a time a device had: where this process comes late, the host is slow for the device, too. */
  #fairMs(now: EpochMs, { since, lateMs }: { readonly since: EpochMs; readonly lateMs: DurationMs }): DurationMs {
    const passedMs = now - since;
    return Math.max(passedMs / mostPatience, passedMs - costOfLateness * (this.#lateMs - lateMs));
  }

  /** What is found wrong with those who did not come to rest stays, whatever they do later. */
  #noteBroken(restless: readonly string[], now: EpochMs): void {
    for (const thingName of restless) {
      const failed =
        this.#judges
          .get(thingName)
          ?.conclude(now)
          .filter(({ outcome }) => outcome === 'fail') ?? [];
      if (failed.length > 0 && !this.#broken.has(thingName)) this.#broken.set(thingName, failed);
    }
  }

  #findingsOf(thingName: string, judge: Judge, now: EpochMs): readonly Finding[] {
    const broken = this.#broken.get(thingName) ?? [];
    return judge.conclude(now).map((finding) => broken.find(({ claim }) => claim === finding.claim) ?? finding);
  }

  /** Where everybody has come to rest and it is not quiet, any of them may be the reason. */
  #patienceWith(restless: readonly string[]): DurationMs {
    const awaited = restless.length > 0 ? restless : [...this.#judges.keys()];
    const isBroken = (thingName: string): boolean =>
      this.#broken.has(thingName) || this.#failed.has(thingName) || this.#options.broken?.has(thingName) === true;
    return awaited.every(isBroken) ? Math.min(hopelessMs, this.#usualSettleMs) : this.#settleMs;
  }

  get #settleMs(): DurationMs {
    return Math.max(this.#scenario.given.settleMs ?? 0, this.#usualSettleMs);
  }

  get #usualSettleMs(): DurationMs {
    const { settleMs, limits } = this.#options;
    return Math.max(settleMs, limits?.jobMs ?? 0);
  }

  #arm(): void {
    const deadline = this.#director.nextDeadline();
    if (deadline === this.#deadline) return;
    this.#cancelTimer?.();
    this.#deadline = deadline;
    this.#cancelTimer =
      deadline === undefined
        ? undefined
        : this.#world.setTimer(deadline, () => {
            this.#deadline = undefined;
            this.#do(this.#director.wake(this.#world.now()));
          });
  }

  /** How late this process itself runs: what it explains is nobody's fault. */
  #watchLag(): NodeJS.Timeout {
    const everyMs = 100;
    let expected = performance.now() + everyMs;
    return setInterval(() => {
      const behindMs = performance.now() - expected;
      expected = performance.now() + everyMs;
      if (behindMs >= latenessMs) this.#lateMs += behindMs;
      if (behindMs < lagWorthTellingMs) return;
      const seen: ObservationOf<'lag'> = {
        kind: 'lag',
        source: 'host',
        at: this.#world.now(),
        behindMs: Math.round(behindMs),
      };
      this.#see(seen);
    }, everyMs);
  }
}

/** What shows that something is still going on. */
function movesOn({ kind }: Observation): boolean {
  return kind !== 'pinged' && kind !== 'lag' && kind !== 'printed' && kind !== 'called' && kind !== 'published';
}

/** After that a device has its time to come to rest anew: a job has ended, or the rig has done something to it. */
function givesTime(seen: Observation): boolean {
  if (seen.kind === 'power' || seen.kind === 'fault') return true;
  return seen.kind === 'execution' && seen.status !== 'QUEUED' && seen.status !== 'IN_PROGRESS';
}
