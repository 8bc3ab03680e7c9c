/**
 * Giving a job's targets their executions. Things named as targets come first, then the members of target groups and of
 * their child groups, in slices. A thing that several targets reach gets one execution (A34). How fast executions are
 * released is not limited yet: a rollout goes on as soon as the devices have been served.
 * Source: reference lifecycle.md §4, http-api.md §7 (`processingTargets`).
 */
import { formatThingGroupArn } from '../../protocol/names.ts';
import { queueExecution } from './executions.ts';
import { completeWhenDone, replaceJob } from './jobs.ts';
import { findGroup, type Job, type Membership, type Registration, type State } from './state.ts';
import { withDescendants } from './targets.ts';
import type { Turn } from './turn.ts';
import { beginWork, endWork, firstSliceSize, type WorkPlan } from './work.ts';

export type RolloutPlan = Extract<WorkPlan, { readonly kind: 'rollout' }>;

/** At most 100 things, because a job has at most 100 targets. */
export function rollOut(turn: Turn, job: Job, things: readonly Registration[], targetGroups: readonly string[]): void {
  for (const registration of things) queueOnce(turn, job, registration);
  const plan = openTarget(turn.state, job.id, targetGroups);
  const rest = plan && rolloutSlice(turn, job, plan, firstSliceSize - things.length);
  if (rest === undefined) finishRollout(turn, job);
  else beginWork(turn, job, rest);
}

/** Adds target groups to a job whose rollout may be over already. */
export function rollOutFurther(turn: Turn, job: Job, targetGroups: readonly string[]): void {
  const running = job.work?.row;
  if (running?.kind !== 'rollout') rollOut(turn, job, [], targetGroups);
  else beginWork(turn, job, { ...running, targetGroups: [...running.targetGroups, ...targetGroups] });
}

/** Looks at `budget` members at most. @returns where to go on, or `undefined` when every target has been reached. */
export function rolloutSlice(turn: Turn, job: Job, plan: RolloutPlan, budget: number): RolloutPlan | undefined {
  let next: RolloutPlan | undefined = plan;
  let left = budget;
  while (next !== undefined && left > 0) {
    const group = turn.state.groups.get(next.groups[0]!);
    for (const membership of group?.members.after(next.after) ?? []) {
      if (left === 0) return next;
      left -= 1;
      next = { ...next, after: membership.sequence };
      if (isTargeted(job, membership)) queueOnce(turn, job, membership.registration);
    }
    left -= 1; // groups without members are not free
    next =
      next.groups.length > 1
        ? { ...next, groups: next.groups.slice(1), after: 0 }
        : openTarget(turn.state, job.id, next.targetGroups.slice(1));
  }
  return next;
}

export function finishRollout(turn: Turn, job: Job): void {
  endWork(turn, job);
  // A fresh job's lastUpdatedAt moves once more when its rollout is over (lifecycle.md §2).
  if (job.row.lastUpdatedAt !== turn.now) replaceJob(turn, job, { lastUpdatedAt: turn.now });
  completeWhenDone(turn, job);
}

/** ARNs of the groups that are still being rolled out. */
export function processingTargets(state: State, job: Job): readonly string[] | undefined {
  const row = job.work?.row;
  if (row?.kind !== 'rollout') return undefined;
  return row.targetGroups.map((groupName) => formatThingGroupArn(state.identity, groupName));
}

/** Begins with the first of the groups that still exists. */
function openTarget(state: State, jobId: string, targetGroups: readonly string[]): RolloutPlan | undefined {
  const index = targetGroups.findIndex((groupName) => findGroup(state, groupName) !== undefined);
  if (index < 0) return undefined;
  const groups = withDescendants(state.groups.get(targetGroups[index]!)!).map(({ name }) => name);
  return { kind: 'rollout', jobId, targetGroups: targetGroups.slice(index), groups, after: 0 };
}

/** A SNAPSHOT holds the members of the moment of its creation; whoever joins a CONTINUOUS job's group later is seen to there. */
function isTargeted(job: Job, joined: Membership): boolean {
  return job.row.targetSelection === 'CONTINUOUS' || joined.sequence < job.sequence;
}

function queueOnce(turn: Turn, job: Job, { thing }: Registration): void {
  if (!job.newest.has(thing.name)) queueExecution(turn, job, thing, 0);
}
