/**
 * ListThingsInThingGroup: members in the order in which they joined; with `recursive` also those of child groups, group by
 * group, oldest group first.
 * Source: reference http-api.md §6.
 */
import type { ListThingsInThingGroupRequest, ListThingsInThingGroupResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { pageOf, type Cursor } from '../page.ts';
import { badToken, groupNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import { findGroup, type Membership, type ThingGroup } from '../state.ts';
import { withDescendants } from '../targets.ts';
import type { Turn } from '../turn.ts';

export function listThingsInThingGroup(
  { state }: Turn,
  request: ListThingsInThingGroupRequest,
): Reply<ListThingsInThingGroupResponse> {
  const group = findGroup(state, request.thingGroupName);
  if (group === undefined) return groupNotFound(request.thingGroupName);
  const groups = request.recursive ? withDescendants(group) : [group];
  const oldestFirst = groups.sort((a, b) => a.sequence - b.sequence);
  const page = pageOf(state, request, {
    list: 'members',
    from: (cursor) => membersOf(oldestFirst, cursor),
    cursorOf: (membership) => [membership.group.sequence, membership.sequence],
  });
  if (page === undefined) return badToken();
  return accept({
    things: page.entries.map(({ registration }) => registration.row.thingName),
    nextToken: page.nextToken,
  });
}

function* membersOf(
  groups: readonly ThingGroup[],
  [groupSequence, memberSequence = 0]: Cursor = [0],
): Generator<Membership, void, undefined> {
  for (const group of groups) {
    if (group.sequence < groupSequence) continue;
    yield* group.members.after(group.sequence === groupSequence ? memberSequence : 0);
  }
}
