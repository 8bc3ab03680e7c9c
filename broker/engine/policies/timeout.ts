/**
 * When a running execution times out. The in-progress timer is set once, at the start, from the job's configuration of that
 * moment; the device sets, replaces and drops the step timer, which never outlives the other. Only the earlier deadline is
 * of use, so only that one and the frozen in-progress deadline are kept.
 * Source: reference configs.md §3.
 */
import { dropStepTimer } from '../../../protocol/limits.ts';
import { msPerMinute, type EpochMs } from '../../../protocol/time.ts';
import type { JobRow } from '../rows.ts';

export function inProgressDeadline(job: JobRow, startedAt: EpochMs): EpochMs | undefined {
  const minutes = job.timeoutConfig?.inProgressTimeoutInMinutes;
  return minutes === undefined ? undefined : startedAt + minutes * msPerMinute;
}

/** The deadline after a request that may carry a step timer, in minutes; `running` is the deadline before it. */
export function deadlineAfter(
  running: EpochMs | undefined,
  inProgressTimesOutAt: EpochMs | undefined,
  stepTimeoutInMinutes: number | undefined,
  now: EpochMs,
): EpochMs | undefined {
  if (stepTimeoutInMinutes === undefined) return running;
  if (stepTimeoutInMinutes === dropStepTimer) return inProgressTimesOutAt;
  const stepTimesOutAt = now + stepTimeoutInMinutes * msPerMinute;
  return inProgressTimesOutAt === undefined ? stepTimesOutAt : Math.min(stepTimesOutAt, inProgressTimesOutAt);
}
