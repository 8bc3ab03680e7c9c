/**
 * When an execution that failed or timed out is followed by another try, stated a second time: each criterion has a budget, which
 * every earlier failure of this run that it covers has used by one; ALL is one budget for both kinds. An aborted job tries nothing
 * again. Source: reference configs.md §4, ambiguities.md A22.
 */
import type { ExecutionRow, JobRow } from '../../../broker/engine/rows.ts';
import type { Objection } from './execution-law.ts';
import type { Ledger, LedgerJob } from './execution-ledger.ts';
import { mustAbort } from './job-law.ts';

/** What is wrong with a new execution that counts as another try. */
export function objectionToRetry(row: ExecutionRow, ledger: Ledger, job: JobRow | undefined): Objection | undefined {
  if (row.retryAttempt === 0) return undefined;
  const earlier = ledger.executionsOf(row.jobId, row.thingName);
  const last = earlier.at(-1);
  if (last !== undefined && last.retryAttempt === row.retryAttempt - 1 && triesLeft(earlier, job) > 0) return undefined;
  return { broke: 'E4', message: `is try ${row.retryAttempt + 1} after one that is ${last?.status ?? 'not there'}` };
}

/** Whether an execution that has just ended must have been followed by another try. Of CONTINUOUS jobs only those who are still a target are. */
export function lacksRetry(row: ExecutionRow, ledger: Ledger, job: LedgerJob | undefined): boolean {
  // A job that is complete by this end is so too early.
  if (job?.row.status !== 'IN_PROGRESS' && job?.row.status !== 'COMPLETED') return false;
  if (job.row.hasEnded === true || job.row.targetSelection !== 'SNAPSHOT') return false;
  if (!ledger.things.has(row.thingName) || mustAbort(job)) return false;
  const all = ledger.executionsOf(row.jobId, row.thingName);
  return all.at(-1)?.executionNumber === row.executionNumber && triesLeft(all, job.row) > 0;
}

/** After the last of these; below 0 where nothing is tried again. */
function triesLeft(executions: readonly ExecutionRow[], job: JobRow | undefined): number {
  const last = executions.at(-1);
  const criterion = job?.jobExecutionsRetryConfig?.criteriaList.find(({ failureType }) => covers(failureType, last));
  if (last === undefined || criterion === undefined) return -1;
  let left = criterion.numberOfRetries;
  let attempt = last.retryAttempt;
  for (const earlier of executions.slice(0, -1).reverse()) {
    if (earlier.retryAttempt >= attempt) break;
    attempt = earlier.retryAttempt;
    if (covers(criterion.failureType, earlier)) left -= 1;
  }
  return left;
}

function covers(failureType: string, row: ExecutionRow | undefined): boolean {
  if (row?.status !== 'FAILED' && row?.status !== 'TIMED_OUT') return false;
  return failureType === 'ALL' || failureType === row.status;
}
