/**
 * DescribeJob: everything about a job but its document. Counts are of executions, whatever their names say.
 * Source: reference http-api.md §3 and §7, lifecycle.md §4.
 */
import type { DescribeJobRequest, DescribeJobResponse, JobProcessDetails } from '../../../protocol/aws/iot.ts';
import { formatJobArn } from '../../../protocol/names.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import type { Reply } from '../contract.ts';
import { isConcurrent } from '../jobs.ts';
import { formatScheduleTime, nextRollouts } from '../policies/schedule.ts';
import { jobNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import { processingTargets } from '../rollout.ts';
import type { Job, State } from '../state.ts';
import type { Turn } from '../turn.ts';

type DescribedJob = NonNullable<DescribeJobResponse['job']>;

export function describeJob({ state, now }: Turn, { jobId }: DescribeJobRequest): Reply<DescribeJobResponse> {
  const job = state.jobs.get(jobId);
  if (job === undefined) return jobNotFound(jobId);
  const {
    sequence: _sequence,
    document: _document,
    documentSource,
    nextPhaseAt: _nextPhaseAt,
    hasOpened: _hasOpened,
    hasEnded: _hasEnded,
    ...described
  } = job.row;
  return accept({
    documentSource,
    job: {
      jobArn: formatJobArn(state.identity, jobId),
      ...described,
      jobProcessDetails: processDetails(state, job),
      isConcurrent: isConcurrent(job),
      scheduledJobRollouts: scheduledRollouts(job, now),
    },
  });
}

/** Assumed: written as the schedule's own times are accepted, in UTC. */
function scheduledRollouts({ row }: Job, now: EpochMs): DescribedJob['scheduledJobRollouts'] {
  const isActive = (row.status === 'SCHEDULED' || row.status === 'IN_PROGRESS') && row.hasEnded !== true;
  if (!isActive || row.schedulingConfig?.maintenanceWindows === undefined) return undefined;
  return nextRollouts(row.schedulingConfig, now).map((at) => ({ startTime: formatScheduleTime(at) }));
}

function processDetails(state: State, job: Job): JobProcessDetails {
  const { counts } = job;
  return {
    processingTargets: processingTargets(state, job),
    numberOfCanceledThings: counts.CANCELED,
    numberOfSucceededThings: counts.SUCCEEDED,
    numberOfFailedThings: counts.FAILED,
    numberOfRejectedThings: counts.REJECTED,
    numberOfQueuedThings: counts.QUEUED,
    numberOfInProgressThings: counts.IN_PROGRESS,
    numberOfRemovedThings: counts.REMOVED,
    numberOfTimedOutThings: counts.TIMED_OUT,
  };
}
