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
import type { ExecutionRecord } from './record.ts';
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
  if (!record.isPowered || record.pending.size === 0) return [];
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
    ({ jobId, status: expected }) =>
      jobId === identity.jobId && (Array.isArray(expected) ? expected.includes(status) : expected === status),
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
  const waited = `${jobId} is still ${execution.status} after ${seconds(now - since)}`;
  const evidence: (Observation | undefined)[] = [
    execution.created,
    record.connected,
    record.lastReceived,
    record.lastSent,
  ];
  const shown = evidence.filter((one) => one !== undefined).sort((a, b) => a.at - b.at);
  const about = claimOf(context, execution);
  const open = record.openRequests.at(-1);
  if (!record.isConnected) {
    return { claim: 'V1', sign: 'never-came-back', reason: `${waited}; the device has not come back`, evidence: shown };
  }
  if (execution.status === 'IN_PROGRESS') {
    const claim = about === 'V4' ? 'V1' : about;
    if (open !== undefined) {
      const reason = `${waited}; the device waits for the answer to ${open.request.operation}`;
      return { claim, sign: 'waits-for-an-answer', reason, evidence: [...shown, open.seen] };
    }
    return { claim, sign: 'stuck-at-work', reason: `${waited}; it was started and never ended`, evidence: shown };
  }
  if (about === 'V4') {
    const isSameNumber = record
      .ofJob(jobId)
      .some((other) => other !== execution && other.identity.executionNumber === execution.identity.executionNumber);
    return {
      claim: 'V4',
      sign: isSameNumber ? 'same-ids-ignored' : 'same-job-ignored',
      reason: `ignores a new execution of ${jobId}, which the device had before: ${waited}`,
      evidence: shown,
    };
  }
  const { sign, why } = whyIdle(context, execution);
  return {
    claim: about,
    sign: about === 'V5' ? 'canary-not-taken' : sign,
    reason: `${waited}; ${why}`,
    evidence: shown,
  };
}

function whyIdle(
  { record }: ClaimContext,
  { created, identity }: ExecutionRecord,
): { readonly sign: Sign; readonly why: string } {
  const { connected, lastSent, lastReceived, filters } = record;
  const hears = [...filters].some((filter) => mayShow(filter, identity.namespaceId));
  const askedSince = lastSent !== undefined && connected !== undefined && lastSent.at >= connected.at;
  if (connected !== undefined && connected.at > created.at && !askedSince) {
    return { sign: 'did-not-ask-after-connecting', why: 'the device connected and asked for nothing' };
  }
  if (filters.size > 0 && !hears)
    return { sign: 'not-subscribed', why: 'the device does not listen to its notifications' };
  if (filters.size === 0 && !askedSince) return { sign: 'not-subscribed', why: 'the device has subscribed to nothing' };
  if (record.openRequests.length > 0) {
    return {
      sign: 'waits-for-an-answer',
      why: `the device waits for the answer to ${record.openRequests.at(-1)!.request.operation}`,
    };
  }
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

function claimOf({ expectations, record }: ClaimContext, execution: ExecutionRecord): ClaimId {
  const { jobId } = execution.identity;
  const hadBefore = record
    .ofJob(jobId)
    .some(
      (other) =>
        other !== execution && other.endedAt !== undefined && (other.startedAt !== undefined || !other.isTaken),
    );
  if (hadBefore) return 'V4';
  return expectations.find((one) => one.jobId === jobId)?.about ?? 'V1';
}
