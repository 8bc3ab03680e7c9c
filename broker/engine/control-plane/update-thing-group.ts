/**
 * UpdateThingGroup: description and attributes, one version more. A description that is not given stays.
 * Source: reference http-api.md §6.
 */
import type { UpdateThingGroupRequest, UpdateThingGroupResponse } from '../../../protocol/aws/iot.ts';
import { tooManyGroupAttributes, updatedAttributes } from '../attributes.ts';
import type { Reply } from '../contract.ts';
import { groupNotFound, versionConflict } from '../refusals.ts';
import { accept } from '../reply.ts';
import { findGroup } from '../state.ts';
import type { Turn } from '../turn.ts';

export function updateThingGroup(turn: Turn, request: UpdateThingGroupRequest): Reply<UpdateThingGroupResponse> {
  const { thingGroupName, thingGroupProperties, expectedVersion } = request;
  const group = findGroup(turn.state, thingGroupName);
  if (group === undefined) return groupNotFound(thingGroupName);
  const { row } = group;
  if (expectedVersion !== undefined && expectedVersion !== row.version) {
    return versionConflict(expectedVersion, row.version);
  }
  const attributes = updatedAttributes(row.attributes, thingGroupProperties.attributePayload);
  const refusal = tooManyGroupAttributes(attributes);
  if (refusal !== undefined) return refusal;
  const description = thingGroupProperties.thingGroupDescription ?? row.description;
  group.row = { ...row, version: row.version + 1, description, attributes };
  turn.put('thingGroup', thingGroupName, group.row);
  return accept({ version: group.row.version });
}
