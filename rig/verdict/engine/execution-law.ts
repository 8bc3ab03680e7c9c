/**
 * The life of a job execution, stated a second time: which change of status may happen by whose doing, and what it does to the
 * other members. Written from the reference by hand, and on purpose without the engine's own table, policies and queues, so
 * that a mistake there is found here. What a request must be answered is answer-law.ts, the life of a job job-law.ts.
 * Source: reference lifecycle.md §3, §6 and §7, configs.md §3, ambiguities.md A9, A12 and A31.
 */
import type { Command } from '../../../broker/engine/contract.ts';
import type { Profile } from '../../../broker/engine/profile.ts';
import type { ExecutionRow, JobRow } from '../../../broker/engine/rows.ts';
import type { StatusDetails } from '../../../protocol/device-api.ts';
import type { JobExecutionStatus } from '../../../protocol/status.ts';
import { msPerMinute, type EpochMs } from '../../../protocol/time.ts';
import type { EngineClaim } from './engine-claims.ts';
import { newestOf, type Ledger } from './execution-ledger.ts';

/** By whose doing a status may change. `forced cancel` is what reaches an execution that its device has started. */
type Means = 'update' | 'start-next' | 'timer' | 'cancel' | 'forced cancel' | 'membership' | 'thing deleted';

/** What a change adds to the version; A31 is an open point. */
type Gain = 0 | 1 | 'A31';

const byUpdate: readonly Means[] = ['update'];

const moves: Readonly<Record<string, readonly [means: readonly Means[], gain: Gain]>> = {
  'QUEUED → IN_PROGRESS': [['update', 'start-next'], 1],
  'QUEUED → SUCCEEDED': [byUpdate, 1],
  'QUEUED → FAILED': [byUpdate, 1],
  'QUEUED → REJECTED': [byUpdate, 1],
  'QUEUED → CANCELED': [['cancel', 'forced cancel'], 1],
  'QUEUED → REMOVED': [['membership', 'thing deleted'], 0],
  'IN_PROGRESS → IN_PROGRESS': [byUpdate, 1],
  'IN_PROGRESS → SUCCEEDED': [byUpdate, 1],
  'IN_PROGRESS → FAILED': [byUpdate, 1],
  'IN_PROGRESS → REJECTED': [byUpdate, 1],
  'IN_PROGRESS → TIMED_OUT': [['timer'], 'A31'],
  'IN_PROGRESS → CANCELED': [['forced cancel'], 1],
  'IN_PROGRESS → REMOVED': [['thing deleted'], 0],
};

export interface Objection {
  readonly broke: EngineClaim;
  readonly message: string;
}

/** One command, and the job of an execution as the command left it. */
export interface Cause {
  readonly command: Command;
  readonly at: EpochMs;
  readonly job: JobRow | undefined;
}

/** Whether a device's update may make that change of status. */
export function isUpdate(from: JobExecutionStatus, to: string): boolean {
  return moves[`${from} → ${to}`]?.[0].includes('update') === true;
}

export function isOver({ status }: Pick<ExecutionRow, 'status'>): boolean {
  return status !== 'QUEUED' && status !== 'IN_PROGRESS';
}

/** @returns what is wrong with an execution that was not there before. */
export function objectionToNew(row: ExecutionRow, ledger: Ledger, { at, job }: Cause): Objection | undefined {
  const { jobId, thingName, executionNumber, versionNumber, status, queuedAt, lastUpdatedAt, startedAt } = row;
  const earlier = newestOf(ledger, jobId, thingName);
  const expected = (earlier?.executionNumber ?? 0) + 1;
  if (executionNumber !== expected)
    return { broke: 'E3', message: `got executionNumber ${executionNumber} instead of ${expected}` };
  if (versionNumber !== 1) return { broke: 'E2', message: `starts with version ${versionNumber}` };
  if (status !== 'QUEUED') return { broke: 'E4', message: `starts as ${status}` };
  if (queuedAt !== at || lastUpdatedAt !== at || startedAt !== undefined)
    return { broke: 'E4', message: 'has wrong times' };
  if (earlier !== undefined && !isOver(earlier))
    return { broke: 'E4', message: `comes while ${earlier.executionNumber} is pending` };
  if (!ledger.things.has(thingName)) return { broke: 'E4', message: 'is for a thing that does not exist' };
  if (job?.status === 'IN_PROGRESS' || (job?.status === 'SCHEDULED' && row.hidden === true)) return undefined;
  return { broke: 'E4', message: `comes while its job is ${job?.status ?? 'unknown'}` };
}

/** @returns what is wrong with a change of an execution. */
export function objectionToChange(
  before: ExecutionRow,
  row: ExecutionRow,
  cause: Cause,
  profile: Profile,
): Objection | undefined {
  if (isSameButFor(before, row, ['timesOutAt', 'hidden'])) return objectionToTimerOrWindow(before, row, cause);
  const move = `${before.status} → ${row.status}`;
  const law = moves[move];
  if (law === undefined) return { broke: 'E4', message: `went ${move}` };
  const [allowed, gain] = law;
  const means = meansOf(before, row, cause);
  if (!allowed.some((one) => means.has(one))) {
    return { broke: 'E4', message: `went ${move} by ${cause.command.name}, which may not do that` };
  }
  const gained = row.versionNumber - before.versionNumber;
  if (gained !== (gain === 'A31' ? profile.timeOutVersionStep : gain)) {
    return { broke: 'E2', message: `went from version ${before.versionNumber} to ${row.versionNumber} (${move})` };
  }
  const wrong = wrongMember(before, row, cause, means, profile);
  if (wrong === undefined) return undefined;
  return { broke: 'E4', message: `has a wrong ${wrong} after ${move} by ${cause.command.name}` };
}

/** A11: start-next on a running execution sets its timer and no version. A window shows what is QUEUED, or hides it. */
function objectionToTimerOrWindow(before: ExecutionRow, row: ExecutionRow, { command }: Cause): Objection | undefined {
  const isTimed = before.timesOutAt !== row.timesOutAt;
  const isHidden = before.hidden !== row.hidden;
  if (isTimed && !(command.name === 'iotjobsdata:StartNextPendingJobExecution' && row.status === 'IN_PROGRESS')) {
    return { broke: 'E4', message: `got another deadline by ${command.name}` };
  }
  if (isHidden && !(command.name === 'jobrig:Wake' && row.status === 'QUEUED')) {
    return { broke: 'E4', message: `was shown or hidden by ${command.name}` };
  }
  return isTimed || isHidden ? undefined : { broke: 'E9', message: 'is put and has not changed' };
}

function meansOf(before: ExecutionRow, row: ExecutionRow, { command, at, job }: Cause): ReadonlySet<Means> {
  const means = new Set<Means>();
  const { name, request } = command;
  const isOfThing = 'thingName' in request && request.thingName === row.thingName;
  if (name === 'iotjobsdata:UpdateJobExecution' && isOfThing && isNamed(row, request) && request.status === row.status)
    means.add('update');
  if (name === 'iotjobsdata:StartNextPendingJobExecution' && isOfThing && request.namespaceId === row.namespaceId) {
    means.add('start-next');
  }
  if (name === 'jobrig:Wake' && before.timesOutAt !== undefined && before.timesOutAt <= at) means.add('timer');
  if (name === 'iot:CancelJobExecution' && isOfThing && request.jobId === row.jobId) {
    means.add(request.force === true ? 'forced cancel' : 'cancel');
  }
  if (job?.status === 'CANCELED') means.add(job.forceCanceled === true ? 'forced cancel' : 'cancel');
  const { endBehavior } = job?.schedulingConfig ?? {};
  if (job?.hasEnded === true && endBehavior === 'CANCEL') means.add('cancel');
  if (job?.hasEnded === true && endBehavior === 'FORCE_CANCEL') means.add('forced cancel');
  if (leavesGroups.has(name) && job?.targetSelection === 'CONTINUOUS') means.add('membership');
  if (name === 'iot:DeleteThing' && isOfThing) means.add('thing deleted');
  return means;
}

/** A group is deleted by slices, too. */
const leavesGroups: ReadonlySet<string> = new Set([
  'iot:RemoveThingFromThingGroup',
  'iot:UpdateThingGroupsForThing',
  'iot:DeleteThingGroup',
  'jobrig:Wake',
]);

function isNamed(row: ExecutionRow, request: { readonly jobId: string; readonly executionNumber?: number }): boolean {
  return request.jobId === row.jobId && (request.executionNumber ?? row.executionNumber) === row.executionNumber;
}

/** Of requests that have neither, both are absent. */
interface Asked {
  readonly statusDetails?: StatusDetails;
  readonly stepTimeoutInMinutes?: number;
}

/** @returns the name of a member that is not what the change makes of it. */
function wrongMember(
  before: ExecutionRow,
  row: ExecutionRow,
  { command, at, job }: Cause,
  means: ReadonlySet<Means>,
  profile: Profile,
): string | undefined {
  const { statusDetails, stepTimeoutInMinutes } = command.request as Asked;
  const isAsked = means.has('update') || means.has('start-next') || command.name === 'iot:CancelJobExecution';
  const starts = before.status === 'QUEUED' && row.status === 'IN_PROGRESS';
  const isReported = means.has('update') && profile.startedAtWithoutStart === 'the end';

  if (row.queuedAt !== before.queuedAt) return 'queuedAt';
  if (row.sequence !== before.sequence || row.retryAttempt !== before.retryAttempt) return 'identity';
  if (row.lastUpdatedAt !== at) return 'lastUpdatedAt';
  if (row.startedAt !== (before.startedAt ?? (starts || isReported ? at : undefined))) return 'startedAt';
  if (row.hidden !== undefined) return 'hidden';
  const forced = row.status === 'CANCELED' && means.has('forced cancel');
  if ((row.forceCanceled === true) !== forced) return 'forceCanceled';
  if (isAsked && !isDetails(before, row, statusDetails, profile)) return 'statusDetails';
  if (!isAsked && row.statusDetails !== before.statusDetails) return 'statusDetails';
  const limit = starts ? minutesFrom(at, job?.timeoutConfig?.inProgressTimeoutInMinutes) : before.inProgressTimesOutAt;
  return row.timesOutAt === deadline(before, row.status, limit, isAsked ? stepTimeoutInMinutes : undefined, at)
    ? undefined
    : 'timesOutAt';
}

/** A9: the map is replaced whole; what an empty one means is an open point. */
function isDetails(
  before: ExecutionRow,
  row: ExecutionRow,
  given: StatusDetails | undefined,
  { emptyStatusDetails }: Profile,
): boolean {
  const isEmpty = given !== undefined && Object.keys(given).length === 0;
  if (given === undefined || (isEmpty && emptyStatusDetails === 'keep'))
    return row.statusDetails === before.statusDetails;
  return isEmpty ? row.statusDetails === undefined : JSON.stringify(row.statusDetails) === JSON.stringify(given);
}

/** The earlier of the two timers; only what runs has one; −1 drops the step timer. */
function deadline(
  before: ExecutionRow,
  status: JobExecutionStatus,
  limit: EpochMs | undefined,
  minutes: number | undefined,
  at: EpochMs,
): EpochMs | undefined {
  if (status !== 'IN_PROGRESS') return undefined;
  if (minutes === undefined) return before.status === 'IN_PROGRESS' ? before.timesOutAt : limit;
  const step = minutes === -1 ? undefined : minutesFrom(at, minutes);
  if (step === undefined || limit === undefined) return step ?? limit;
  return Math.min(step, limit);
}

function minutesFrom(at: EpochMs, minutes: number | undefined): EpochMs | undefined {
  return minutes === undefined ? undefined : at + minutes * msPerMinute;
}

function isSameButFor(one: ExecutionRow, other: ExecutionRow, free: readonly (keyof ExecutionRow)[]): boolean {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])] as (keyof ExecutionRow)[];
  return names.every((name) => free.includes(name) || one[name] === other[name]);
}
