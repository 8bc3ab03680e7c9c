/** How often a job's executions are tried again, as AWS has it, from what a scenario says. */
import type { CreateJobDeed } from './contract.ts';

interface Criterion {
  readonly failureType: 'FAILED' | 'TIMED_OUT';
  readonly numberOfRetries: number;
}

export function retryCriteriaOf({ failed, timedOut }: NonNullable<CreateJobDeed['retries']>): Criterion[] {
  return [
    ...(failed === undefined ? [] : [{ failureType: 'FAILED', numberOfRetries: failed } as const]),
    ...(timedOut === undefined ? [] : [{ failureType: 'TIMED_OUT', numberOfRetries: timedOut } as const]),
  ];
}
