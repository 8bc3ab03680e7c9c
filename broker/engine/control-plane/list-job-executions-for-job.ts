/**
 * ListJobExecutionsForJob: every execution of a job, newest first, older ones of the same thing included.
 * Source: reference http-api.md §3, ambiguities.md A15.
 */
import type { ListJobExecutionsForJobRequest, ListJobExecutionsForJobResponse } from '../../../protocol/aws/iot.ts';
import { formatThingArn } from '../../../protocol/names.ts';
import { jobExecutionStatuses } from '../../../protocol/status.ts';
import type { Reply } from '../contract.ts';
import { summaryOf } from '../execution-summary.ts';
import { newestFirst, pageOf } from '../page.ts';
import { badToken, jobNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';

export function listJobExecutionsForJob(
  { state }: Turn,
  request: ListJobExecutionsForJobRequest,
): Reply<ListJobExecutionsForJobResponse> {
  const { jobId, status } = request;
  const job = state.jobs.get(jobId);
  if (job === undefined) return jobNotFound(jobId);
  const page = pageOf(state, request, {
    list: 'job-executions',
    ...newestFirst(
      state,
      job.executions,
      jobExecutionStatuses,
      ({ row }) => row.status,
      ({ row }) => status === undefined || row.status === status,
    ),
  });
  if (page === undefined) return badToken();
  return accept({
    executionSummaries: page.entries.map(({ entry: { row } }) => ({
      thingArn: formatThingArn(state.identity, row.thingName),
      jobExecutionSummary: summaryOf(row),
    })),
    nextToken: page.nextToken,
  });
}
