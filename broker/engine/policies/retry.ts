/**
 * Whether an execution that failed or timed out is tried again on the same thing. Each criterion has a budget; ALL is one
 * budget for both kinds. A new execution after a change of group membership begins a new run with the whole budget.
 * Source: reference configs.md §4, ambiguities.md A22.
 */
import type { RetryCriteria } from '../../../protocol/aws/iot.ts';
import type { Execution } from '../state.ts';

/** @param execution has just become terminal; its job is still IN_PROGRESS. */
export function deservesRetry({ row, older, job }: Execution): boolean {
  if (row.status !== 'FAILED' && row.status !== 'TIMED_OUT') return false;
  const criterion = job.row.jobExecutionsRetryConfig?.criteriaList.find((candidate) => covers(candidate, row.status));
  if (criterion === undefined) return false;
  return retriesSpent(criterion, row.retryAttempt, older) < criterion.numberOfRetries;
}

function covers({ failureType }: RetryCriteria, status: string): boolean {
  return failureType === 'ALL' || failureType === status;
}

/** Every earlier failure of this run that the criterion covers has cost one retry. */
function retriesSpent(criterion: RetryCriteria, retryAttempt: number, older: Execution | undefined): number {
  let spent = 0;
  let attempt = retryAttempt;
  for (let earlier = older; earlier !== undefined && earlier.row.retryAttempt < attempt; earlier = earlier.older) {
    attempt = earlier.row.retryAttempt;
    if (covers(criterion, earlier.row.status)) spent += 1;
  }
  return spent;
}
