/**
 * AddThingToThingGroup: a join event for CONTINUOUS jobs; adding a member again does nothing. There are no dynamic groups
 * here, so `overrideDynamicGroups` has nothing to override.
 * Source: reference http-api.md §6, lifecycle.md §4.
 */
import type { AddThingToThingGroupRequest, AddThingToThingGroupResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { refuseMemberships, resolveMembership } from '../groups.ts';
import { changeMemberships } from '../membership.ts';
import { acceptedEmpty } from '../reply.ts';
import type { Turn } from '../turn.ts';

export function addThingToThingGroup(
  turn: Turn,
  request: AddThingToThingGroupRequest,
): Reply<AddThingToThingGroupResponse> {
  const resolved = resolveMembership(turn.state, request);
  if ('accepted' in resolved) return resolved;
  const { registration, group } = resolved;
  const groups = registration.memberships.map((membership) => membership.group);
  const refusal = groups.includes(group) ? undefined : refuseMemberships([...groups, group]);
  if (refusal !== undefined) return refusal;
  changeMemberships(turn, registration, { join: [group], leave: [] });
  return acceptedEmpty;
}
