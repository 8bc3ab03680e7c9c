/**
 * ListJobExecutionsForThing: every execution on a thing, newest first. Those of a namespace are listed only with it.
 * Source: reference http-api.md §3, ambiguities.md A15.
 */
import type { ListJobExecutionsForThingRequest, ListJobExecutionsForThingResponse } from '../../../protocol/aws/iot.ts';
import { jobExecutionStatuses } from '../../../protocol/status.ts';
import type { Reply } from '../contract.ts';
import { summaryOf } from '../execution-summary.ts';
import { newestFirst, pageOf } from '../page.ts';
import { badToken, thingNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import { findRegistration } from '../state.ts';
import type { Turn } from '../turn.ts';

export function listJobExecutionsForThing(
  { state }: Turn,
  request: ListJobExecutionsForThingRequest,
): Reply<ListJobExecutionsForThingResponse> {
  const { thingName, status, namespaceId, jobId } = request;
  const registration = findRegistration(state, thingName);
  if (registration === undefined) return thingNotFound(thingName);
  const page = pageOf(state, request, {
    list: 'thing-executions',
    ...newestFirst(
      state,
      registration.thing.executions,
      jobExecutionStatuses,
      ({ row }) => row.status,
      ({ row }) =>
        row.namespaceId === namespaceId &&
        (status === undefined || row.status === status) &&
        (jobId === undefined || row.jobId === jobId),
    ),
  });
  if (page === undefined) return badToken();
  return accept({
    executionSummaries: page.entries.map(({ entry: { row } }) => ({
      jobId: row.jobId,
      jobExecutionSummary: summaryOf(row),
    })),
    nextToken: page.nextToken,
  });
}
