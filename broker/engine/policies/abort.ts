/**
 * Whether too many executions of a job went wrong. Percentages are of completed executions; deleted ones count nowhere.
 * Only says which criterion is met; what an abort does is the cancellation of the job.
 * Source: reference configs.md §2, ambiguities.md A21 (base of the percentage) and A33 (texts).
 */
import type { AbortCriteria } from '../../../protocol/aws/iot.ts';
import { isTerminal, jobExecutionStatuses } from '../../../protocol/status.ts';
import type { Profile } from '../profile.ts';
import type { JobRow } from '../rows.ts';
import type { Job } from '../state.ts';

/** Assumed: AWS fills both members itself, with texts that it does not publish (A33). */
export function abortTexts(profile: Profile): Pick<JobRow, 'reasonCode' | 'comment'> {
  if (profile.abortTexts === 'absent') return {};
  const comment = 'Canceled by the service: an abort criterion of the job is met.';
  return { reasonCode: 'ABORTED_BY_CRITERIA', comment };
}

/** The first criterion that is met, in the order of the configuration. */
export function metAbortCriterion(job: Job): AbortCriteria | undefined {
  const criteria = job.row.abortConfig?.criteriaList;
  if (criteria === undefined) return undefined;
  const completed = completedCount(job);
  return criteria.find(
    ({ failureType, thresholdPercentage, minNumberOfExecutedThings }) =>
      completed >= minNumberOfExecutedThings && 100 * failedCount(job, failureType) >= thresholdPercentage * completed,
  );
}

function completedCount({ counts }: Job): number {
  let completed = 0;
  for (const status of jobExecutionStatuses) if (isTerminal(status)) completed += counts[status];
  return completed;
}

function failedCount({ counts }: Job, failureType: AbortCriteria['failureType']): number {
  return failureType === 'ALL' ? counts.FAILED + counts.REJECTED + counts.TIMED_OUT : counts[failureType];
}
