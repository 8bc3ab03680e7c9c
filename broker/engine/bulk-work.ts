/**
 * One slice of bulk work: which kind goes on how, and what happens at its end. A slice is bounded, whatever the size of the
 * job or group behind it, and devices are served between slices.
 */
import { finishGroupDeletion, groupDeletionSlice } from './group-deletion.ts';
import { cancellationSlice, finishCancellation } from './job-cancellation.ts';
import { finishWindow, windowSlice } from './job-schedule.ts';
import { deletionSlice, finishDeletion } from './job-deletion.ts';
import { dueAt, finishRollout, rolloutSlice } from './rollout.ts';
import type { State, Work } from './state.ts';
import type { Turn } from './turn.ts';
import { continueWork, sliceSize, type WorkPlan } from './work.ts';

export function runSlice(turn: Turn, work: Work): void {
  const rest = slice(turn, work);
  if (rest === undefined) return;
  const job = rest.kind === 'rollout' && turn.state.jobs.get(rest.jobId);
  continueWork(turn, work, rest, job ? dueAt(turn, job, rest) : turn.now);
}

/** @returns how to go on; what is finished has been tidied away. */
function slice(turn: Turn, { row }: Work): WorkPlan | undefined {
  const budget = budgetOf(turn.state);
  if (row.kind === 'delete-group') {
    const group = turn.state.groups.get(row.groupName)!;
    if (!groupDeletionSlice(turn, group, budget)) return row;
    finishGroupDeletion(turn, group);
    return undefined;
  }
  const job = turn.state.jobs.get(row.jobId)!;
  switch (row.kind) {
    case 'rollout': {
      const rest = rolloutSlice(turn, job, row, budget);
      if (rest === undefined) finishRollout(turn, job);
      return rest;
    }
    case 'window': {
      const after = windowSlice(turn, job, row, budget);
      if (after !== undefined) return { ...row, after };
      finishWindow(turn, job, row);
      return undefined;
    }
    case 'cancel-job': {
      const after = cancellationSlice(turn, job, row.after, budget);
      if (after !== undefined) return { ...row, after };
      finishCancellation(turn, job);
      return undefined;
    }
    case 'delete-job': {
      const after = deletionSlice(turn, job, row.after, budget);
      if (after !== undefined) return { ...row, after };
      finishDeletion(turn, job);
      return undefined;
    }
  }
}

/** Every queue that is opened may lose an execution of each job under deletion besides (executions.ts). */
function budgetOf({ deletingJobs }: State): number {
  return Math.ceil(sliceSize / Math.max(1, deletingJobs.length));
}
