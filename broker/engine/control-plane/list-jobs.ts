/**
 * ListJobs, newest first; filters combine. Jobs of a namespace are listed only with it.
 * Source: reference http-api.md §3, ambiguities.md A15.
 */
import type { ListJobsRequest, ListJobsResponse } from '../../../protocol/aws/iot.ts';
import { formatJobArn } from '../../../protocol/names.ts';
import { jobStatuses } from '../../../protocol/status.ts';
import type { Reply } from '../contract.ts';
import { groupIdOf } from '../groups.ts';
import { isConcurrent } from '../jobs.ts';
import { newestFirst, pageOf } from '../page.ts';
import { badToken } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Job, State } from '../state.ts';
import type { Turn } from '../turn.ts';

export function listJobs({ state }: Turn, request: ListJobsRequest): Reply<ListJobsResponse> {
  const page = pageOf(state, request, {
    list: 'jobs',
    ...newestFirst(
      state,
      state.jobList,
      jobStatuses,
      ({ row }) => row.status,
      (job) => isMatch(state, job, request),
    ),
  });
  if (page === undefined) return badToken();
  return accept({
    jobs: page.entries.map(({ entry: job }) => ({
      jobArn: formatJobArn(state.identity, job.id),
      jobId: job.id,
      thingGroupId: groupIdIn(state, job, request),
      targetSelection: job.row.targetSelection,
      status: job.row.status,
      createdAt: job.row.createdAt,
      lastUpdatedAt: job.row.lastUpdatedAt,
      completedAt: job.row.completedAt,
      isConcurrent: isConcurrent(job),
    })),
    nextToken: page.nextToken,
  });
}

function isMatch(state: State, { row, targetGroups }: Job, request: ListJobsRequest): boolean {
  const { status, targetSelection, thingGroupName, thingGroupId, namespaceId } = request;
  return (
    row.namespaceId === namespaceId &&
    (status === undefined || row.status === status) &&
    (targetSelection === undefined || row.targetSelection === targetSelection) &&
    (thingGroupName === undefined || targetGroups.has(thingGroupName)) &&
    (thingGroupId === undefined || [...targetGroups].some((name) => hasId(state, name, thingGroupId)))
  );
}

/** Of the group that was asked for, else of the first target that is a group; jobs for things have none. */
function groupIdIn(state: State, { targetGroups }: Job, { thingGroupName, thingGroupId }: ListJobsRequest) {
  if (thingGroupId !== undefined) return thingGroupId;
  const [name] = thingGroupName === undefined ? targetGroups : [thingGroupName];
  const group = name === undefined ? undefined : state.groups.get(name);
  return group && groupIdOf(group.row);
}

function hasId(state: State, groupName: string, thingGroupId: string): boolean {
  const group = state.groups.get(groupName);
  return group !== undefined && groupIdOf(group.row) === thingGroupId;
}
