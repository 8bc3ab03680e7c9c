/**
 * DeleteJob: without force only what is over; never a job that is being deleted already, and never more than ten at once.
 * Source: reference lifecycle.md §7, limits.md §1, ambiguities.md A23.
 */
import type { DeleteJobRequest } from '../../../protocol/aws/iot.ts';
import { maxJobsDeleting } from '../../../protocol/limits.ts';
import type { Reply } from '../contract.ts';
import { deleteJob as beginDeletion } from '../job-deletion.ts';
import { findJob } from '../jobs.ts';
import { jobNotDeletable, jobNotFound, limitExceeded } from '../refusals.ts';
import { acceptedNothing } from '../reply.ts';
import { mayMoveJob } from '../transitions.ts';
import type { Turn } from '../turn.ts';

export function deleteJob(turn: Turn, request: DeleteJobRequest): Reply<undefined> {
  const { jobId, namespaceId, force = false } = request;
  const job = findJob(turn.state, jobId, namespaceId);
  if (job === undefined) return jobNotFound(jobId);
  const { status } = job.row;
  if (!mayMoveJob(status, 'DELETION_IN_PROGRESS', 'operator', force)) return jobNotDeletable(jobId, status);
  if (turn.state.deletingJobs.length >= maxJobsDeleting) {
    return limitExceeded(`At most ${maxJobsDeleting} jobs can be in status DELETION_IN_PROGRESS.`);
  }
  beginDeletion(turn, job, force);
  return acceptedNothing;
}
