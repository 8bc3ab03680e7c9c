/**
 * DescribeJobExecution of the control plane: any execution, finished ones too; the newest when no number is given.
 * Source: reference http-api.md §3.
 */
import type { DescribeJobExecutionRequest, DescribeJobExecutionResponse } from '../../../protocol/aws/iot.ts';
import { formatThingArn } from '../../../protocol/names.ts';
import { msPerSecond } from '../../../protocol/time.ts';
import type { Reply } from '../contract.ts';
import { executionNotFound, jobNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import { findExecution } from '../state.ts';
import type { Turn } from '../turn.ts';

export function describeJobExecution(
  { state, now }: Turn,
  { jobId, thingName, executionNumber }: DescribeJobExecutionRequest,
): Reply<DescribeJobExecutionResponse> {
  const job = state.jobs.get(jobId);
  if (job === undefined) return jobNotFound(jobId);
  const row = findExecution(job, thingName, executionNumber)?.row;
  if (row === undefined) return executionNotFound(jobId, thingName);
  const { timesOutAt } = row;
  return accept({
    execution: {
      jobId,
      status: row.status,
      forceCanceled: row.forceCanceled,
      // AWS writes the object without a map where no device has reported anything (http-api.md §7).
      statusDetails: row.statusDetails ? { detailsMap: row.statusDetails } : {},
      thingArn: formatThingArn(state.identity, thingName),
      queuedAt: row.queuedAt,
      startedAt: row.startedAt,
      lastUpdatedAt: row.lastUpdatedAt,
      executionNumber: row.executionNumber,
      versionNumber: row.versionNumber,
      approximateSecondsBeforeTimedOut:
        timesOutAt === undefined ? undefined : Math.max(0, Math.floor((timesOutAt - now) / msPerSecond)),
    },
  });
}
