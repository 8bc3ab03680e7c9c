/**
 * CreateThingGroup: idempotent for identical content. A group's parent is chosen here and never changes.
 * Source: reference http-api.md §6, limits.md §4 (depth and children).
 */
import type { CreateThingGroupRequest, CreateThingGroupResponse } from '../../../protocol/aws/iot.ts';
import { maxChildGroups, maxGroupDepth } from '../../../protocol/limits.ts';
import { formatThingGroupArn } from '../../../protocol/names.ts';
import { isSameAttributes, tooManyGroupAttributes, updatedAttributes } from '../attributes.ts';
import type { Rejected, Reply } from '../contract.ts';
import { groupIdOf, holdGroup } from '../groups.ts';
import { alreadyExists, invalidRequest } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { ThingGroupRow } from '../rows.ts';
import { findGroup, type State } from '../state.ts';
import { isTooManyTags, setTags, withTags } from '../tags.ts';
import { lineageOf } from '../targets.ts';
import type { Turn } from '../turn.ts';

type Content = Pick<ThingGroupRow, 'groupName' | 'parentGroupName' | 'description' | 'attributes'>;

export function createThingGroup(turn: Turn, request: CreateThingGroupRequest): Reply<CreateThingGroupResponse> {
  const { state } = turn;
  const { thingGroupName: groupName, parentGroupName, thingGroupProperties, tags } = request;
  const content: Content = {
    groupName,
    parentGroupName,
    description: thingGroupProperties?.thingGroupDescription,
    attributes: updatedAttributes({}, thingGroupProperties?.attributePayload),
  };
  const arn = formatThingGroupArn(state.identity, groupName);
  const existing = state.groups.get(groupName);
  if (existing !== undefined) {
    if (existing.work === undefined && isSameContent(existing.row, content))
      return accept(described(arn, existing.row));
    return alreadyExists('Thing Group', groupName, groupIdOf(existing.row), arn);
  }
  const newTags = withTags({}, tags);
  const refusal = tooManyGroupAttributes(content.attributes) ?? refuseParent(state, parentGroupName);
  if (refusal !== undefined) return refusal;
  if (isTooManyTags(newTags)) return invalidRequest('Too many tags.');
  const row = { sequence: turn.createSequence(), version: 1, createdAt: turn.now, ...content };
  holdGroup(state, row);
  turn.put('thingGroup', groupName, row);
  setTags(turn, arn, newTags);
  return accept(described(arn, row));
}

function refuseParent(state: State, parentGroupName: string | undefined): Rejected | undefined {
  if (parentGroupName === undefined) return undefined;
  const parent = findGroup(state, parentGroupName);
  // The model has no ResourceNotFoundException for this operation.
  if (parent === undefined) return invalidRequest(`Parent Thing Group ${parentGroupName} cannot be found.`);
  if (lineageOf(parent).length >= maxGroupDepth) {
    return invalidRequest(`Thing groups can be nested ${maxGroupDepth} deep.`);
  }
  if (parent.children.size >= maxChildGroups) {
    return invalidRequest(`A thing group has at most ${maxChildGroups} direct child groups.`);
  }
  return undefined;
}

function isSameContent(existing: ThingGroupRow, content: Content): boolean {
  return (
    existing.parentGroupName === content.parentGroupName &&
    existing.description === content.description &&
    isSameAttributes(existing.attributes, content.attributes)
  );
}

function described(thingGroupArn: string, row: ThingGroupRow): CreateThingGroupResponse {
  return { thingGroupName: row.groupName, thingGroupArn, thingGroupId: groupIdOf(row) };
}
