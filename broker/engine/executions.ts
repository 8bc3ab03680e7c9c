/**
 * The only place where executions come, change and go. Whatever hangs on an execution (the thing's queue, the job's counts
 * and lists, the agenda, the row to keep) is changed here together, so that no two of them can disagree. What follows for
 * the job is decided elsewhere (conclusion.ts).
 * Source: reference lifecycle.md §3 (versions, numbers, timers).
 */
import type { StatusDetails } from '../../protocol/device-api.ts';
import { isPending, isTerminal, type JobExecutionStatus } from '../../protocol/status.ts';
import { assert, broken } from './assert.ts';
import { deletedEvent, terminalEvent } from './events.ts';
import { assertSuccessor, assertWhole } from './invariants.ts';
import { noteChanged, touch } from './notifications.ts';
import { enter, leave } from './pending-queue.ts';
import { deadlineAfter, inProgressDeadline } from './policies/timeout.ts';
import type { Profile } from './profile.ts';
import { executionKey, type ExecutionRow } from './rows.ts';
import {
  forgetThing,
  queueOf,
  type Execution,
  type Job,
  type PendingQueue,
  type QueueTouch,
  type State,
  type Thing,
} from './state.ts';
import { findTransition, versionAfter, type Actor } from './transitions.ts';
import type { Turn } from './turn.ts';

/** What a request changes besides the status. */
export interface ExecutionUpdate {
  /** Replaces the stored map whole; absent leaves it (A9). */
  readonly statusDetails?: StatusDetails;
  readonly stepTimeoutInMinutes?: number;
  readonly forceCanceled?: boolean;
}

/** Queues the next execution of a job on a thing: highest existing number + 1, which may be a number used before. */
export function queueExecution(turn: Turn, job: Job, thing: Thing, retryAttempt: number): void {
  const { now } = turn;
  const execution = holdExecution(turn.state, job, thing, {
    jobId: job.id,
    thingName: thing.name,
    executionNumber: (job.newest.get(thing.name)?.row.executionNumber ?? 0) + 1,
    namespaceId: job.row.namespaceId,
    status: 'QUEUED',
    statusDetails: undefined,
    queuedAt: now,
    startedAt: undefined,
    lastUpdatedAt: now,
    versionNumber: 1,
    timesOutAt: undefined,
    forceCanceled: undefined,
    retryAttempt,
    sequence: turn.createSequence(),
    inProgressTimesOutAt: undefined,
    // Assumed: what is queued between two windows, a retry perhaps, has its number at once and is shown with the next one.
    hidden: job.row.status === 'SCHEDULED' ? true : undefined,
  });
  const opened = openQueue(turn, execution.queue);
  if (isInSet(execution.row)) noteChanged(opened, job.id);
  enter(execution.queue, execution);
  turn.put('jobExecution', execution.key, execution.row);
  assertWhole(execution);
}

/** Gives an execution its place in every index but the pending queue. The newest number of its job and thing comes last. */
export function holdExecution(state: State, job: Job, thing: Thing, row: ExecutionRow): Execution {
  const execution: Execution = {
    sequence: row.sequence,
    gone: false,
    due: undefined,
    key: executionKey(row.jobId, row.thingName, row.executionNumber),
    job,
    thing,
    queue: queueOf(thing, row.namespaceId),
    row,
    older: job.newest.get(thing.name),
  };
  job.newest.set(thing.name, execution);
  job.executions.append(execution);
  job.counts[row.status] += 1;
  thing.executions.append(execution);
  state.agenda.schedule(execution, row.timesOutAt);
  return execution;
}

/** Makes a transition of the table. Whether it is one, users' commands have asked before (transitions.ts). */
export function moveExecution(
  turn: Turn,
  execution: Execution,
  to: JobExecutionStatus,
  actor: Actor,
  { statusDetails, stepTimeoutInMinutes, forceCanceled }: ExecutionUpdate,
): void {
  const { now } = turn;
  const { profile } = turn.state;
  const before = execution.row;
  const transition = findTransition(before.status, to, actor, forceCanceled === true);
  if (transition === undefined) return broken(`the ${actor} may move an execution from ${before.status} to ${to}`);
  const byDevice = actor === 'device';
  const runs = to === 'IN_PROGRESS';
  const starts = runs && before.status === 'QUEUED';
  const inProgressTimesOutAt = starts ? inProgressDeadline(execution.job.row, now) : before.inProgressTimesOutAt;
  const running = starts ? inProgressTimesOutAt : before.timesOutAt;
  // Every member by name: half of the engine's time went into a spread here.
  replaceRow(turn, execution, {
    jobId: before.jobId,
    thingName: before.thingName,
    executionNumber: before.executionNumber,
    namespaceId: before.namespaceId,
    status: to,
    statusDetails: statusDetails === undefined ? before.statusDetails : detailsAfter(statusDetails, before, profile),
    queuedAt: before.queuedAt,
    startedAt:
      starts || (byDevice && profile.startedAtWithoutStart === 'the end')
        ? (before.startedAt ?? now)
        : before.startedAt,
    lastUpdatedAt: now,
    versionNumber: versionAfter(before.versionNumber, transition, profile),
    timesOutAt: runs ? deadlineAfter(running, inProgressTimesOutAt, stepTimeoutInMinutes, now) : undefined,
    forceCanceled: forceCanceled ?? before.forceCanceled,
    retryAttempt: before.retryAttempt,
    sequence: before.sequence,
    inProgressTimesOutAt: runs ? inProgressTimesOutAt : undefined,
    hidden: undefined,
  });
  if (isTerminal(to)) terminalEvent(turn, execution);
}

/** start-next on a running execution changes its step timer and nothing else, not even the version (A11). */
export function retimeExecution(turn: Turn, execution: Execution, stepTimeoutInMinutes: number): void {
  const { row } = execution;
  const timesOutAt = deadlineAfter(row.timesOutAt, row.inProgressTimesOutAt, stepTimeoutInMinutes, turn.now);
  if (timesOutAt !== row.timesOutAt) replaceRow(turn, execution, { ...row, timesOutAt });
}

/** Takes a QUEUED execution out of what its device is told, or shows it again. */
export function setHidden(turn: Turn, execution: Execution, hides: boolean): void {
  const hidden = hides ? true : undefined;
  if (execution.row.hidden !== hidden) replaceRow(turn, execution, { ...execution.row, hidden });
}

/** Deletes an execution for good; its number may be given out again. */
export function dropExecution(turn: Turn, execution: Execution): void {
  const { job, thing, queue, row } = execution;
  if (isPending(row.status)) {
    const opened = openQueue(turn, queue);
    if (execution.gone) return; // opening the queue has already seen to it
    leave(queue, execution);
    if (isInSet(row)) noteChanged(opened, job.id);
  }
  execution.gone = true;
  unlink(execution);
  job.executions.remove(execution);
  job.counts[row.status] -= 1;
  thing.executions.remove(execution);
  forgetThing(turn.state, thing);
  turn.state.agenda.schedule(execution, undefined);
  turn.drop('jobExecution', execution.key);
  assertWhole(execution);
  deletedEvent(turn, execution);
}

function replaceRow(turn: Turn, execution: Execution, row: ExecutionRow): void {
  const { queue, job } = execution;
  const before = execution.row;
  assertSuccessor(before, row);
  if (before.status !== row.status || before.hidden !== row.hidden) {
    assert(isPending(before.status), 'a terminal execution never changes');
    const opened = openQueue(turn, queue);
    leave(queue, execution);
    execution.row = row;
    if (isPending(row.status)) enter(queue, execution);
    if (isInSet(before) !== isInSet(row)) noteChanged(opened, job.id);
    job.counts[before.status] -= 1;
    job.counts[row.status] += 1;
  } else {
    execution.row = row;
  }
  turn.state.agenda.schedule(execution, row.timesOutAt);
  turn.put('jobExecution', execution.key, row);
  assertWhole(execution);
}

/**
 * Prepares a queue for a change. What a job under deletion still has in it goes now, before its slice comes, because the
 * device is about to hear of the queue and must not hear of a job that it can no longer ask about.
 */
export function openQueue(turn: Turn, queue: PendingQueue): QueueTouch {
  if (queue.touch !== undefined) return queue.touch;
  const opened = touch(turn, queue);
  for (const job of turn.state.deletingJobs) {
    const execution = job.newest.get(queue.thingName);
    if (execution?.queue === queue && isPending(execution.row.status)) dropExecution(turn, execution);
  }
  return opened;
}

/** Whether the execution is one of those that its device is told of. */
function isInSet({ status, hidden }: ExecutionRow): boolean {
  return isPending(status) && hidden !== true;
}

function unlink(execution: Execution): void {
  const { newest } = execution.job;
  const { name } = execution.thing;
  const first = newest.get(name);
  if (first === execution) {
    if (execution.older === undefined) newest.delete(name);
    else newest.set(name, execution.older);
    return;
  }
  let newer = first;
  while (newer !== undefined && newer.older !== execution) newer = newer.older;
  assert(newer !== undefined, 'an execution is reachable from the newest one');
  newer.older = execution.older;
}

/** The map is replaced whole; whether an empty one is a map is an open point (A9). */
function detailsAfter(given: StatusDetails, before: ExecutionRow, profile: Profile): StatusDetails | undefined {
  for (const key in given) if (Object.hasOwn(given, key)) return given;
  return profile.emptyStatusDetails === 'keep' ? before.statusDetails : undefined;
}
