/**
 * The states of jobs and job executions, spelled as AWS spells them, and what each means for a device's queue.
 * Source: reference lifecycle.md §2 and §3.
 */

export const jobStatuses = ['SCHEDULED', 'IN_PROGRESS', 'COMPLETED', 'CANCELED', 'DELETION_IN_PROGRESS'] as const;
export type JobStatus = (typeof jobStatuses)[number];

export const jobExecutionStatuses = [
  'QUEUED',
  'IN_PROGRESS',
  'SUCCEEDED',
  'FAILED',
  'TIMED_OUT',
  'REJECTED',
  'REMOVED',
  'CANCELED',
] as const;
export type JobExecutionStatus = (typeof jobExecutionStatuses)[number];

/** What a device may ask for in UpdateJobExecution. */
export const deviceStatuses = ['IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'REJECTED'] as const;
export type DeviceStatus = (typeof deviceStatuses)[number];

/** Pending: QUEUED or IN_PROGRESS, the executions that `notify`, `get` and `$next` show. */
export function isPending(status: JobExecutionStatus): boolean {
  return status === 'QUEUED' || status === 'IN_PROGRESS';
}

/** Terminal: no transition leads out of it. */
export function isTerminal(status: JobExecutionStatus): boolean {
  return !isPending(status);
}
