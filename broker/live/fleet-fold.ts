/**
 * All devices of the live page, folded from what is seen: who is there, what each is at, what was counted, and which of them
 * changed since somebody last looked. Bounded in devices and in bytes; what is beyond is counted and not shown.
 */
import type { Observation, ObservationOf } from '../../observation/observation.ts';
import type { DurationMs } from '../../protocol/time.ts';
import type { RequestOperation } from '../../protocol/topics.ts';
import { type ChartPoint, type Counters, type PendingJob, deviceStates, stateLetters } from './contract.ts';
import { DeviceEntry, type EntryOptions, type Tally } from './device-entry.ts';

/** As many as a screen can show. */
const mostDevices = 10_000;
/** Of all devices together. */
const mostTold = 100_000;
const mostToldBytes = 48 * 1024 * 1024;
const mostToldOfOne = 300;
const fewestToldOfOne = 6;
/** Recovery times that the median is taken of. */
const mostSamples = 2000;
/** Answers that the quantiles of a second are taken of. */
const mostAnswers = 1000;
const jobsShown = 8;

const letterOf = Object.fromEntries(deviceStates.map((state, index) => [state, stateLetters[index]!]));

export type FoldOptions = Omit<EntryOptions, 'tally'>;

export class FleetFold {
  readonly entries: DeviceEntry[] = [];
  /** Things beyond those that are shown. */
  unseen = 0;
  readonly #options: FoldOptions;
  readonly #byName = new Map<string, DeviceEntry>();
  readonly #unseen = new Set<string>();
  readonly #changed = new Set<DeviceEntry>();
  readonly #counts = { succeeded: 0, failed: 0, pulled: 0, recovered: 0 };
  readonly #recoveries: DurationMs[] = [];
  /** Since the last point. */
  #second = { finished: 0, exchanges: 0, pulls: 0, answers: [] as number[], since: 0, at: 0 };
  #toldBytes = 400;
  /** What a device was pulled from, for whoever keeps its inside. */
  onPulled: ((entry: DeviceEntry) => void) | undefined;

  constructor(options: FoldOptions) {
    this.#options = options;
    this.#second.since = options.wallNow();
    this.#second.at = options.now();
  }

  readonly #tally: Tally = {
    finished: (status) => {
      this.#counts[status === 'SUCCEEDED' ? 'succeeded' : 'failed'] += 1;
      this.#second.finished += 1;
    },
    pulled: (entry) => {
      this.#counts.pulled += 1;
      this.#second.pulls += 1;
      this.onPulled?.(entry);
    },
    recovered: (afterMs) => {
      this.#counts.recovered += 1;
      this.#recoveries.push(afterMs);
      if (this.#recoveries.length > mostSamples) this.#recoveries.shift();
    },
    relapsed: () => {
      this.#counts.recovered -= 1;
      this.#recoveries.pop();
    },
  };

  find(name: string): DeviceEntry | undefined {
    return this.#byName.get(name);
  }

  /** Makes it known. @returns `undefined` when there are too many. */
  entry(name: string): DeviceEntry | undefined {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    if (this.entries.length >= mostDevices) {
      if (this.#unseen.size < 10 * mostDevices) this.#unseen.add(name);
      this.unseen = this.#unseen.size;
      return undefined;
    }
    const made = new DeviceEntry(this.entries.length, name, { ...this.#options, tally: this.#tally });
    this.entries.push(made);
    this.#byName.set(name, made);
    return made;
  }

  /** The same, of a device that is about to change. */
  touch(name: string): DeviceEntry | undefined {
    const entry = this.entry(name);
    if (entry !== undefined) this.#changed.add(entry);
    return entry;
  }

  /** A client that was shown under its client id is this thing. */
  rename(from: string, to: string): void {
    const entry = this.#byName.get(from);
    if (entry === undefined || from === to) return;
    this.#byName.delete(from);
    entry.isGone = true;
    this.#changed.add(entry);
    this.touch(to)?.connected(entry.protocol);
  }

  // What was said.

  /** Of one device, for whoever looks at it. */
  tell(name: string, told: Observation): void {
    const entry = this.entry(name);
    if (entry === undefined) return;
    const bytes = told.kind === 'written' ? told.text.length + 160 : 400;
    this.#toldBytes += (bytes - this.#toldBytes) * 0.001;
    entry.tell(told, this.#toldOfOne);
  }

  /** What a door elsewhere keeps of one device. */
  retell(name: string, written: readonly Observation[]): void {
    this.#byName.get(name)?.retell(written, this.#toldOfOne);
  }

  get #toldOfOne(): number {
    const share = Math.min(mostTold, mostToldBytes / this.#toldBytes) / Math.max(1, this.entries.length);
    return Math.round(Math.min(mostToldOfOne, Math.max(fewestToldOfOne, share)));
  }

  asked(
    name: string,
    operation: RequestOperation,
    jobId: string | undefined,
    said: { readonly status?: string; readonly hasToken: boolean },
  ): void {
    this.#second.exchanges += 1;
    this.touch(name)?.asked(operation, jobId, said);
  }

  answered(name: string, operation: RequestOperation): void {
    const tookMs = this.#byName.get(name)?.answered(operation);
    const { answers } = this.#second;
    if (tookMs !== undefined && answers.length < mostAnswers) answers.push(tookMs);
  }

  /** What doors elsewhere have counted of all devices. */
  counted(exchanges: number, answersMs: readonly DurationMs[]): void {
    this.#second.exchanges += exchanges;
    this.#second.answers.push(...answersMs.slice(0, mostAnswers - this.#second.answers.length));
  }

  execution(seen: ObservationOf<'execution'>): void {
    if (seen.thingName !== undefined) this.touch(seen.thingName)?.execution(seen);
  }

  /** Devices whose job was pulled and that are not known to have recovered. */
  unrecovered(most: number): readonly string[] {
    const names: string[] = [];
    for (const { state, name } of this.entries) {
      if (state === 'pulled' && names.push(name) === most) break;
    }
    return names;
  }

  // What a page shows of it.

  /** Index and letter of every device whose tile changed since the last call. */
  takeMoved(): readonly (readonly [number, string])[] {
    const moved: (readonly [number, string])[] = [];
    for (const entry of this.#changed) if (entry.refresh()) moved.push([entry.index, letterOf[entry.state]!]);
    this.#changed.clear();
    return moved;
  }

  states(): string {
    return this.entries.map(({ state }) => letterOf[state]).join('');
  }

  counters(): Counters {
    let [connected, atWork, things, broken] = [0, 0, this.unseen, 0];
    for (const entry of this.entries) {
      if (entry.isGone) continue;
      things += 1;
      if (entry.online) connected += 1;
      if (isAtWork(entry)) atWork += 1;
      if (entry.state === 'broken') broken += 1;
    }
    const medianRecoveryMs = quantile(this.#recoveries, 0.5);
    return {
      things,
      connected,
      atWork,
      ...this.#counts,
      broken,
      ...(medianRecoveryMs !== undefined && { medianRecoveryMs }),
    };
  }

  /** Those with most pending executions first. */
  jobs(): readonly PendingJob[] {
    const found = new Map<string, { jobId: string; namespaceId?: string; pending: number; inProgress: number }>();
    for (const { pending } of this.entries) {
      for (const { identity, status } of pending.values()) {
        const { jobId, namespaceId } = identity;
        let job = found.get(jobId);
        if (job === undefined) {
          job = { jobId, pending: 0, inProgress: 0, ...(namespaceId !== undefined && { namespaceId }) };
          found.set(jobId, job);
        }
        job.pending += 1;
        if (status === 'IN_PROGRESS') job.inProgress += 1;
      }
    }
    return [...found.values()].sort((a, b) => b.pending - a.pending).slice(0, jobsShown);
  }

  /** What happened since the last call, about a second ago. */
  takePoint(connected: number, memoryMb: number): ChartPoint {
    const { finished, exchanges, pulls, answers, since, at } = this.#second;
    const [now, wallNow] = [this.#options.now(), this.#options.wallNow()];
    const serviceSeconds = Math.max(0.001, (now - at) / 1000);
    const wallSeconds = Math.max(0.001, (wallNow - since) / 1000);
    this.#second = { finished: 0, exchanges: 0, pulls: 0, answers: [], since: wallNow, at: now };
    const [answerP50Ms, answerP99Ms] = [quantile(answers, 0.5), quantile(answers, 0.99)];
    return {
      at: now,
      finishedPerSecond: finished / serviceSeconds,
      exchangesPerSecond: exchanges / wallSeconds,
      ...(answerP50Ms !== undefined && answerP99Ms !== undefined && { answerP50Ms, answerP99Ms }),
      pulls,
      connected,
      memoryMb,
    };
  }
}

const idle: ReadonlySet<string> = new Set([
  'gone',
  'away',
  'waiting',
  'succeeded',
  'failed',
  'pulled',
  'recovered',
  'broken',
]);

function isAtWork({ state }: DeviceEntry): boolean {
  return !idle.has(state);
}

/** By nearest rank. */
function quantile(samples: readonly number[], q: number): number | undefined {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
}
