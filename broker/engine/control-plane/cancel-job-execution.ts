/**
 * CancelJobExecution: the newest execution of a job on a thing. A stale version is told before a wrong state.
 * Source: reference lifecycle.md §6, ambiguities.md A20.
 */
import type { CancelJobExecutionRequest } from '../../../protocol/aws/iot.ts';
import { advanceExecution } from '../conclusion.ts';
import type { Reply } from '../contract.ts';
import { executionNotFound, forbiddenTransition, jobBeingDeleted, jobNotFound, versionMismatch } from '../refusals.ts';
import { acceptedNothing } from '../reply.ts';
import { findExecution } from '../state.ts';
import { findTransition } from '../transitions.ts';
import type { Turn } from '../turn.ts';

export function cancelJobExecution(turn: Turn, request: CancelJobExecutionRequest): Reply<undefined> {
  const { jobId, thingName, force = false, expectedVersion, statusDetails } = request;
  const job = turn.state.jobs.get(jobId);
  if (job === undefined) return jobNotFound(jobId);
  const execution = findExecution(job, thingName);
  if (execution === undefined) return executionNotFound(jobId, thingName);
  if (job.row.status === 'DELETION_IN_PROGRESS') return jobBeingDeleted(jobId);
  const { row } = execution;
  if (expectedVersion !== undefined && expectedVersion !== row.versionNumber)
    return versionMismatch(expectedVersion, row);
  if (findTransition(row.status, 'CANCELED', 'operator', force) === undefined)
    return forbiddenTransition('CANCELED', row);
  advanceExecution(turn, execution, 'CANCELED', 'operator', { statusDetails, forceCanceled: force || undefined });
  return acceptedNothing;
}
