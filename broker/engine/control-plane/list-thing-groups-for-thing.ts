/**
 * ListThingGroupsForThing, in the order in which the thing joined them. At most ten, so a page can hold them all.
 * Source: reference http-api.md §6.
 */
import type { ListThingGroupsForThingRequest, ListThingGroupsForThingResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { nameAndArn } from '../groups.ts';
import { pageOf } from '../page.ts';
import { badToken, thingNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import { findRegistration } from '../state.ts';
import type { Turn } from '../turn.ts';

export function listThingGroupsForThing(
  { state }: Turn,
  request: ListThingGroupsForThingRequest,
): Reply<ListThingGroupsForThingResponse> {
  const registration = findRegistration(state, request.thingName);
  if (registration === undefined) return thingNotFound(request.thingName);
  const page = pageOf(state, request, {
    list: 'memberships',
    from: ([after] = [0]) => registration.memberships.filter(({ sequence }) => sequence > after),
    cursorOf: ({ sequence }) => [sequence],
    matches: ({ group }) => group.work === undefined,
  });
  if (page === undefined) return badToken();
  return accept({
    thingGroups: page.entries.map(({ group }) => nameAndArn(state, group)),
    nextToken: page.nextToken,
  });
}
