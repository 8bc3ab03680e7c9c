/**
 * CancelJob: QUEUED executions are canceled, with force also those IN_PROGRESS. Only for jobs that are not over.
 * Source: reference lifecycle.md §6, ambiguities.md A23.
 */
import type { CancelJobRequest, CancelJobResponse } from '../../../protocol/aws/iot.ts';
import { formatJobArn } from '../../../protocol/names.ts';
import type { Reply } from '../contract.ts';
import { cancelJob as cancel } from '../job-cancellation.ts';
import { jobInStatus, jobNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import { mayMoveJob } from '../transitions.ts';
import type { Turn } from '../turn.ts';

export function cancelJob(turn: Turn, request: CancelJobRequest): Reply<CancelJobResponse> {
  const { jobId, force = false, reasonCode, comment } = request;
  const job = turn.state.jobs.get(jobId);
  if (job === undefined) return jobNotFound(jobId);
  const { status, description } = job.row;
  const { identity, profile } = turn.state;
  if (mayMoveJob(status, 'CANCELED', 'operator', force)) cancel(turn, job, { force, reasonCode, comment });
  else if (status === 'DELETION_IN_PROGRESS' || profile.cancelOfFinishedJob === 'refused') {
    return jobInStatus(jobId, status, 'canceled');
  }
  return accept({ jobArn: formatJobArn(identity, jobId), jobId, description });
}
