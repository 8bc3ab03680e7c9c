/**
 * What an execution's end means for its job: the job may be aborted, the thing may get another try, the job may be done; in
 * this order, so that an aborted job is not retried and a retried one is not complete.
 * Source: reference configs.md §2 and §4, lifecycle.md §2.
 */
import { isTerminal, type JobExecutionStatus } from '../../protocol/status.ts';
import { moveExecution, queueExecution, type ExecutionUpdate } from './executions.ts';
import { cancelJob } from './job-cancellation.ts';
import { completeWhenDone, isGoing } from './jobs.ts';
import { announce } from './notifications.ts';
import { abortTexts, metAbortCriterion } from './policies/abort.ts';
import { deservesRetry } from './policies/retry.ts';
import type { Execution } from './state.ts';
import { isWanted } from './targets.ts';
import type { Actor } from './transitions.ts';
import type { Turn } from './turn.ts';

/** Makes a transition of the table, and what follows from it. */
export function advanceExecution(
  turn: Turn,
  execution: Execution,
  to: JobExecutionStatus,
  actor: Actor,
  update: ExecutionUpdate,
): void {
  moveExecution(turn, execution, to, actor, update);
  if (isTerminal(to)) conclude(turn, execution);
}

function conclude(turn: Turn, execution: Execution): void {
  const { job, thing } = execution;
  if (!isGoing(job)) {
    completeWhenDone(turn, job);
    return;
  }
  if (metAbortCriterion(job) !== undefined) {
    cancelJob(turn, job, { force: false, ...abortTexts(turn.state.profile) });
    return;
  }
  if (deservesRetry(execution) && isWanted(job, thing)) {
    announce(turn); // the end of one try and the next try are told apart (A22)
    queueExecution(turn, job, thing, execution.row.retryAttempt + 1);
    return;
  }
  completeWhenDone(turn, job);
}
