/**
 * A device for a test of one's own: started or awaited, given jobs, pulled away from them, waited for by what it says, and judged by
 * the same claims as in a check. It is one stay on a lane, played by hand instead of by a director.
 */
import { join } from 'node:path';
import type { Observation } from '../../../observation/observation.ts';
import { show } from '../../../observation/observers.ts';
import type { DurationMs } from '../../../protocol/time.ts';
import type { Deed, DeedOf, Scenario, Trigger } from '../../scenario/contract.ts';
import { createDirector } from '../../scenario/director.ts';
import { plainScenario } from '../../scenario/plain.ts';
import { triggerWords } from '../../scenario/words.ts';
import {
  type ClaimId,
  type EndStatus,
  type Finding,
  type Judge,
  type Verdict,
  verdictOf,
} from '../../verdict/contract.ts';
import { createJudge } from '../../verdict/judge.ts';
import { limitsWith } from '../../verdict/limits.ts';
import { type Awaited, type SeenOf, triggerOf } from './awaited.ts';
import { BenchPlace, type PlaceOptions, type Stay, type Subject } from './bench-place.ts';
import { type Lane, type LaneOptions, openLane } from './lane.ts';
import { limitsOf, portraitOf } from './portrait.ts';
import { type Scratch, openScratch } from './scratch.ts';

export interface DeviceOptions extends Omit<PlaceOptions, 'reset'>, Pick<LaneOptions, 'host' | 'ports'> {
  readonly subject: Subject;
  /** Default: `jobrig-device`, or the name of the attached one. */
  readonly thingName?: string | undefined;
  /** So long a device may take to come to rest; default 8 s. */
  readonly settleMs?: DurationMs;
  /** So long {@link DeviceUnderTest.until} waits; default 30 s. */
  readonly timeoutMs?: DurationMs;
}

export type NewJobOptions = Partial<Omit<DeedOf<'create-job'>, 'do' | 'job'>>;

/** How a job is taken away: default `delete-execution`. Always by force. */
export type PullBy = 'delete-execution' | 'delete-job' | 'cancel-execution' | 'cancel-job';

export interface DeviceVerdict {
  readonly verdict: Verdict;
  /** Claims that broke. */
  readonly broke: readonly ClaimId[];
  /** Of the first of them, in one sentence; empty for a pass. */
  readonly reason: string;
  readonly findings: readonly Finding[];
}

const usualSettleMs: DurationMs = 8000;
const usualTimeoutMs: DurationMs = 30_000;
/** Nothing must happen for so long before a device counts as at rest. */
const quietMs: DurationMs = 400;
const lookEveryMs: DurationMs = 50;

/** @throws {OperationalError} as a check that cannot begin */
export async function startDevice(options: DeviceOptions): Promise<DeviceUnderTest> {
  const scratch = openScratch('jobrig-device-');
  let lane: Lane | undefined;
  try {
    lane = await openLane({ ...options, directory: join(scratch.path, 'lane') });
    return await enter(options, lane, scratch);
  } catch (error) {
    await lane?.close();
    await scratch[Symbol.asyncDispose]();
    throw error;
  }
}

async function enter(options: DeviceOptions, lane: Lane, scratch: Scratch): Promise<DeviceUnderTest> {
  const { subject, settleMs = usualSettleMs, timeoutMs = usualTimeoutMs } = options;
  const thingName = options.thingName ?? (subject.kind === 'attached' ? subject.thingName : 'jobrig-device');
  const place = new BenchPlace(lane, join(scratch.path, 'lane'), { ...options, thingName });
  const stay = await place.enter(waiting([]), { settleMs, timeoutMs });
  const device = new DeviceUnderTest(stay, lane, scratch, { settleMs, timeoutMs });
  try {
    await stay.device.powerOn();
    return device;
  } catch (error) {
    await stay.leave();
    throw error;
  }
}

interface Times {
  readonly settleMs: DurationMs;
  readonly timeoutMs: DurationMs;
}

export class DeviceUnderTest implements AsyncDisposable {
  readonly #stay: Stay;
  readonly #lane: Lane;
  readonly #scratch: Scratch;
  readonly #times: Times;
  readonly #judge: Judge;
  readonly #seen: Observation[] = [];
  readonly #waiting = new Set<(seen: Observation) => void>();
  /** What was seen before is over: something was waited for or done since. */
  #from = 0;
  #latestAt = 0;
  #isConnected = false;
  #jobs = 0;
  #closed: Promise<void> | undefined;

  constructor(stay: Stay, lane: Lane, scratch: Scratch, times: Times) {
    this.#stay = stay;
    this.#lane = lane;
    this.#scratch = scratch;
    this.#times = times;
    const { world, thingName } = stay;
    this.#judge = createJudge({
      thingName,
      sights: world.sights,
      limits: limitsOf(portraitOf([], '', ''), times.settleMs, limitsWith()),
    });
    world.attend((seen) => this.#look(seen));
  }

  get thingName(): string {
    return this.#stay.thingName;
  }

  /** What a device that connects by itself has to know, as the environment of a program. */
  get environment(): Readonly<Record<string, string>> {
    return this.#stay.equipment.environment;
  }

  /** Everything so far, in order. */
  get seen(): readonly Observation[] {
    return this.#seen;
  }

  /** @returns the job's label, by which every other method knows it */
  async createJob(label = `job-${(this.#jobs += 1)}`, options: NewJobOptions = {}): Promise<string> {
    await this.perform({ do: 'create-job', job: label, ...options });
    return label;
  }

  async pull(job: string, by: PullBy = 'delete-execution'): Promise<void> {
    await this.perform({ do: by, job, force: true });
  }

  /** Off at once, and on again so much later; default half a second. */
  async cutPower(offForMs: DurationMs = 500): Promise<void> {
    await this.perform({ do: 'power', offForMs });
  }

  /** The connection breaks, and may be made again so much later; default at once. */
  async dropLink(forMs: DurationMs = 0): Promise<void> {
    await this.perform({ do: 'link', how: 'drop', forMs });
  }

  /** Anything else that a scenario can do. */
  async perform(deed: Deed): Promise<void> {
    this.#from = this.#seen.length;
    await this.#stay.world.perform(deed);
    this.#latestAt = this.#lane.now();
  }

  /** @returns what was seen. @throws when it does not happen in time, with what was waited for */
  async until<const When extends Awaited>(awaited: When): Promise<SeenOf<When>> {
    const when = triggerOf(awaited);
    const { timeoutMs } = this.#times;
    const found = await this.#wait(when, timeoutMs);
    if (found === undefined) {
      throw new Error(`waited ${timeoutMs / 1000} s in vain for ${triggerWords(when)}; ${this.#lastWords()}`);
    }
    return found.seen as SeenOf<When>;
  }

  /** Lets the device come to rest, as long as it may take, and judges all that was seen. */
  async verdict(expect: Readonly<Record<string, EndStatus | readonly EndStatus[]>> = {}): Promise<DeviceVerdict> {
    const { names } = this.#stay.world;
    this.#judge.expectNow(
      Object.entries(expect).map(([job, status]) => ({ jobId: names.jobId(job), status, about: 'V5' as const })),
    );
    await this.#wait({ on: 'settled' }, this.#times.settleMs);
    const findings = this.#judge.conclude(this.#lane.now());
    const failed = findings.filter(({ outcome }) => outcome === 'fail');
    return {
      verdict: verdictOf(findings),
      broke: [...new Set(failed.map(({ claim }) => claim))],
      reason: failed[0]?.reason ?? '',
      findings,
    };
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await this.#stay.leave();
      await this.#lane.close();
      await this.#scratch[Symbol.asyncDispose]();
    })();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #look(seen: Observation): void {
    this.#seen.push(seen);
    if (seen.kind === 'connected') this.#isConnected = true;
    if (seen.kind === 'disconnected') this.#isConnected = false;
    if (!['pinged', 'printed', 'called'].includes(seen.kind)) this.#latestAt = this.#lane.now();
    show(this.#judge.observer, seen);
    for (const look of this.#waiting) look(seen);
  }

  /** @returns what was seen last when it happened; absent: it did not, in time */
  #wait(when: Trigger, timeoutMs: DurationMs): Promise<{ readonly seen: Observation | undefined } | undefined> {
    const director = createDirector(waiting([when]), this.#stay.world.names);
    const before = this.#seen.slice(this.#from);
    const isThereAlready = when.on === 'connected' && this.#isConnected;
    if (isThereAlready)
      before.splice(
        0,
        before.length,
        this.#seen.findLast(({ kind }) => kind === 'connected')!,
      );
    return new Promise((resolve) => {
      let last: Observation | undefined;
      let place = this.#from;
      const isOver = (): boolean => {
        if (director.progress().done === 0) return false;
        this.#from = Math.max(place, this.#from);
        end({ seen: when.on === 'settled' || when.on === 'idle' ? undefined : last });
        return true;
      };
      const look = (seen: Observation): void => {
        place += 1;
        director.apply(seen, this.#lane.now());
        // With `afterMs` it happens later, and what was seen is what it began with.
        if (director.nextDeadline() !== undefined || director.progress().done > 0) last ??= seen;
        isOver();
      };
      const tick = (): void => {
        const now = this.#lane.now();
        if ((director.nextDeadline() ?? Infinity) <= now) director.wake(now);
        const isQuiet = now - this.#latestAt >= quietMs && this.#judge.isSettled();
        if (director.awaitsSettled() && isQuiet) director.apply({ kind: 'settled' }, now);
        isOver();
      };
      const end = (found: { readonly seen: Observation | undefined } | undefined): void => {
        clearInterval(ticking);
        clearTimeout(timeout);
        this.#waiting.delete(look);
        resolve(found);
      };
      const ticking = setInterval(tick, lookEveryMs);
      const timeout = setTimeout(() => end(undefined), timeoutMs);
      director.apply({ kind: 'start' }, this.#lane.now());
      for (const seen of before) {
        if (director.progress().done === 0) look(seen);
      }
      this.#waiting.add(look);
      if (director.progress().done > 0) this.#waiting.delete(look);
    });
  }

  #lastWords(): string {
    const printed = this.#seen.flatMap((one) => (one.kind === 'printed' ? [one.line] : [])).at(-1);
    const last = this.#seen.findLast(({ kind }) => kind !== 'printed' && kind !== 'called');
    return `last seen: ${last?.kind ?? 'nothing'}${printed === undefined ? '' : `; it printed last: ${printed}`}`;
  }
}

/** A scenario that only waits. */
function waiting(triggers: readonly Trigger[]): Scenario {
  return plainScenario({
    id: 'own-test',
    claim: 'A test of the user’s own.',
    about: 'V1',
    script: triggers.map((when) => ({ when, deeds: [] })),
  });
}
