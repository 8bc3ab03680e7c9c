/**
 * Canceling a job, whoever asks for it: the job is CANCELED at once, its executions follow, the first of them in the same
 * command and the rest in slices. Until its slice comes, an execution can still be started or finished by its device.
 * Source: reference lifecycle.md §6, events.md §5.
 */
import { jobEvent } from './events.ts';
import { moveExecution } from './executions.ts';
import { completeWhenDone, moveJob } from './jobs.ts';
import type { Job } from './state.ts';
import { findTransition } from './transitions.ts';
import type { Turn } from './turn.ts';
import { beginWork, endWork, firstSliceSize } from './work.ts';

export interface Cancellation {
  readonly force: boolean;
  readonly reasonCode?: string;
  readonly comment?: string;
}

/** A rollout that was not over is replaced by the cancellation, or ends with it. */
export function cancelJob(turn: Turn, job: Job, { force, reasonCode, comment }: Cancellation): void {
  const forceCanceled = force || undefined;
  moveJob(turn, job, 'CANCELED', 'operator', { forceCanceled, reasonCode, comment });
  jobEvent(turn, job, 'cancellation_in_progress');
  const after = cancellationSlice(turn, job, 0, firstSliceSize);
  if (after === undefined) finishCancellation(turn, job);
  else beginWork(turn, job, { kind: 'cancel-job', jobId: job.id, after });
}

/**
 * Looks at `budget` executions at most, those after a sequence.
 * @returns the sequence to go on after, or `undefined` when nothing is left to cancel.
 */
export function cancellationSlice(turn: Turn, job: Job, after: number, budget: number): number | undefined {
  const force = isForced(job);
  const forceCanceled = force || undefined;
  let left = budget;
  let last = after;
  for (const execution of job.executions.after(after)) {
    if (!hasPending(job)) return undefined;
    if (left === 0) return last;
    left -= 1;
    last = execution.sequence;
    if (findTransition(execution.row.status, 'CANCELED', 'operator', force) !== undefined) {
      moveExecution(turn, execution, 'CANCELED', 'operator', { forceCanceled });
    }
  }
  return undefined;
}

export function finishCancellation(turn: Turn, job: Job): void {
  endWork(turn, job);
  if (job.row.status === 'CANCELED') jobEvent(turn, job, 'canceled');
  else completeWhenDone(turn, job);
}

function hasPending(job: Job): boolean {
  return job.counts.QUEUED > 0 || (isForced(job) && job.counts.IN_PROGRESS > 0);
}

/** Whether what is IN_PROGRESS is canceled too: as the command asked, or as the schedule's end wants it. */
function isForced({ row }: Job): boolean {
  return row.status === 'CANCELED' ? row.forceCanceled === true : row.schedulingConfig?.endBehavior === 'FORCE_CANCEL';
}
