/**
 * What a job's targets mean: ARNs of things and groups of this account and region, and whether they reach a thing, by its
 * name or through a group that it lies in. Nothing here changes anything.
 * Source: reference lifecycle.md §4.
 */
import { type Arn, parseArn, partitionOf } from '../../protocol/names.ts';
import type { Rejected } from './contract.ts';
import { targetNotFound } from './refusals.ts';
import {
  findGroup,
  findRegistration,
  type Job,
  type Registration,
  type State,
  type Thing,
  type ThingGroup,
} from './state.ts';

export interface ResolvedTargets {
  readonly things: readonly Registration[];
  /** Names. */
  readonly groups: readonly string[];
}

/** @returns a rejection when one of them does not exist here. */
export function resolveTargets(state: State, targets: readonly string[]): ResolvedTargets | Rejected {
  const things = new Set<Registration>();
  const groups = new Set<string>();
  for (const target of targets) {
    const name = localName(state, target);
    const registration = name?.resource === 'thing' ? findRegistration(state, name.name) : undefined;
    const group = name?.resource === 'thinggroup' ? findGroup(state, name.name) : undefined;
    if (registration !== undefined) things.add(registration);
    else if (group !== undefined) groups.add(group.name);
    else return targetNotFound(target);
  }
  return { things: [...things], groups: [...groups] };
}

/** @returns `undefined` for what is no ARN, or one of another account, region or partition. */
export function localName(state: State, text: string): Pick<Arn, 'resource' | 'name'> | undefined {
  const arn = parseArn(text);
  return arn?.account === state.identity.account && isOfRegion(arn, state) ? arn : undefined;
}

/** Whose account it may be: what AWS manages belongs to none. */
export function isOfRegion({ region, partition }: Arn, { identity }: State): boolean {
  return region === identity.region && partition === partitionOf(region);
}

/** Whether a job still wants a thing: a SNAPSHOT for good, a CONTINUOUS job while one of its targets reaches it. */
export function isWanted(job: Job, thing: Thing): boolean {
  return thing.registration !== undefined && (job.row.targetSelection === 'SNAPSHOT' || isTarget(job, thing));
}

export function isTarget(job: Job, { name, registration }: Thing): boolean {
  if (registration === undefined) return false;
  if (job.targetThings.has(name)) return true;
  if (job.targetGroups.size === 0) return false;
  return registration.memberships.some(({ group }) =>
    lineageOf(group).some((ancestor) => job.targetGroups.has(ancestor.name)),
  );
}

/** A group and what it lies in, innermost first. */
export function lineageOf(group: ThingGroup): readonly ThingGroup[] {
  return group.parent === undefined ? [group] : [group, ...lineageOf(group.parent)];
}

/** A group and everything that lies in it, parents before their children. */
export function withDescendants(group: ThingGroup): ThingGroup[] {
  return [group, ...[...group.children].flatMap(withDescendants)];
}
