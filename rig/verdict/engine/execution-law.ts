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

type Move = readonly [means: readonly Means[], gain: Gain];
type Moves = Readonly<Partial<Record<string, Move>>>;

/** From a status that is not over to another. */
const moves: Readonly<Record<'QUEUED' | 'IN_PROGRESS', Moves>> = {
  QUEUED: {
    IN_PROGRESS: [['update', 'start-next'], 1],
    SUCCEEDED: [byUpdate, 1],
    FAILED: [byUpdate, 1],
    REJECTED: [byUpdate, 1],
    CANCELED: [['cancel', 'forced cancel'], 1],
    REMOVED: [['membership', 'thing deleted'], 0],
  },
  IN_PROGRESS: {
    IN_PROGRESS: [byUpdate, 1],
    SUCCEEDED: [byUpdate, 1],
    FAILED: [byUpdate, 1],
    REJECTED: [byUpdate, 1],
    TIMED_OUT: [['timer'], 'A31'],
    CANCELED: [['forced cancel'], 1],
    REMOVED: [['thing deleted'], 0],
  },
};

function moveOf(from: JobExecutionStatus, to: string): Move | undefined {
  return from === 'QUEUED' || from === 'IN_PROGRESS' ? moves[from][to] : undefined;
}

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
  return moveOf(from, to)?.[0].includes('update') === true;
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
  if (isSameButForTimerAndWindow(before, row)) return objectionToTimerOrWindow(before, row, cause);
  const law = moveOf(before.status, row.status);
  if (law === undefined) return { broke: 'E4', message: `went ${wordsOf(before, row)}` };
  const [allowed, gain] = law;
  const change: Change = { before, row, cause };
  if (!allowed.some((one) => isBy(one, change))) {
    return { broke: 'E4', message: `went ${wordsOf(before, row)} by ${cause.command.name}, which may not do that` };
  }
  const gained = row.versionNumber - before.versionNumber;
  if (gained !== (gain === 'A31' ? profile.timeOutVersionStep : gain)) {
    const versions = `${before.versionNumber} to ${row.versionNumber}`;
    return { broke: 'E2', message: `went from version ${versions} (${wordsOf(before, row)})` };
  }
  const wrong = wrongMember(change, profile);
  if (wrong === undefined) return undefined;
  return { broke: 'E4', message: `has a wrong ${wrong} after ${wordsOf(before, row)} by ${cause.command.name}` };
}

interface Change {
  readonly before: ExecutionRow;
  readonly row: ExecutionRow;
  readonly cause: Cause;
}

function wordsOf(before: ExecutionRow, row: ExecutionRow): string {
  return `${before.status} → ${row.status}`;
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

/** Whether a change may be the doing of this: what the command is, and what its job says, allow it. */
function isBy(means: Means, { before, row, cause: { command, at, job } }: Change): boolean {
  const { name, request } = command;
  const isOfThing = 'thingName' in request && request.thingName === row.thingName;
  switch (means) {
    case 'update':
      return (
        name === 'iotjobsdata:UpdateJobExecution' && isOfThing && isNamed(row, request) && request.status === row.status
      );
    case 'start-next':
      return (
        name === 'iotjobsdata:StartNextPendingJobExecution' && isOfThing && request.namespaceId === row.namespaceId
      );
    case 'timer':
      return name === 'jobrig:Wake' && before.timesOutAt !== undefined && before.timesOutAt <= at;
    case 'cancel':
    case 'forced cancel':
      return isCanceled(means === 'forced cancel', row, command, job);
    case 'membership':
      return leavesGroups.has(name) && job?.targetSelection === 'CONTINUOUS';
    case 'thing deleted':
      return name === 'iot:DeleteThing' && isOfThing;
  }
}

/** By a command about the execution, by one about its job, or because its job has ended. */
function isCanceled(force: boolean, row: ExecutionRow, { name, request }: Command, job: JobRow | undefined): boolean {
  const isOfExecution =
    name === 'iot:CancelJobExecution' && request.thingName === row.thingName && request.jobId === row.jobId;
  if (isOfExecution && (request.force === true) === force) return true;
  if (job?.status === 'CANCELED' && (job.forceCanceled === true) === force) return true;
  return job?.hasEnded === true && job.schedulingConfig?.endBehavior === (force ? 'FORCE_CANCEL' : 'CANCEL');
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
function wrongMember(change: Change, profile: Profile): string | undefined {
  const { before, row, cause } = change;
  const { command, at, job } = cause;
  const { statusDetails, stepTimeoutInMinutes } = command.request as Asked;
  const isUpdated = isBy('update', change);
  const isAsked = isUpdated || isBy('start-next', change) || command.name === 'iot:CancelJobExecution';
  const starts = before.status === 'QUEUED' && row.status === 'IN_PROGRESS';
  const isReported = isUpdated && profile.startedAtWithoutStart === 'the end';

  if (row.queuedAt !== before.queuedAt) return 'queuedAt';
  if (row.sequence !== before.sequence || row.retryAttempt !== before.retryAttempt) return 'identity';
  if (row.lastUpdatedAt !== at) return 'lastUpdatedAt';
  if (row.startedAt !== (before.startedAt ?? (starts || isReported ? at : undefined))) return 'startedAt';
  if (row.hidden !== undefined) return 'hidden';
  const forced = row.status === 'CANCELED' && isBy('forced cancel', change);
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
  return isEmpty ? row.statusDetails === undefined : isSameDetails(row.statusDetails, given);
}

function isSameDetails(one: StatusDetails | undefined, other: StatusDetails): boolean {
  if (one === other) return true;
  const names = Object.keys(other);
  return (
    one !== undefined && Object.keys(one).length === names.length && names.every((name) => one[name] === other[name])
  );
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

function isSameButForTimerAndWindow(one: ExecutionRow, other: ExecutionRow): boolean {
  // Nearly every change is one of these.
  if (one.versionNumber !== other.versionNumber || one.status !== other.status) return false;
  return hasMembersOf(one, other) && hasMembersOf(other, one);
}

/** Without lists: it is asked of every change. */
function hasMembersOf(one: ExecutionRow, other: ExecutionRow): boolean {
  for (const name in other) {
    if (name === 'timesOutAt' || name === 'hidden') continue;
    if (one[name as keyof ExecutionRow] !== other[name as keyof ExecutionRow]) return false;
  }
  return true;
}
