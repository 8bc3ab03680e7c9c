/**
 * DeleteJobExecution: one numbered execution, for good. Only a running one needs force. Its number may be used again.
 * Source: reference lifecycle.md §7, ambiguities.md A6.
 */
import type { DeleteJobExecutionRequest } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { dropExecution } from '../executions.ts';
import { completeWhenDone, findJob } from '../jobs.ts';
import { executionNotDeletable, executionNotFound, jobBeingDeleted, jobNotFound } from '../refusals.ts';
import { acceptedNothing } from '../reply.ts';
import { findExecution } from '../state.ts';
import type { Turn } from '../turn.ts';

export function deleteJobExecution(turn: Turn, request: DeleteJobExecutionRequest): Reply<undefined> {
  const { jobId, thingName, executionNumber, force = false, namespaceId } = request;
  const job = findJob(turn.state, jobId, namespaceId);
  if (job === undefined) return jobNotFound(jobId);
  const execution = findExecution(job, thingName, executionNumber);
  if (execution === undefined) return executionNotFound(jobId, thingName);
  if (job.row.status === 'DELETION_IN_PROGRESS') return jobBeingDeleted(jobId);
  if (execution.row.status === 'IN_PROGRESS' && !force) return executionNotDeletable(execution.row);
  dropExecution(turn, execution);
  completeWhenDone(turn, job);
  return acceptedNothing;
}
