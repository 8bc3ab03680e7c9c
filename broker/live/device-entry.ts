/**
 * One device of the live page: what it is at, folded from what is seen of it, and the last of what was said. Bounded: a ring
 * of messages, its pending executions, a few counters. Judges nothing; a wire that asks for its next job after a pull counts
 * as recovered until it speaks of the pulled execution again, and a judge's word stands above that.
 */
import { type ExecutionIdentity, steps } from '../../observation/execution.ts';
import { identityKey } from '../../observation/execution.ts';
import type { DeviceTrace, DeviceView } from '../../observation/inside.ts';
import type { Observation, ObservationOf } from '../../observation/observation.ts';
import { isTerminal } from '../../protocol/status.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { RequestOperation } from '../../protocol/topics.ts';
import type { DeviceState, PullSeen, QueuedExecution, RemarkCode, Told } from './contract.ts';

/** What a change of a device counts for. */
export interface Tally {
  finished(status: string): void;
  pulled(entry: DeviceEntry): void;
  recovered(afterMs: number): void;
  /** It is not recovered after all. */
  relapsed(): void;
}

/** What a device has around it. */
export interface EntryOptions {
  /** Service time. */
  readonly now: () => EpochMs;
  /** Wall clock, milliseconds, any origin. */
  readonly wallNow: () => number;
  readonly tally: Tally;
}

interface Pull {
  readonly at: EpochMs;
  readonly execution: ExecutionIdentity;
  readonly state: DeviceState;
  recoveredMs?: number;
}

interface Pending {
  readonly identity: ExecutionIdentity;
  status: string;
  versionNumber: number;
}

/** A payload longer than this is kept without the job document in it. */
const longestPayload = 4096;

export class DeviceEntry {
  readonly index: number;
  name: string;
  online = false;
  isGone = false;
  protocol: string | undefined;
  state: DeviceState = 'away';
  /** By identity, in order of queueing. */
  readonly pending = new Map<string, Pending>();
  readonly remarks = new Map<RemarkCode, number>();
  viewAtPull: DeviceView | undefined;
  verdict: { readonly isBroken: boolean; readonly reason: string } | undefined;
  #step: DeviceState | undefined;
  #lastEnd: 'succeeded' | 'failed' | undefined;
  #pull: Pull | undefined;
  #told: Told[] = [];
  #count = 0;
  /** Counts up when what was told is told anew. */
  telling = 0;
  /** When the request that waits for an answer was made, wall clock, by operation. */
  #askedAt: { readonly operation: RequestOperation; readonly at: number } | undefined;
  #filters: { notify: boolean; next: boolean } = { notify: false, next: false };
  #asksAfterPull = 0;
  #hasConnected = false;
  /** Its agent tells what it does: the wire is then asked nothing that it knows better. */
  #hasInside = false;
  readonly #options: EntryOptions;

  constructor(index: number, name: string, options: EntryOptions) {
    this.index = index;
    this.name = name;
    this.#options = options;
  }

  get pull(): PullSeen | undefined {
    const pull = this.#pull;
    if (pull === undefined) return undefined;
    const { at, execution, state, recoveredMs } = pull;
    return { at, jobId: execution.jobId, state, ...(recoveredMs !== undefined && { recoveredMs }) };
  }

  get queue(): readonly QueuedExecution[] {
    const all = [...this.pending.values()].map(({ identity, status, versionNumber }) => ({
      jobId: identity.jobId,
      ...(identity.namespaceId !== undefined && { namespaceId: identity.namespaceId }),
      executionNumber: identity.executionNumber,
      status,
      versionNumber,
    }));
    return [
      ...all.filter(({ status }) => status === 'IN_PROGRESS'),
      ...all.filter(({ status }) => status === 'QUEUED'),
    ];
  }

  /** The execution that a person means who wants to pull this device's job. */
  get current(): ExecutionIdentity | undefined {
    let first: ExecutionIdentity | undefined;
    for (const { identity, status } of this.pending.values()) {
      if (status === 'IN_PROGRESS') return identity;
      first ??= identity;
    }
    return first;
  }

  // What was said.

  tell(told: Observation, most: number): void {
    this.#count += 1;
    const entry: Told = { ...told, n: this.#count };
    this.#told.push(entry);
    if (this.#told.length >= most * 2) this.#told = this.#told.slice(-most);
  }

  /** A door elsewhere has kept what was written; some of it may be here already. */
  retell(written: readonly Observation[], most: number): void {
    const known = new Map([...this.#told, ...written].map((told) => [JSON.stringify({ ...told, n: 0 }), told]));
    const all = [...known.values()].sort((a, b) => a.at - b.at).slice(-most);
    this.#told = all.map((told, index) => ({ ...told, n: this.#count + index + 1 }));
    this.#count += all.length;
    this.telling += 1;
  }

  /** What came behind the `n`-th, `most` of it at most. */
  toldSince(n: number, most: number): readonly Told[] {
    const fresh = this.#count - n;
    return fresh <= 0 ? [] : this.#told.slice(-Math.min(fresh, most));
  }

  get lastNumber(): number {
    return this.#count;
  }

  // What it is at.

  connected(protocol?: string): void {
    this.online = true;
    this.#hasConnected = true;
    if (protocol !== undefined) this.protocol = protocol;
  }

  disconnected(): void {
    this.online = false;
    this.#askedAt = undefined;
  }

  subscribed(filters: readonly string[]): void {
    for (const filter of filters) {
      if (filter.endsWith('/jobs/#')) this.#filters = { notify: true, next: true };
      if (filter.endsWith('/jobs/notify')) this.#filters.notify = true;
      if (filter.endsWith('/jobs/notify-next') || filter.endsWith('/jobs/+')) this.#filters.next = true;
    }
  }

  asked(
    operation: RequestOperation,
    jobId: string | undefined,
    said: { readonly status?: string; readonly hasToken: boolean },
  ): void {
    this.#askedAt = { operation, at: this.#options.wallNow() };
    if (operation === 'UpdateJobExecution') {
      if (!said.hasToken) this.remark('no-client-token');
      const pull = this.#pull;
      if (pull === undefined || pull.execution.jobId !== jobId) return;
      if (this.#hasPending(jobId)) return;
      this.remark('goes-on-after-gone');
      if (pull.recoveredMs === undefined) return;
      delete pull.recoveredMs;
      this.#options.tally.relapsed();
      return;
    }
    const pulled = this.#pull?.execution.jobId;
    if (operation === 'DescribeJobExecution' && jobId === pulled && !this.#hasPending(jobId)) {
      this.#asksAfterPull += 1;
      // Once is right: it may not have heard the notification.
      if (this.#asksAfterPull > 1) this.remark('asks-after-gone');
    }
    if (this.#filters.notify && !this.#filters.next) this.remark('notify-without-next', 1);
    if (this.#hasInside) return;
    if (operation !== 'DescribeJobExecution' || jobId === '$next') this.#rest();
  }

  #hasPending(jobId: string | undefined): boolean {
    return [...this.pending.values()].some(({ identity }) => identity.jobId === jobId);
  }

  /** Its agent says so, or its wire shows it. */
  #rest(): void {
    const pull = this.#pull;
    if (pull === undefined || pull.recoveredMs !== undefined) return;
    pull.recoveredMs = this.#options.now() - pull.at;
    this.#step = undefined;
    this.#options.tally.recovered(pull.recoveredMs);
  }

  /** @returns how long the answer took, where it is one to the last request. */
  answered(operation: RequestOperation): number | undefined {
    const asked = this.#askedAt;
    if (asked === undefined || asked.operation !== operation) return undefined;
    this.#askedAt = undefined;
    return operation === 'UpdateJobExecution' ? this.#options.wallNow() - asked.at : undefined;
  }

  remark(code: RemarkCode, most = Infinity): void {
    this.remarks.set(code, Math.min(most, (this.remarks.get(code) ?? 0) + 1));
  }

  execution(seen: ObservationOf<'execution'>): void {
    const { now, tally } = this.#options;
    const key = identityKey(seen.execution);
    const before = this.pending.get(key);
    const { status, versionNumber, statusDetails } = seen;
    if (status === 'QUEUED' || status === 'IN_PROGRESS') {
      if (before === undefined) this.pending.set(key, { identity: seen.execution, status, versionNumber });
      else Object.assign(before, { status, versionNumber });
      if (status !== 'IN_PROGRESS') return;
      const isNew = before?.status !== 'IN_PROGRESS';
      // It works on something else: nobody needs to ask for that who was told.
      if (isNew && !this.#hasInside) this.#rest();
      this.#working(statusDetails?.['step'], isNew);
      return;
    }
    this.pending.delete(key);
    if (before?.status !== 'IN_PROGRESS' && before?.status !== 'QUEUED') return;
    const wasAtWork = before.status === 'IN_PROGRESS';
    if (seen.force === true && wasAtWork) {
      this.#pull = { at: now(), execution: seen.execution, state: this.state };
      this.verdict = undefined;
      this.#asksAfterPull = 0;
      tally.pulled(this);
      return;
    }
    if (wasAtWork) this.#step = undefined;
    if (status !== 'DELETED' && isTerminal(status)) {
      this.#lastEnd = status === 'SUCCEEDED' ? 'succeeded' : 'failed';
      tally.finished(status);
    }
  }

  #working(step: string | undefined, isNew: boolean): void {
    if (isNew) this.#step = undefined;
    if (step !== undefined && stepStates.has(step)) this.#step = step as DeviceState;
    this.#step ??= 'working';
  }

  traced(trace: DeviceTrace): void {
    this.#hasInside = true;
    if (trace.kind === 'step') this.#step = trace.step;
    else if (trace.kind === 'finished') this.#step = undefined;
    else if (trace.kind === 'recovered') {
      const pull = this.#pull;
      if (pull !== undefined && identityKey(pull.execution) === identityKey(trace.execution)) this.#rest();
      this.#step = undefined;
    }
  }

  /** Recomputes what its tile shows. @returns whether that changed. */
  refresh(): boolean {
    const state = this.#now();
    if (state === this.state) return false;
    this.state = state;
    return true;
  }

  #now(): DeviceState {
    if (this.isGone) return 'gone';
    if (this.verdict?.isBroken === true) return 'broken';
    const pull = this.#pull;
    if (pull !== undefined && pull.recoveredMs === undefined) return 'pulled';
    const isAtWork = [...this.pending.values()].some(({ status }) => status === 'IN_PROGRESS');
    const step = this.#step;
    // Over HTTP a device works without ever being connected.
    const isReachable = this.online || !this.#hasConnected;
    if (isAtWork && step !== undefined) return isReachable || step === 'reboot' || step === 'self-test' ? step : 'away';
    if (!this.online) return 'away';
    if (pull !== undefined) return 'recovered';
    return this.#lastEnd ?? 'waiting';
  }
}

const stepStates: ReadonlySet<string> = new Set(steps);

/** What is kept of a message: all of it, unless it is long. A job document, which only the service sends, is left out of a long one. */
export function keptText({ to, text: payload }: Pick<ObservationOf<'written'>, 'to' | 'text'>): string {
  if (payload.length <= longestPayload) return payload;
  if (to === 'service') return '';
  try {
    const content = JSON.parse(payload) as { jobDocument?: unknown; execution?: { jobDocument?: unknown } };
    const left = { '…': `${payload.length} bytes in all, not kept` };
    if (content.jobDocument !== undefined) content.jobDocument = left;
    if (content.execution?.jobDocument !== undefined) content.execution.jobDocument = left;
    const text = JSON.stringify(content);
    return text.length <= longestPayload ? text : '';
  } catch {
    return '';
  }
}
