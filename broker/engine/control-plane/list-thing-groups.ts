/**
 * ListThingGroups, oldest first: all of them, or those below a parent, or only the direct children.
 * Source: reference http-api.md §6. Assumed: `recursive` is true when it is absent.
 */
import type { ListThingGroupsRequest, ListThingGroupsResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { nameAndArn } from '../groups.ts';
import { inOrderOf, pageOf } from '../page.ts';
import { badToken, groupNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import { findGroup, type ThingGroup } from '../state.ts';
import { lineageOf } from '../targets.ts';
import type { Turn } from '../turn.ts';

export function listThingGroups({ state }: Turn, request: ListThingGroupsRequest): Reply<ListThingGroupsResponse> {
  const { parentGroup, namePrefixFilter = '', recursive = true } = request;
  const parent = parentGroup === undefined ? undefined : findGroup(state, parentGroup);
  if (parentGroup !== undefined && parent === undefined) return groupNotFound(parentGroup);
  const page = pageOf(state, request, {
    list: 'groups',
    ...inOrderOf(state.groupList, 'oldest first'),
    matches: (group) =>
      group.work === undefined && group.name.startsWith(namePrefixFilter) && isBelow(group, parent, recursive),
  });
  if (page === undefined) return badToken();
  return accept({
    thingGroups: page.entries.map((group) => nameAndArn(state, group)),
    nextToken: page.nextToken,
  });
}

function isBelow(group: ThingGroup, parent: ThingGroup | undefined, recursive: boolean): boolean {
  if (!recursive) return group.parent === parent;
  return parent === undefined || lineageOf(group).indexOf(parent) > 0;
}
