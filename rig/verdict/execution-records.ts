/**
 * The executions of one device, at the service and as far as the device was told of them. Bounded: those that ended long ago are
 * forgotten. Who tells of them is record.ts.
 */
import { type ExecutionIdentity, identityKey, isSameExecution } from '../../observation/execution.ts';
import type { Observation, ObservationOf } from '../../observation/observation.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { EndStatus } from './contract.ts';

/** One execution. */
export interface ExecutionRecord {
  readonly identity: ExecutionIdentity;
  /** `jobId#executionNumber@queuedAt`. */
  readonly key: string;
  readonly created: ObservationOf<'execution'>;
  status: EndStatus;
  /** The last change of it at the service. */
  changed: ObservationOf<'execution'>;
  startedAt: EpochMs | undefined;
  /** Since when it is no longer pending. */
  endedAt: EpochMs | undefined;
  /** It was pending, and somebody else than the device ended it. */
  isTaken: boolean;
  /** The first message on this connection that makes the device doubt it. */
  hinted: Observation | undefined;
  /** From when the device has no more reason to doubt that it is gone. */
  known: Observation | undefined;
  /** From when an answer about this very execution says so; a head or a list may be wrong for a while (R39). */
  answeredAt: EpochMs | undefined;
  /** It asked about this very execution after a head or a list had shown it gone, and has no answer yet. */
  isAskedAbout: boolean;
  /** From when the device knows that its own report of it was accepted. */
  closedAt: EpochMs | undefined;
  /** It was over, and the device knew it for long, when its power was cut. */
  wasOverBeforeCut: boolean;
  /** Power cuts and ends of the program that fell into its time. */
  interruptions: number;
  /** How often non-volatile memory was lost or torn meanwhile: the device cannot know what it had done. */
  memoryLosses: number;
}

/** Executions that ended are remembered up to this number. */
const remembersEnded = 128;
/** Executions of which it is still followed what the device is told. */
const remembersTaken = 12;

export class ExecutionRecords {
  /** In the order in which they were made. */
  readonly pending: ExecutionRecord[] = [];
  /** Taken away, and the device may still work on them or was told of it lately. */
  readonly taken = new Set<ExecutionRecord>();
  /** In the order in which they ended. */
  readonly ended: ExecutionRecord[] = [];
  /** Executions so far. */
  executions = 0;
  /** The last end of an execution. */
  lastEndAt: EpochMs = 0;
  readonly #byKey = new Map<string, ExecutionRecord>();
  readonly #ofJob = new Map<string, ExecutionRecord[]>();
  readonly #createdTimes = new Map<string, number>();
  readonly #startedAs = new Map<string, string>();

  /** All executions that are remembered. */
  remembered(): Iterable<ExecutionRecord> {
    return this.#byKey.values();
  }

  byKey(key: string): ExecutionRecord | undefined {
    return this.#byKey.get(key);
  }

  of(execution: ExecutionIdentity): ExecutionRecord | undefined {
    const made = this.ofJob(execution.jobId);
    for (let index = made.length - 1; index >= 0; index -= 1) {
      if (isSameExecution(made[index]!.identity, execution)) return made[index];
    }
    return undefined;
  }

  /** Of this job, in the order in which they were made. */
  ofJob(jobId: string): readonly ExecutionRecord[] {
    return this.#ofJob.get(jobId) ?? none;
  }

  pendingOf(jobId: string, executionNumber: number | undefined): ExecutionRecord | undefined {
    for (const one of this.pending) {
      const { identity } = one;
      if (identity.jobId !== jobId) continue;
      if (executionNumber === undefined || identity.executionNumber === executionNumber) return one;
    }
    return undefined;
  }

  /** Of ids that came back and are pending no more, the last execution: the one that a device may mean by them. */
  overOf(jobId: string, executionNumber: number | undefined): ExecutionRecord | undefined {
    if (this.pendingOf(jobId, executionNumber) !== undefined) return undefined;
    return this.ofJob(jobId).findLast(
      ({ identity }) => executionNumber === undefined || identity.executionNumber === executionNumber,
    );
  }

  /**
   * What the service took an execution for when it let the device start it. Requests name job and number only, so a device
   * that was told late may start a new execution under the identity of one that is gone.
   */
  startedAs(key: string): string {
    return this.#startedAs.size === 0 ? key : (this.#startedAs.get(key) ?? key);
  }

  /** How many executions there ever were of this identity; more than one when ids came back within a second. */
  createdTimes(key: string): number {
    return this.#createdTimes.get(key) ?? 0;
  }

  /** How often something was done for an execution, whatever the device took it for; `done` is by keys. */
  timesOf(started: string, done: Readonly<Record<string, number>>): number {
    if (this.#startedAs.size === 0) return done[started] ?? 0;
    let times = 0;
    for (const key in done) if (this.startedAs(key) === started) times += done[key]!;
    return times;
  }

  /** The device begins to work on it. */
  start(execution: ExecutionIdentity): void {
    const key = identityKey(execution);
    const pending = this.pendingOf(execution.jobId, execution.executionNumber)?.key ?? key;
    if (pending === key) this.#startedAs.delete(key);
    else this.#startedAs.set(key, pending);
  }

  /** An execution was made, has changed, or is gone. */
  onExecution(seen: ObservationOf<'execution'>): void {
    const one = this.of(seen.execution);
    const isPending = seen.status === 'QUEUED' || seen.status === 'IN_PROGRESS';
    if (one === undefined || (one.endedAt !== undefined && isPending)) {
      if (isPending) this.#add(seen, one);
      return;
    }
    one.status = seen.status;
    one.changed = seen;
    if (seen.status === 'IN_PROGRESS') one.startedAt ??= seen.at;
    if (!isPending && one.endedAt === undefined) this.#end(one, seen);
  }

  #end(one: ExecutionRecord, { at, by }: ObservationOf<'execution'>): void {
    one.endedAt = at;
    this.lastEndAt = at;
    this.pending.splice(this.pending.indexOf(one), 1);
    if (by !== 'device') {
      one.isTaken = true;
      this.taken.add(one);
      if (this.taken.size > remembersTaken) this.#dropOldestTaken();
    }
    this.ended.push(one);
    if (this.ended.length > remembersEnded) this.#forget(this.ended.shift()!);
  }

  #dropOldestTaken(): void {
    const [oldest] = this.taken;
    if (oldest !== undefined) this.taken.delete(oldest);
  }

  #add(seen: ObservationOf<'execution'>, before: ExecutionRecord | undefined): void {
    if (before !== undefined) this.#forget(before);
    const key = identityKey(seen.execution);
    const one: ExecutionRecord = {
      identity: seen.execution,
      key,
      created: seen,
      status: seen.status,
      changed: seen,
      startedAt: seen.status === 'IN_PROGRESS' ? seen.at : undefined,
      endedAt: undefined,
      isTaken: false,
      hinted: undefined,
      known: undefined,
      answeredAt: undefined,
      isAskedAbout: false,
      closedAt: undefined,
      wasOverBeforeCut: false,
      interruptions: 0,
      memoryLosses: 0,
    };
    this.executions += 1;
    this.#createdTimes.set(key, this.createdTimes(key) + 1);
    this.#byKey.set(key, one);
    this.pending.push(one);
    const { jobId } = seen.execution;
    const ofJob = this.#ofJob.get(jobId);
    if (ofJob === undefined) this.#ofJob.set(jobId, [one]);
    else ofJob.push(one);
  }

  #forget(one: ExecutionRecord): void {
    const { jobId } = one.identity;
    this.taken.delete(one);
    if (this.#byKey.get(one.key) === one) this.#byKey.delete(one.key);
    const ofJob = this.ofJob(jobId).filter((other) => other !== one);
    if (ofJob.length === 0) this.#ofJob.delete(jobId);
    else this.#ofJob.set(jobId, ofJob);
    if (this.#createdTimes.size > 8 * remembersEnded) this.#createdTimes.delete(one.key);
  }
}

const none: readonly ExecutionRecord[] = [];
