/**
 * DescribeThingGroup, with the way from the root of its hierarchy.
 * Source: reference http-api.md §6 and §8.
 */
import type { DescribeThingGroupRequest, DescribeThingGroupResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { groupIdOf, nameAndArn } from '../groups.ts';
import { groupNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import { findGroup } from '../state.ts';
import { lineageOf } from '../targets.ts';
import type { Turn } from '../turn.ts';

export function describeThingGroup(
  { state }: Turn,
  { thingGroupName }: DescribeThingGroupRequest,
): Reply<DescribeThingGroupResponse> {
  const group = findGroup(state, thingGroupName);
  if (group === undefined) return groupNotFound(thingGroupName);
  const { row } = group;
  const { groupName, groupArn } = nameAndArn(state, group);
  const [, ...ancestors] = lineageOf(group);
  const { description, attributes } = row;
  const hasAttributes = Object.keys(attributes).length > 0;
  return accept({
    thingGroupName: groupName,
    thingGroupId: groupIdOf(row),
    thingGroupArn: groupArn,
    version: row.version,
    // A plain root group has an empty object here and no way from a root (http-api.md §6).
    thingGroupProperties: {
      ...(description !== undefined && { thingGroupDescription: description }),
      ...(hasAttributes && { attributePayload: { attributes } }),
    },
    thingGroupMetadata: {
      ...(row.parentGroupName !== undefined && {
        parentGroupName: row.parentGroupName,
        rootToParentThingGroups: ancestors.reverse().map((ancestor) => nameAndArn(state, ancestor)),
      }),
      creationDate: row.createdAt,
    },
  });
}
