/**
 * Deleting a job: it is DELETION_IN_PROGRESS from the command on and gone when its last execution is. Executions go in
 * slices only, even for a small job, so that the state in between can be seen; from the first moment on no device can ask
 * about them, and each device is told when its own one goes.
 * Source: reference lifecycle.md §7, events.md §5.
 */
import { formatJobArn } from '../../protocol/names.ts';
import { jobEvent } from './events.ts';
import { dropExecution } from './executions.ts';
import { holdDeletingJob, moveJob } from './jobs.ts';
import { otaJobGone } from './ota/ota-updates.ts';
import type { Job } from './state.ts';
import { setTags } from './tags.ts';
import type { Turn } from './turn.ts';
import { beginWork, endWork } from './work.ts';

export function deleteJob(turn: Turn, job: Job, force: boolean): void {
  moveJob(turn, job, 'DELETION_IN_PROGRESS', 'operator', {}, force);
  holdDeletingJob(turn.state, job);
  jobEvent(turn, job, 'deletion_in_progress');
  beginWork(turn, job, { kind: 'delete-job', jobId: job.id, after: 0 });
}

/** Deletes `budget` executions at most. @returns the sequence to go on after, or `undefined` when none is left. */
export function deletionSlice(turn: Turn, job: Job, after: number, budget: number): number | undefined {
  let left = budget;
  let last = after;
  for (const execution of job.executions.after(after)) {
    if (left === 0) return last;
    left -= 1;
    last = execution.sequence;
    dropExecution(turn, execution);
  }
  return undefined;
}

/** From here on the job's id is free. */
export function finishDeletion(turn: Turn, job: Job): void {
  const { state } = turn;
  endWork(turn, job);
  state.deletingJobs = state.deletingJobs.filter((other) => other !== job);
  state.jobs.delete(job.id);
  state.jobList.remove(job);
  turn.drop('job', job.id);
  setTags(turn, formatJobArn(state.identity, job.id), {});
  jobEvent(turn, job, 'deleted');
  otaJobGone(turn, job.id);
}
