/**
 * RemoveThingFromThingGroup: what the thing has QUEUED of CONTINUOUS jobs that reach it no other way becomes REMOVED.
 * Removing what is no member does nothing.
 * Source: reference http-api.md §6, lifecycle.md §4.
 */
import type { RemoveThingFromThingGroupRequest, RemoveThingFromThingGroupResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { resolveMembership } from '../groups.ts';
import { changeMemberships } from '../membership.ts';
import { acceptedEmpty } from '../reply.ts';
import type { Turn } from '../turn.ts';

export function removeThingFromThingGroup(
  turn: Turn,
  request: RemoveThingFromThingGroupRequest,
): Reply<RemoveThingFromThingGroupResponse> {
  const resolved = resolveMembership(turn.state, request);
  if ('accepted' in resolved) return resolved;
  changeMemberships(turn, resolved.registration, { join: [], leave: [resolved.group] });
  return acceptedEmpty;
}
