/**
 * Expected endings, checked beside the claims: a device that fails, rejects or skips what it could do is not valid, however
 * quietly it does so. Of a job that was made more than once, the last execution counts.
 */
import type { Observation, ObservationOf } from '../../observation/observation.ts';
import type { DeviceMessage } from '../../protocol/device-messages.ts';
import type { EpochMs } from '../../protocol/time.ts';
import { type Conclusion, pass, seconds } from './claim.ts';
import type { ClaimId, EndStatus, Expectation, Sight } from './contract.ts';
import type { ExecutionRecord } from './execution-records.ts';
import type { DeviceRecord } from './record.ts';
import { eachJobNamedBy } from './told.ts';
import { aroundWaiting, isIgnored, whyWaiting } from './waiting.ts';

export interface ExpectedEnding {
  readonly expectation: Expectation;
  /** The claim that a miss counts to. */
  about(): ClaimId;
  /** How it stands: met, missed, or nothing to be seen of it. */
  conclude(now: EpochMs): Conclusion;
}

const rememberedWitness = 256;
const rememberedReports = 64;

export class ExpectedEndings {
  readonly all: ExpectedEnding[] = [];
  readonly #record: DeviceRecord;
  readonly #crossing: CrossingReports;
  readonly #beside: SeenBeside;

  constructor(expectations: readonly Expectation[], record: DeviceRecord, sights: ReadonlySet<Sight>) {
    this.#record = record;
    this.#crossing = new CrossingReports(record);
    this.#beside = { record, sights, crossing: this.#crossing, witnessed: [], version: undefined };
    this.replace(expectations);
  }

  replace(expectations: readonly Expectation[]): void {
    this.all.length = 0;
    for (const expectation of expectations) {
      this.all.push({
        expectation,
        about: () => this.#about(expectation),
        conclude: (now) => endingOf(expectation, this.#beside, now),
      });
    }
  }

  onSent(seen: ObservationOf<'sent'>): void {
    this.#crossing.onSent(seen);
  }

  onReceived(seen: ObservationOf<'received'>): void {
    this.#crossing.onReceived(seen);
  }

  onExecution(seen: ObservationOf<'execution'>): void {
    this.#crossing.onExecution(seen);
  }

  onWitness(seen: ObservationOf<'witness'>): void {
    const { witnessed } = this.#beside;
    witnessed.push(seen);
    if (witnessed.length > rememberedWitness) witnessed.shift();
    if (seen.effect === 'activated') this.#beside.version = seen.version ?? this.#beside.version;
  }

  onReportedVersion({ version }: ObservationOf<'reported-version'>): void {
    this.#beside.version = version;
  }

  #about(expectation: Expectation): ClaimId {
    const one = this.#record.ofJob(expectation.jobId).at(-1);
    return one === undefined ? expectation.about : claimOfMiss(expectation, one, this.#record);
  }
}

/**
 * A job that came back under its id and is not begun is ignored, whatever it is for. What never ends, or ends too late, has not
 * converged. What ended, but not as it should, is the scenario's own claim.
 */
function claimOfMiss({ about, withinMs = Infinity }: Expectation, one: ExecutionRecord, record: DeviceRecord): ClaimId {
  if (isIgnored(record, one)) return 'V4';
  // The next job is one that follows another.
  if (about === 'V5' && [...record.remembered()].some(({ created }) => created.at < one.created.at)) return about;
  return one.endedAt === undefined || one.endedAt - one.created.at > withinMs ? 'V1' : about;
}

/**
 * A device that reports an execution cannot know that it is gone and made again at this moment, under the same number: its report
 * ends the new one, of which it was not told yet. That is nobody's fault.
 */
class CrossingReports {
  readonly #record: DeviceRecord;
  /** By job: when its last report was sent, and when the device was told of the newest execution. */
  readonly #reportedAt = new Map<string, EpochMs>();
  readonly #toldAt = new Map<string, EpochMs>();
  readonly #hit = new WeakSet<ExecutionRecord>();

  constructor(record: DeviceRecord) {
    this.#record = record;
  }

  onSent({ at, request: { operation, jobId, body } }: ObservationOf<'sent'>): void {
    if (operation !== 'UpdateJobExecution' || jobId === undefined || body.status === 'IN_PROGRESS') return;
    this.#reportedAt.delete(jobId);
    this.#reportedAt.set(jobId, at);
    if (this.#reportedAt.size > rememberedReports) this.#reportedAt.delete(this.#reportedAt.keys().next().value!);
  }

  onReceived({ at, message }: ObservationOf<'received'>): void {
    if (this.#toldAt.size > 0) this.#tell(message, at);
  }

  onExecution({ execution: { jobId }, status, by }: ObservationOf<'execution'>): void {
    if (status === 'QUEUED' && this.#record.ofJob(jobId).length > 1) this.#toldAt.set(jobId, Infinity);
    if (status === 'QUEUED' || status === 'IN_PROGRESS' || this.#toldAt.size === 0) return;
    const toldAt = this.#toldAt.get(jobId);
    this.#toldAt.delete(jobId);
    const one = this.#record.ofJob(jobId).at(-1);
    if (by === 'device' && toldAt !== undefined && one !== undefined && this.#sentBefore(jobId, toldAt))
      this.#hit.add(one);
  }

  #tell(message: DeviceMessage, at: EpochMs): void {
    eachJobNamedBy(message, (jobId) => {
      if (this.#toldAt.get(jobId) === Infinity) this.#toldAt.set(jobId, at);
    });
  }

  #sentBefore(jobId: string, toldAt: EpochMs): boolean {
    return (this.#reportedAt.get(jobId) ?? Infinity) <= toldAt;
  }

  ended(one: ExecutionRecord): boolean {
    return this.#hit.has(one);
  }
}

interface SeenBeside {
  readonly crossing: CrossingReports;
  readonly record: DeviceRecord;
  readonly sights: ReadonlySet<Sight>;
  readonly witnessed: ObservationOf<'witness'>[];
  version: string | undefined;
}

function endingOf(expectation: Expectation, beside: SeenBeside, now: EpochMs): Conclusion {
  const { jobId, withinMs = Infinity } = expectation;
  const one = beside.record.ofJob(jobId).at(-1);
  if (one === undefined) return { outcome: 'not-observed', reason: `the device was never given ${jobId}` };
  const expected: readonly EndStatus[] =
    typeof expectation.status === 'string' ? [expectation.status] : expectation.status;
  const words = expected.join(' or ');
  const evidence: readonly Observation[] = one.changed === one.created ? [one.created] : [one.created, one.changed];
  const since = one.created.at;
  if (!expected.includes(one.status)) {
    if (one.endedAt === undefined && now - since <= withinMs && withinMs !== Infinity) {
      return { outcome: 'inconclusive', reason: `${jobId} is ${one.status} and still has time to become ${words}` };
    }
    return one.endedAt === undefined
      ? neverEnded(expectation, one, beside, words, now)
      : endedOtherwise(expectation, one, words, beside);
  }
  const tookMs = (one.endedAt ?? now) - since;
  if (one.endedAt !== undefined && tookMs > withinMs) {
    return {
      outcome: 'fail',
      sign: 'ended-late',
      reason: `${jobId} became ${one.status} after ${seconds(tookMs)}, not within ${seconds(withinMs)}`,
      evidence,
      since,
    };
  }
  return (
    effectsOf(expectation, one, beside) ?? pass(`${jobId} became ${one.status} after ${seconds(tookMs)}`, evidence)
  );
}

function neverEnded(
  { about }: Expectation,
  one: ExecutionRecord,
  { record }: SeenBeside,
  words: string,
  now: EpochMs,
): Conclusion {
  const { sign, why } = whyWaiting(record, one);
  const since = one.created.at;
  const waited = seconds(now - since);
  return {
    outcome: 'fail',
    sign: about === 'V5' && one.status === 'QUEUED' ? 'canary-not-taken' : sign,
    reason: `${one.identity.jobId} is ${one.status} after ${waited}, not ${words}; ${why}`,
    evidence: aroundWaiting(record, one),
    since,
  };
}

function endedOtherwise(
  { about }: Expectation,
  one: ExecutionRecord,
  words: string,
  { crossing }: SeenBeside,
): Conclusion {
  if (crossing.ended(one)) {
    const { jobId } = one.identity;
    const reason = `${jobId} became ${one.status} by a report that the device had sent of the execution before, as it was made again`;
    return { outcome: 'inconclusive', reason };
  }
  // Whoever took it away was to make it again, and did not come to that.
  if (one.changed.by === 'operator') {
    const reason = `${one.identity.jobId} became ${one.status} by the operator, so the device could not bring it to ${words}`;
    return { outcome: 'inconclusive', reason };
  }
  return {
    outcome: 'fail',
    sign: about === 'V5' ? 'canary-failed' : 'ended-otherwise',
    reason: `${one.identity.jobId} became ${one.status}, not ${words}`,
    evidence: [one.created, one.changed],
    // A device that gave up because the rig was slow to serve it is not to blame.
    since: one.created.at,
  };
}

/** What is wrong with side effects or version; absent: nothing that can be seen. */
function effectsOf(
  { jobId, sideEffects, version }: Expectation,
  one: ExecutionRecord,
  { record, sights, witnessed, version: told }: SeenBeside,
): Conclusion | undefined {
  const view = record.view();
  const evidence = [one.changed];
  const runs = view?.runningVersion ?? told;
  if (version !== undefined && runs !== undefined && runs !== version) {
    return {
      outcome: 'fail',
      sign: 'not-done',
      reason: `after ${jobId} the device runs ${runs}, not ${version}`,
      evidence,
    };
  }
  if (sideEffects === undefined) return undefined;
  let times: number | undefined;
  if (view !== undefined) {
    times = record.timesOf(one.key, view.sideEffects);
  } else if (sights.has('witness')) {
    times = witnessed.filter(
      (seen) =>
        seen.jobId === jobId && (seen.executionNumber ?? one.identity.executionNumber) === one.identity.executionNumber,
    ).length;
  }
  if (times === undefined) return undefined;
  if (sideEffects === 'none' && times > 0) {
    return { outcome: 'fail', sign: 'done-twice', reason: `${jobId} was done, and must not be`, evidence };
  }
  if (sideEffects === 'once' && times === 0) {
    return {
      outcome: 'fail',
      sign: 'not-done',
      reason: `${jobId} is ${one.status}, and its side effect never happened`,
      evidence,
    };
  }
  return undefined;
}
