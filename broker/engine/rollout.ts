/**
 * Giving a job's targets their executions. Things named as targets come first, then the members of target groups and of
 * their child groups, in slices and no faster than the job's rate (policies/rollout-rate.ts). A thing that several targets
 * reach gets one execution (A34). What joins a CONTINUOUS job's group later is not subject to the rate (membership.ts).
 * Source: reference lifecycle.md §4, configs.md §1, http-api.md §7 (`processingTargets`).
 */
import { formatThingArn, formatThingGroupArn } from '../../protocol/names.ts';
import { queueExecution } from './executions.ts';
import { completeWhenDone, changeJob } from './jobs.ts';
import { allowance, minuteAt, nextReleaseAt } from './policies/rollout-rate.ts';
import type { PlanOf, RolloutRow } from './rows.ts';
import { findGroup, findRegistration, type Job, type Membership, type State, type Thing } from './state.ts';
import { withDescendants } from './targets.ts';
import type { Turn } from './turn.ts';
import { beginWork, continueWork, endWork, firstSliceSize } from './work.ts';

export type RolloutPlan = PlanOf<RolloutRow>;

/** Where a rollout goes on. */
type Position = Pick<RolloutPlan, 'things' | 'targetGroups' | 'groups' | 'after'>;

/** What a rollout looks at next, and where it goes on after that. */
interface Step {
  readonly thing?: Thing;
  readonly rest: Position | undefined;
}

/** @param before is the end of what a SNAPSHOT holds: whoever joins a group after this sequence is not in it. */
export function rollOut(
  turn: Turn,
  job: Job,
  things: readonly string[],
  targetGroups: readonly string[],
  before: number,
): void {
  const position = opened(turn.state, { things, targetGroups, groups: [], after: 0 });
  const plan = position && { kind: 'rollout' as const, jobId: job.id, before, ...position };
  const rest = plan && rolloutSlice(turn, job, plan, firstSliceSize);
  if (rest === undefined) finishRollout(turn, job);
  else beginWork(turn, job, rest, dueAt(turn, job, rest));
}

/** Adds target groups to a job whose rollout may be over already. */
export function rollOutFurther(turn: Turn, job: Job, added: readonly string[]): void {
  const running = job.work?.row;
  if (running?.kind !== 'rollout') {
    rollOut(turn, job, [], added, job.sequence);
    return;
  }
  const position = opened(turn.state, { ...running, targetGroups: [...running.targetGroups, ...added] });
  beginWork(turn, job, { ...running, ...position }, running.at);
}

/** Takes what is left of the rollout up again, or goes on at once because the rate may be another now. */
export function resumeRollout(turn: Turn, job: Job): void {
  const { work } = job;
  if (work?.row.kind !== 'rollout' || work.row.waits !== undefined) return;
  continueWork(turn, work, work.row, dueAt(turn, job, work.row));
}

/** Looks at `budget` targets at most. @returns where to go on, or `undefined` when every target has been reached. */
export function rolloutSlice(turn: Turn, job: Job, plan: RolloutPlan, budget: number): RolloutPlan | undefined {
  const minute = minuteAt(plan.minute, job, turn.now);
  const allowed = allowance(job, minute);
  let released = 0;
  let left = budget;
  /** @returns whether the walk may go on: there is budget left, and the minute has room if an execution is to be made. */
  const pass = (thing: Thing | undefined): boolean => {
    const isNew = thing !== undefined && !job.newest.has(thing.name);
    if (left === 0 || (isNew && released === allowed)) return false;
    left -= 1;
    if (isNew) {
      released += 1;
      queueExecution(turn, job, thing, 0);
    }
    return true;
  };

  const stop = plan.things.findIndex((thingName) => !pass(findRegistration(turn.state, thingName)?.thing));
  const things = stop < 0 ? [] : plan.things.slice(stop);
  let rest = opened(turn.state, { ...plan, things });
  if (rest !== undefined && stop < 0) {
    for (const step of stepsFrom(turn.state, job, rest, plan.before)) {
      if (!pass(step.thing)) break;
      rest = step.rest;
    }
  }
  return rest && { ...plan, ...rest, minute: { ...minute, released: minute.released + released } };
}

/** When the next slice has something to do. */
export function dueAt({ now }: Turn, job: Job, { minute }: RolloutPlan): number {
  return minute === undefined ? now : nextReleaseAt(job, minute, now);
}

export function finishRollout(turn: Turn, job: Job): void {
  endWork(turn, job);
  // A fresh job's lastUpdatedAt moves once more when its rollout is over (lifecycle.md §2).
  if (job.row.lastUpdatedAt !== turn.now) changeJob(turn, job, { lastUpdatedAt: turn.now });
  completeWhenDone(turn, job);
}

/** ARNs of the targets that are still being rolled out. */
export function processingTargets({ identity }: State, job: Job): readonly string[] | undefined {
  const row = job.work?.row;
  if (row?.kind !== 'rollout') return undefined;
  return [
    ...row.things.map((thingName) => formatThingArn(identity, thingName)),
    ...row.targetGroups.map((groupName) => formatThingGroupArn(identity, groupName)),
  ];
}

/** Through the members of the groups that are left. */
function* stepsFrom(state: State, job: Job, from: Position, before: number): Generator<Step, void, undefined> {
  let next: Position | undefined = from;
  while (next !== undefined) {
    const group = state.groups.get(next.groups[0]!);
    for (const membership of group?.members.after(next.after) ?? []) {
      next = { ...next, after: membership.sequence };
      yield isTargeted(job, membership, before) ? { thing: membership.registration.thing, rest: next } : { rest: next };
    }
    next = nextGroup(state, next);
    yield { rest: next }; // groups without members are not free
  }
}

function nextGroup(state: State, { groups, targetGroups, ...position }: Position): Position | undefined {
  const children = groups.slice(1);
  const left = children.length > 0 ? targetGroups : targetGroups.slice(1);
  return opened(state, { ...position, targetGroups: left, groups: children, after: 0 });
}

/** Begins with the first target group that still exists. @returns `undefined` when no target is left. */
function opened(state: State, position: Position): Position | undefined {
  if (position.groups.length > 0) return position;
  const { targetGroups } = position;
  const index = targetGroups.findIndex((groupName) => findGroup(state, groupName) !== undefined);
  if (index >= 0) {
    const groups = withDescendants(state.groups.get(targetGroups[index]!)!).map(({ name }) => name);
    return { ...position, targetGroups: targetGroups.slice(index), groups, after: 0 };
  }
  return position.things.length > 0 ? { ...position, targetGroups: [] } : undefined;
}

/** A SNAPSHOT holds the members of one moment; whoever joins a CONTINUOUS job's group later is seen to there. */
function isTargeted(job: Job, joined: Membership, before: number): boolean {
  return job.row.targetSelection === 'CONTINUOUS' || joined.sequence < before;
}
