/**
 * UpdateThingGroupsForThing: leaves some groups and joins others in one step, so that moving between two target groups of a
 * job keeps what is queued. A group named on both sides is kept.
 * Source: reference http-api.md §6, lifecycle.md §4.
 */
import type { UpdateThingGroupsForThingRequest, UpdateThingGroupsForThingResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { refuseMemberships } from '../groups.ts';
import { changeMemberships } from '../membership.ts';
import { groupNotFound, invalidRequest, thingNotFound } from '../refusals.ts';
import { acceptedEmpty } from '../reply.ts';
import { findGroup, findRegistration, type ThingGroup } from '../state.ts';
import type { Turn } from '../turn.ts';

export function updateThingGroupsForThing(
  turn: Turn,
  request: UpdateThingGroupsForThingRequest,
): Reply<UpdateThingGroupsForThingResponse> {
  const { thingName, thingGroupsToAdd = [], thingGroupsToRemove = [] } = request;
  if (thingName === undefined) return invalidRequest('Provide the name of one thing.');
  const registration = findRegistration(turn.state, thingName);
  if (registration === undefined) return thingNotFound(thingName);
  const groups = new Map<string, ThingGroup>();
  for (const name of [...thingGroupsToAdd, ...thingGroupsToRemove]) {
    const group = findGroup(turn.state, name);
    if (group === undefined) return groupNotFound(name);
    groups.set(name, group);
  }
  const join = thingGroupsToAdd.map((name) => groups.get(name)!);
  const leave = thingGroupsToRemove.map((name) => groups.get(name)!);
  const kept = registration.memberships.map(({ group }) => group).filter((group) => !leave.includes(group));
  const refusal = refuseMemberships([...new Set([...kept, ...join])]);
  if (refusal !== undefined) return refusal;
  changeMemberships(turn, registration, { join, leave });
  return acceptedEmpty;
}
