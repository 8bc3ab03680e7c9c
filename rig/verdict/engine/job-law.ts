/**
 * The life of a job, stated a second time: which change of status may happen by whose doing, when a job is complete, when it
 * must abort, and what its commands must be answered. Like execution-law.ts it is written by hand from the reference, without
 * the engine's own table and policies.
 * Source: reference lifecycle.md §2, §6 and §7, configs.md §2 and §5, ambiguities.md A21 and A23.
 */
import type { Command } from '../../../broker/engine/contract.ts';
import type { Profile } from '../../../broker/engine/profile.ts';
import type { JobRow } from '../../../broker/engine/rows.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import { isOver, type Objection } from './execution-law.ts';
import { type Ledger, type LedgerJob, executionsIn } from './execution-ledger.ts';

/** A change of a job by one command; `after` knows everything as the command left it. */
export interface JobChange {
  readonly before: JobRow | undefined;
  /** Absent: the job is gone. */
  readonly row: JobRow | undefined;
  readonly command: Command;
  readonly at: EpochMs;
  /** Its executions as they are now: what the command changes later is not in it. */
  readonly job: LedgerJob | undefined;
  /** Whether bulk work of the job is left. */
  readonly hasWork: boolean;
}

export function objectionToJob(change: JobChange): Objection | undefined {
  const { before, row } = change;
  const move = `${before?.status ?? 'nothing'} → ${row?.status ?? 'nothing'}`;
  if (before?.status === row?.status) return undefined;
  const law = laws[move];
  if (law === undefined) return { broke: 'E4', message: `went ${move}` };
  const objection = law(change);
  return objection === undefined ? undefined : { broke: 'E4', message: `went ${move}, ${objection}` };
}

type Law = (change: JobChange) => string | undefined;

const laws: Readonly<Record<string, Law>> = {
  'nothing → IN_PROGRESS': byCommand('iot:CreateJob', 'iot:CreateOTAUpdate'),
  'nothing → SCHEDULED': byCommand('iot:CreateJob'),
  // A job without any target that is there is done at once.
  'nothing → COMPLETED': (change) => byCommand('iot:CreateJob')(change) ?? notComplete(change),
  'SCHEDULED → IN_PROGRESS': bySchedule,
  'SCHEDULED → COMPLETED': (change) => bySchedule(change) ?? notComplete(change),
  'IN_PROGRESS → SCHEDULED': bySchedule,
  'IN_PROGRESS → COMPLETED': notComplete,
  'IN_PROGRESS → CANCELED': canceled,
  'SCHEDULED → CANCELED': canceled,
  'IN_PROGRESS → DELETION_IN_PROGRESS': deletedWithForce,
  'SCHEDULED → DELETION_IN_PROGRESS': deletedWithForce,
  'COMPLETED → DELETION_IN_PROGRESS': byCommand('iot:DeleteJob', 'iot:DeleteOTAUpdate'),
  'CANCELED → DELETION_IN_PROGRESS': byCommand('iot:DeleteJob', 'iot:DeleteOTAUpdate'),
  'DELETION_IN_PROGRESS → nothing': byCommand('jobrig:Wake'),
};

function byCommand(...names: readonly Command['name'][]): Law {
  return ({ command, before, row }) => {
    const { request } = command;
    const isOther = 'jobId' in request && request.jobId !== (row ?? before)?.jobId;
    return names.includes(command.name) && !isOther ? undefined : `by ${command.name}`;
  };
}

function bySchedule(change: JobChange): string | undefined {
  return (
    byCommand('jobrig:Wake')(change) ?? (change.row?.schedulingConfig === undefined ? 'without a schedule' : undefined)
  );
}

function deletedWithForce(change: JobChange): string | undefined {
  const { name, request } = change.command;
  if (name === 'iot:DeleteOTAUpdate') return request.forceDeleteAWSJob === true ? undefined : 'without force';
  return (
    byCommand('iot:DeleteJob')(change) ?? ('force' in request && request.force === true ? undefined : 'without force')
  );
}

function canceled(change: JobChange): string | undefined {
  const { command, row, job } = change;
  if (row === undefined || job === undefined) return undefined;
  if (command.name === 'iot:CancelJob' && command.request.jobId === row.jobId) {
    return (row.forceCanceled === true) === (command.request.force === true)
      ? undefined
      : 'with another force than asked';
  }
  return mustAbort(job) ? undefined : `by ${command.name}, without an abort criterion that is met`;
}

/** A SNAPSHOT job is done when nothing is pending or to come, a CONTINUOUS one not before its end time. */
function notComplete({ row, at, job, hasWork }: JobChange): string | undefined {
  if (row === undefined || job === undefined) return undefined;
  if (hasWork) return 'while its rollout goes on';
  if (row.completedAt !== at) return 'with a wrong completedAt';
  if (row.targetSelection === 'CONTINUOUS' && row.hasEnded !== true) return 'although it is CONTINUOUS';
  const pending = job.counts.QUEUED + job.counts.IN_PROGRESS;
  return pending === 0 ? undefined : `while ${pending} executions are pending`;
}

/**
 * Whether an abort criterion is met: of the executions that ended and exist, at least so many, and of these at least so many
 * in a hundred with that failure (A21). Executions that wait or run count nowhere.
 */
export function mustAbort(job: LedgerJob): boolean {
  const { criteriaList = [] } = job.row.abortConfig ?? {};
  if (criteriaList.length === 0) return false;
  const ended = executionsIn(job)
    .filter(isOver)
    .map(({ status }) => status);
  return criteriaList.some(({ failureType, minNumberOfExecutedThings, thresholdPercentage }) => {
    const failures = failureType === 'ALL' ? ['FAILED', 'REJECTED', 'TIMED_OUT'] : [failureType];
    const failed = ended.filter((status) => failures.includes(status)).length;
    return ended.length >= minNumberOfExecutedThings && failed * 100 >= thresholdPercentage * ended.length;
  });
}

/** What a command about a whole job must be answered, where that depends on the job's status alone. */
export function dueAnswerOfJob(command: Command, ledger: Ledger, profile: Profile): string | undefined {
  if (command.name !== 'iot:CancelJob' && command.name !== 'iot:DeleteJob') return undefined;
  const { jobId, namespaceId, force } = { namespaceId: undefined, ...command.request };
  const job = ledger.jobs.get(jobId)?.row;
  if (job === undefined || (namespaceId !== undefined && namespaceId !== job.namespaceId)) return 'ResourceNotFound';
  const isOpen = job.status === 'IN_PROGRESS' || job.status === 'SCHEDULED';
  const isDeleted = job.status === 'DELETION_IN_PROGRESS';
  if (command.name === 'iot:CancelJob') {
    const isFinishedAndFine = !isOpen && !isDeleted && profile.cancelOfFinishedJob === 'accepted';
    return isOpen || isFinishedAndFine ? 'accepted' : 'InvalidRequest';
  }
  if (isDeleted || (isOpen && force !== true)) return 'InvalidStateTransition';
  const deleting = [...ledger.jobs.values()].filter(({ row }) => row.status === 'DELETION_IN_PROGRESS').length;
  return deleting < 10 ? 'accepted' : 'LimitExceeded';
}
