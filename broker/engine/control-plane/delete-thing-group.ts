/**
 * DeleteThingGroup: refused while it has child groups; its members leave it. Deleting what is not there succeeds, as for
 * things: the model has no ResourceNotFoundException for this operation.
 * Source: reference http-api.md §6.
 */
import type { DeleteThingGroupRequest, DeleteThingGroupResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { deleteGroup } from '../group-deletion.ts';
import { invalidRequest, versionConflict } from '../refusals.ts';
import { acceptedEmpty } from '../reply.ts';
import { findGroup } from '../state.ts';
import type { Turn } from '../turn.ts';

export function deleteThingGroup(turn: Turn, request: DeleteThingGroupRequest): Reply<DeleteThingGroupResponse> {
  const { thingGroupName, expectedVersion } = request;
  const group = findGroup(turn.state, thingGroupName);
  if (group === undefined) return acceptedEmpty;
  if (expectedVersion !== undefined && expectedVersion !== group.row.version) {
    return versionConflict(expectedVersion, group.row.version);
  }
  if (group.children.size > 0) {
    return invalidRequest(`Thing Group ${thingGroupName} has child groups and cannot be deleted.`);
  }
  deleteGroup(turn, group);
  return acceptedEmpty;
}
