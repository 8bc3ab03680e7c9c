/**
 * Thing groups: holding them, finding them by name or ARN, and what may be a member of what. Membership itself is
 * membership.ts, deletion group-deletion.ts.
 * Source: reference http-api.md §6, limits.md §4.
 */
import type { GroupNameAndArn } from '../../protocol/aws/iot.ts';
import { maxGroupsPerThing } from '../../protocol/limits.ts';
import { formatThingGroupArn } from '../../protocol/names.ts';
import type { Rejected } from './contract.ts';
import { uuidOf } from './identifiers.ts';
import { groupNotFound, invalidRequest, thingNotFound } from './refusals.ts';
import type { ThingGroupRow } from './rows.ts';
import { SequenceList } from './sequence-list.ts';
import { findGroup, findRegistration, type Registration, type State, type ThingGroup } from './state.ts';
import { lineageOf, localName } from './targets.ts';

export function groupIdOf({ sequence, groupName }: ThingGroupRow): string {
  return uuidOf(`thinggroup/${groupName}/${sequence}`);
}

export function nameAndArn(state: State, { name }: ThingGroup): GroupNameAndArn {
  return { groupName: name, groupArn: formatThingGroupArn(state.identity, name) };
}

export function holdGroup(state: State, row: ThingGroupRow): ThingGroup {
  const parent = row.parentGroupName === undefined ? undefined : state.groups.get(row.parentGroupName);
  const group: ThingGroup = {
    sequence: row.sequence,
    name: row.groupName,
    parent,
    row,
    children: new SequenceList(),
    members: new SequenceList(),
    work: undefined,
  };
  state.groups.set(group.name, group);
  state.groupList.append(group);
  parent?.children.append(group);
  return group;
}

/** Add and Remove name both sides by name or by ARN. */
export interface MembershipRequest {
  readonly thingGroupName?: string;
  readonly thingGroupArn?: string;
  readonly thingName?: string;
  readonly thingArn?: string;
}

export interface ResolvedMembership {
  readonly registration: Registration;
  readonly group: ThingGroup;
}

/** @returns a rejection when either side is missing, unknown or named in two ways that differ. */
export function resolveMembership(state: State, request: MembershipRequest): ResolvedMembership | Rejected {
  const groupName = chosenName(state, 'thinggroup', request.thingGroupName, request.thingGroupArn);
  if (groupName === undefined) return invalidRequest('Provide the name or the ARN of one thing group.');
  const thingName = chosenName(state, 'thing', request.thingName, request.thingArn);
  if (thingName === undefined) return invalidRequest('Provide the name or the ARN of one thing.');
  const group = findGroup(state, groupName);
  if (group === undefined) return groupNotFound(groupName);
  const registration = findRegistration(state, thingName);
  if (registration === undefined) return thingNotFound(thingName);
  return { registration, group };
}

/** A foreign ARN names nothing here: it stands for itself, so that it is not found. */
function chosenName(
  state: State,
  resource: string,
  name: string | undefined,
  arn: string | undefined,
): string | undefined {
  if (arn === undefined) return name;
  const local = localName(state, arn);
  const named = local?.resource === resource ? local.name : arn;
  return name === undefined || name === named ? named : undefined;
}

/** AWS allows ten groups, and no two of one hierarchy. */
export function refuseMemberships(groups: readonly ThingGroup[]): Rejected | undefined {
  if (groups.length > maxGroupsPerThing) {
    return invalidRequest(`A thing can be in at most ${maxGroupsPerThing} thing groups.`);
  }
  if (groups.length < 2) return undefined;
  const roots = new Set(groups.map((group) => lineageOf(group).at(-1)));
  return roots.size === groups.length
    ? undefined
    : invalidRequest('A thing cannot be in two thing groups of the same hierarchy.');
}
