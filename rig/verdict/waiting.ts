/**
 * Executions that wait too long for a device that could take them: which, since when, and why, as far as the wire tells. What a
 * rig does to a device or its link starts the time anew; what the device does to itself does not. To which claim a wait counts
 * follows from the job: one that came back under its id is V4's, a canary V5's, any other V1's.
 */
import type { Observation } from '../../observation/observation.ts';
import { parseJobsTopic } from '../../protocol/topics.ts';
import type { EpochMs } from '../../protocol/time.ts';
import { type ClaimContext, seconds } from './claim.ts';
import type { ClaimId } from './contract.ts';
import type { ExecutionRecord } from './execution-records.ts';
import type { DeviceRecord } from './record.ts';
import type { Sign } from './resemblance.ts';

export interface Waiting {
  readonly execution: ExecutionRecord;
  readonly claim: ClaimId;
  readonly since: EpochMs;
  readonly sign: Sign;
  readonly reason: string;
  readonly evidence: readonly Observation[];
}

/** Executions that have waited for longer than a device may let them wait, in order. */
export function waitingTooLong(context: ClaimContext, now: EpochMs): readonly Waiting[] {
  const { record, limits } = context;
  if (!record.isPowered || record.pending.length === 0) return [];
  const waiting: Waiting[] = [];
  for (const execution of record.pending) {
    if (mayWait(context, execution)) continue;
    const since = Math.max(execution.created.at, record.disturbedAt, record.lastEndAt);
    if (now - since <= limits.jobMs) continue;
    waiting.push({ execution, since, ...explain(context, execution, since, now) });
  }
  return waiting;
}

/** Somebody expects that it may be left as it is, e.g. a document that is not this agent's. */
function mayWait({ expectations }: ClaimContext, { identity, status }: ExecutionRecord): boolean {
  return expectations.some(
    ({ jobId, status: expected }) => jobId === identity.jobId && [expected].flat().includes(status),
  );
}

function explain(
  context: ClaimContext,
  execution: ExecutionRecord,
  since: EpochMs,
  now: EpochMs,
): Pick<Waiting, 'claim' | 'sign' | 'reason' | 'evidence'> {
  const { record } = context;
  const { jobId } = execution.identity;
  const about = claimOf(context, execution);
  const { sign, why } = whyWaiting(record, execution);
  const waited = `${jobId} is still ${execution.status} after ${seconds(now - since)}; ${why}`;
  const evidence = aroundWaiting(record, execution);
  if (!record.isConnected) return { claim: 'V1', sign, reason: waited, evidence };
  if (execution.status === 'IN_PROGRESS')
    return { claim: about === 'V4' ? 'V1' : about, sign, reason: waited, evidence };
  if (about === 'V4') {
    const { executionNumber } = execution.identity;
    const isSameNumber = record
      .ofJob(jobId)
      .some((other) => other !== execution && other.identity.executionNumber === executionNumber);
    const reason = `ignores a new execution of ${jobId}, which the device had before: ${waited}`;
    return { claim: about, sign: isSameNumber ? 'same-ids-ignored' : 'same-job-ignored', reason, evidence };
  }
  return { claim: about, sign: about === 'V5' ? 'canary-not-taken' : sign, reason: waited, evidence };
}

/** What there is to see around an execution that waits, in order. */
export function aroundWaiting(record: DeviceRecord, execution: ExecutionRecord): readonly Observation[] {
  const all: (Observation | undefined)[] = [execution.created, record.connected, record.lastReceived, record.lastSent];
  if (!record.isConnected) all.push(record.disconnected);
  return all.filter((one) => one !== undefined).sort((a, b) => a.at - b.at);
}

/** Why an execution waits, as far as the wire tells. */
export function whyWaiting(
  record: DeviceRecord,
  { created, identity, status }: ExecutionRecord,
): { readonly sign: Sign; readonly why: string } {
  const { connected, lastSent, lastReceived, filters } = record;
  if (!record.isConnected) return { sign: 'never-came-back', why: 'the device has not come back' };
  const open = record.openRequests.at(-1);
  if (open !== undefined) {
    return { sign: 'waits-for-an-answer', why: `the device waits for the answer to ${open.request.operation}` };
  }
  if (status === 'IN_PROGRESS') return { sign: 'stuck-at-work', why: 'it was started and never ended' };
  const hears = [...filters].some((filter) => mayShow(filter, identity.namespaceId));
  const askedSince = lastSent !== undefined && connected !== undefined && lastSent.at >= connected.at;
  if (connected !== undefined && connected.at > created.at && !askedSince) {
    return { sign: 'did-not-ask-after-connecting', why: 'the device connected and asked for nothing' };
  }
  if (filters.size > 0 && !hears)
    return { sign: 'not-subscribed', why: 'the device does not listen to its notifications' };
  if (filters.size === 0 && !askedSince) return { sign: 'not-subscribed', why: 'the device has subscribed to nothing' };
  const message = lastReceived?.message;
  if (message?.kind === 'reply' && message.outcome === 'rejected') {
    return { sign: 'silent-after-a-rejection', why: `the device says nothing since ${message.payload.code}` };
  }
  return { sign: 'told-and-idle', why: 'the device was told and does not take it' };
}

/** Whether a filter lets notifications of this namespace through. */
function mayShow(filter: string, namespaceId: string | undefined): boolean {
  if (filter.includes('#') || filter.includes('+')) return true;
  const topic = parseJobsTopic(filter);
  return topic?.kind === 'notification' && topic.namespaceId === namespaceId;
}

/** The claim that a wait for this execution counts to. */
function claimOf({ expectations, record }: ClaimContext, execution: ExecutionRecord): ClaimId {
  const { jobId } = execution.identity;
  if (isIgnored(record, execution)) return 'V4';
  return expectations.findLast((one) => one.jobId === jobId)?.about ?? 'V1';
}

/** It came back under an id that was used before, the device has heard of it, and does not begin it. */
export function isIgnored(record: DeviceRecord, execution: ExecutionRecord): boolean {
  if (execution.status !== 'QUEUED') return false;
  const others = record.ofJob(execution.identity.jobId);
  if (!others.some((other) => other !== execution && other.endedAt !== undefined)) return false;
  const { sign } = whyWaiting(record, execution);
  return sign === 'told-and-idle' || sign === 'silent-after-a-rejection';
}
