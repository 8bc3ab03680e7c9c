/**
 * A job as a whole: replacing its row, changing its status, who follows which group, and when a job is done. The commands that
 * start, cancel and delete jobs build on this.
 * Source: reference lifecycle.md §2.
 */
import { parseArn } from '../../protocol/names.ts';
import type { JobStatus } from '../../protocol/status.ts';
import { broken } from './assert.ts';
import { jobEvent } from './events.ts';
import type { JobRow } from './rows.ts';
import { SequenceList } from './sequence-list.ts';
import { noExecutions, type Job, type State } from './state.ts';
import { mayMoveJob, type Actor } from './transitions.ts';
import type { Turn } from './turn.ts';
import { isConcurrentWork } from './work.ts';

/** @returns `undefined` for unknown jobs, and for jobs of another namespace than the one that is given. */
export function findJob(state: State, jobId: string, namespaceId: string | undefined): Job | undefined {
  const job = state.jobs.get(jobId);
  return namespaceId === undefined || job?.row.namespaceId === namespaceId ? job : undefined;
}

/** Whether the job is being rolled out or canceled (http-api.md §8). */
export function isConcurrent({ work }: Job): boolean {
  return work !== undefined && isConcurrentWork(work.row);
}

/** Gives a job its place in every index. */
export function holdJob(state: State, row: JobRow): Job {
  const job: Job = {
    sequence: row.sequence,
    id: row.jobId,
    row,
    counts: noExecutions(),
    executions: new SequenceList(),
    newest: new Map(),
    targetThings: new Set(),
    targetGroups: new Set(),
    work: undefined,
    due: undefined,
  };
  state.jobs.set(job.id, job);
  state.jobList.append(job);
  scheduleJob(state, job);
  if (row.status === 'DELETION_IN_PROGRESS') holdDeletingJob(state, job);
  holdTargets(state, job, row.targets);
  return job;
}

/** Indexes targets of a job, which are ARNs of things and groups. */
export function holdTargets(state: State, job: Job, targets: readonly string[]): void {
  for (const target of targets) {
    const arn = parseArn(target);
    if (arn?.resource === 'thing') job.targetThings.add(arn.name);
    if (arn?.resource === 'thinggroup') job.targetGroups.add(arn.name);
  }
  if (followsGroups(job)) follow(state, job);
}

/** Oldest first, whatever the order of deletion: a rebuilt engine has the same order. */
export function holdDeletingJob(state: State, job: Job): void {
  state.deletingJobs = [...state.deletingJobs, job].sort(bySequence);
}

/** Everything but the status, which only {@link moveJob} changes. */
export type JobChanges = Partial<Omit<JobRow, 'status'>> & { readonly status?: never };

export function changeJob(turn: Turn, job: Job, changes: JobChanges): void {
  replaceRow(turn, job, Object.assign({ ...job.row }, changes, { status: job.row.status }));
}

/** Makes a transition of the table. Whether it is one, users' commands have asked before (transitions.ts). */
export function moveJob(
  turn: Turn,
  job: Job,
  to: JobStatus,
  actor: Actor,
  changes: JobChanges = {},
  force = false,
): void {
  const { status } = job.row;
  if (!mayMoveJob(status, to, actor, force)) return broken(`the ${actor} may move a job from ${status} to ${to}`);
  replaceRow(turn, job, Object.assign({ ...job.row }, changes, { status: to, lastUpdatedAt: turn.now }));
}

function replaceRow(turn: Turn, job: Job, row: JobRow): void {
  const followed = followsGroups(job);
  job.row = row;
  turn.put('job', job.id, job.row);
  scheduleJob(turn.state, job);
  if (followed === followsGroups(job)) return;
  if (followed) unfollow(turn.state, job);
  else follow(turn.state, job);
}

function scheduleJob(state: State, job: Job): void {
  const { status, nextPhaseAt } = job.row;
  state.agenda.schedule(job, status === 'IN_PROGRESS' || status === 'SCHEDULED' ? nextPhaseAt : undefined);
}

/**
 * A SNAPSHOT job is done when its rollout is over and nothing is pending, a CONTINUOUS one only after its end time. To be
 * asked whenever either may have become true.
 */
export function completeWhenDone(turn: Turn, job: Job): void {
  const { row, counts, work } = job;
  if (row.status !== 'IN_PROGRESS' || (row.targetSelection !== 'SNAPSHOT' && row.hasEnded !== true)) return;
  if (work !== undefined || counts.QUEUED > 0 || counts.IN_PROGRESS > 0) return;
  moveJob(turn, job, 'COMPLETED', 'service', { completedAt: turn.now });
  jobEvent(turn, job, 'completed');
}

/** Whether the job still makes executions: it has begun, has not ended and is not being canceled or deleted. */
export function isGoing({ row }: Job): boolean {
  if (row.hasEnded === true) return false;
  return row.status === 'IN_PROGRESS' || (row.status === 'SCHEDULED' && row.hasOpened === true);
}

/** Whether members that come and go concern the job. */
function followsGroups(job: Job): boolean {
  return job.row.targetSelection === 'CONTINUOUS' && isGoing(job);
}

/** The CONTINUOUS jobs that a group's members get, oldest job first, whatever happened to them since. */
export function followersOf(state: State, groupName: string): readonly Job[] {
  const followers = state.followers.get(groupName);
  if (followers === undefined) return [];
  return followers.size === 1 ? [...followers] : [...followers].sort(bySequence);
}

function follow(state: State, job: Job): void {
  for (const groupName of job.targetGroups) {
    const followers = state.followers.get(groupName);
    if (followers === undefined) state.followers.set(groupName, new Set([job]));
    else followers.add(job);
  }
}

function unfollow(state: State, job: Job): void {
  for (const groupName of job.targetGroups) {
    const followers = state.followers.get(groupName);
    followers?.delete(job);
    if (followers?.size === 0) state.followers.delete(groupName);
  }
}

function bySequence(a: Job, b: Job): number {
  return a.sequence - b.sequence;
}
