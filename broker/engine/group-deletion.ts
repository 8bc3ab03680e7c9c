/**
 * Deleting a thing group: for everybody else it is gone at once, while its members leave it one by one, the first of them in
 * the same command and the rest in slices. Its name is free when the last one has left.
 * Source: reference http-api.md §6 (thing groups).
 */
import { formatThingGroupArn } from '../../protocol/names.ts';
import { changeMemberships } from './membership.ts';
import type { ThingGroup } from './state.ts';
import { setTags } from './tags.ts';
import type { Turn } from './turn.ts';
import { beginWork, endWork, firstSliceSize } from './work.ts';

/** @param group has no child groups. */
export function deleteGroup(turn: Turn, group: ThingGroup): void {
  if (groupDeletionSlice(turn, group, firstSliceSize)) finishGroupDeletion(turn, group);
  else beginWork(turn, group, { kind: 'delete-group', groupName: group.name });
}

/** @returns whether the last member has left. */
export function groupDeletionSlice(turn: Turn, group: ThingGroup, budget: number): boolean {
  let left = budget;
  for (const { registration } of group.members) {
    if (left === 0) return false;
    left -= 1;
    changeMemberships(turn, registration, { join: [], leave: [group] });
  }
  return true;
}

export function finishGroupDeletion(turn: Turn, group: ThingGroup): void {
  const { state } = turn;
  endWork(turn, group);
  const arn = formatThingGroupArn(state.identity, group.name);
  for (const name of group.row.policies ?? []) state.policies.get(name)?.targets.delete(arn);
  state.groups.delete(group.name);
  state.groupList.remove(group);
  group.parent?.children.remove(group);
  turn.drop('thingGroup', group.name);
  setTags(turn, arn, {});
}
