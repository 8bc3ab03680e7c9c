/**
 * UpdateJob: replaces each given member whole, only while the job is IN_PROGRESS or SCHEDULED. Running executions keep the timers that
 * they started with. Retries can only be switched off.
 * Source: reference lifecycle.md §8, configs.md §8.
 */
import type { JobExecutionsRetryConfig, UpdateJobRequest } from '../../../protocol/aws/iot.ts';
import type { Rejected, Reply } from '../contract.ts';
import { configsOf } from '../job-configs.ts';
import { findJob, changeJob } from '../jobs.ts';
import { invalidRequest, jobInStatus, jobNotFound } from '../refusals.ts';
import { acceptedNothing } from '../reply.ts';
import { resumeRollout } from '../rollout.ts';
import type { Turn } from '../turn.ts';

export function updateJob(turn: Turn, request: UpdateJobRequest): Reply<undefined> {
  const { jobId, namespaceId, ...members } = request;
  if (Object.values(members).every((member) => member === undefined)) {
    return invalidRequest(`Update Job request for job ${jobId} cannot be empty.`);
  }
  const job = findJob(turn.state, jobId, namespaceId);
  if (job === undefined) return jobNotFound(jobId);
  const { row } = job;
  if (row.status !== 'IN_PROGRESS' && row.status !== 'SCHEDULED') return jobInStatus(jobId, row.status, 'updated');
  const refusal = refuseRetries(row.jobExecutionsRetryConfig, request.jobExecutionsRetryConfig);
  if (refusal !== undefined) return refusal;
  changeJob(turn, job, {
    ...configsOf(request, row),
    description: request.description ?? row.description,
    lastUpdatedAt: turn.now,
  });
  if (request.jobExecutionsRolloutConfig !== undefined) resumeRollout(turn, job);
  return acceptedNothing;
}

function refuseRetries(
  before: JobExecutionsRetryConfig | undefined,
  after: JobExecutionsRetryConfig | undefined,
): Rejected | undefined {
  if (after === undefined) return undefined;
  if (after.criteriaList.some(({ numberOfRetries }) => numberOfRetries !== 0)) {
    return invalidRequest('The number of retries cannot be updated to any number other than 0.');
  }
  if (before === undefined) {
    return invalidRequest('RetryConfig cannot be updated if the job has no RetryConfig defined during creation.');
  }
  return failureTypes(before) === failureTypes(after)
    ? undefined
    : invalidRequest('FailureTypes must match existing FailureTypes defined in RetryConfig.');
}

function failureTypes({ criteriaList }: JobExecutionsRetryConfig): string {
  return criteriaList
    .map(({ failureType }) => failureType)
    .sort()
    .join();
}
