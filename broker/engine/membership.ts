/**
 * Who belongs to which thing group, and what joining and leaving mean to CONTINUOUS jobs. Only a join creates work: staying
 * a member, or being added again, does nothing. A command changes all of a thing's memberships first and looks at the jobs
 * afterwards, so a thing that moves from one target group to another keeps what it has queued.
 * Source: reference lifecycle.md §4 (membership table, A17), limits.md §4.
 */
import { isPending } from '../../protocol/status.ts';
import { advanceExecution } from './conclusion.ts';
import { queueExecution } from './executions.ts';
import { followersOf, isGoing } from './jobs.ts';
import type { Job, Membership, Registration, State, Thing, ThingGroup } from './state.ts';
import { tellThing } from './provisioning/attachments.ts';
import { isTarget } from './targets.ts';
import type { Turn } from './turn.ts';

/** Groups that the thing is in already, or is not in, are no change. */
export function changeMemberships(
  turn: Turn,
  registration: Registration,
  { join, leave }: { readonly join: readonly ThingGroup[]; readonly leave: readonly ThingGroup[] },
): void {
  const { thing, row } = registration;
  const isLeft = ({ group }: Membership): boolean => leave.includes(group) && !join.includes(group);
  const left = leave.length === 0 ? [] : registration.memberships.filter(isLeft);
  const joined = join.filter((group, index) => join.indexOf(group) === index && !isMember(registration, group));
  if (left.length === 0 && joined.length === 0) return;
  for (const membership of left) endMembership(membership);
  let memberships =
    left.length === 0 ? registration.memberships : registration.memberships.filter((one) => !isLeft(one));
  for (const group of joined) {
    memberships = [...memberships, holdMembership(registration, group, turn.createSequence())];
  }
  registration.memberships = memberships;
  // Every member by name, as a spread would give the row a shape of its own.
  registration.row = {
    sequence: row.sequence,
    thingName: row.thingName,
    version: row.version,
    attributes: row.attributes,
    thingTypeName: row.thingTypeName,
    billingGroupName: row.billingGroupName,
    memberships: memberships.map(({ sequence, group }) => ({ sequence, groupName: group.name })),
  };
  turn.put('thing', thing.name, registration.row);
  tellThing(turn, thing.name);
  for (const { group } of left) for (const job of concernedJobs(turn.state, group)) leaveJob(turn, job, thing);
  for (const group of joined) for (const job of concernedJobs(turn.state, group)) joinJob(turn, job, thing);
}

export function holdMembership(registration: Registration, group: ThingGroup, sequence: number): Membership {
  const membership: Membership = { sequence, registration, group };
  group.members.append(membership);
  return membership;
}

/** Takes a membership out of its group; the caller sees to the thing's side of it. */
export function endMembership(membership: Membership): void {
  membership.group.members.remove(membership);
}

function isMember(registration: Registration, group: ThingGroup): boolean {
  return registration.memberships.some((membership) => membership.group === group);
}

function concernedJobs(state: State, group: ThingGroup): readonly Job[] {
  if (group.parent === undefined) return followersOf(state, group.name);
  return [...followersOf(state, group.name), ...concernedJobs(state, group.parent)];
}

function joinJob(turn: Turn, job: Job, thing: Thing): void {
  if (!isGoing(job)) return; // another membership of this command may have aborted it
  const newest = job.newest.get(thing.name);
  if (newest === undefined || !isPending(newest.row.status)) queueExecution(turn, job, thing, 0);
}

function leaveJob(turn: Turn, job: Job, thing: Thing): void {
  const newest = job.newest.get(thing.name);
  if (newest?.row.status !== 'QUEUED' || isTarget(job, thing)) return;
  advanceExecution(turn, newest, 'REMOVED', 'service', {});
}
