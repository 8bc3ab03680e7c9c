/**
 * The life of a job execution and the life of a job, each as a table: from where to where, who may do it, whether it takes
 * force, and for executions what it adds to the version. What is not in a table does not happen: the two functions that
 * change a status (`moveExecution`, `moveJob`) look here and nowhere else. Creation and deletion are not transitions.
 * Source: reference lifecycle.md §2 and §3, ambiguities.md A14 (thing deleted), A23 (deletion) and A31 (versions).
 */
import type { JobExecutionStatus, JobStatus } from '../../protocol/status.ts';
import type { Profile } from './profile.ts';

/**
 * device: an update or start-next. operator: a command of the control plane, and what an abort criterion does in its place.
 * service: timers, schedules, membership.
 */
export type Actor = 'device' | 'operator' | 'service';

interface Transition {
  readonly actor: Actor;
  /** Only with `force`. */
  readonly forced?: true;
}

export interface ExecutionTransition extends Transition {
  /** What it adds to `versionNumber`; where AWS is silent, the name of the switch that says so. */
  readonly versionStep: 0 | 1 | 'timeOutVersionStep';
}

type Table<Status extends string, Entry> = { readonly [From in Status]: { readonly [To in Status]?: Entry } };

const byDevice: ExecutionTransition = { actor: 'device', versionStep: 1 };

export const executionTransitions: Table<JobExecutionStatus, ExecutionTransition> = {
  QUEUED: {
    IN_PROGRESS: byDevice,
    SUCCEEDED: byDevice,
    FAILED: byDevice,
    REJECTED: byDevice,
    CANCELED: { actor: 'operator', versionStep: 1 },
    REMOVED: { actor: 'service', versionStep: 0 },
  },
  IN_PROGRESS: {
    IN_PROGRESS: byDevice,
    SUCCEEDED: byDevice,
    FAILED: byDevice,
    REJECTED: byDevice,
    // A31: whether a time-out is a new version.
    TIMED_OUT: { actor: 'service', versionStep: 'timeOutVersionStep' },
    CANCELED: { actor: 'operator', versionStep: 1, forced: true },
    // Assumed: only when the thing is deleted (A14); leaving a group does not touch a started execution.
    REMOVED: { actor: 'service', versionStep: 0 },
  },
  SUCCEEDED: {},
  FAILED: {},
  TIMED_OUT: {},
  REJECTED: {},
  REMOVED: {},
  CANCELED: {},
};

const canceled: Transition = { actor: 'operator' };
const deleted: Transition = { actor: 'operator' };
const deletedByForce: Transition = { actor: 'operator', forced: true };

const jobTransitions: Table<JobStatus, Transition> = {
  SCHEDULED: {
    // Its start time, a window, or its end time has come.
    IN_PROGRESS: { actor: 'service' },
    CANCELED: canceled,
    DELETION_IN_PROGRESS: deletedByForce,
  },
  IN_PROGRESS: {
    // Its window has closed.
    SCHEDULED: { actor: 'service' },
    COMPLETED: { actor: 'service' },
    CANCELED: canceled,
    DELETION_IN_PROGRESS: deletedByForce,
  },
  COMPLETED: { DELETION_IN_PROGRESS: deleted },
  CANCELED: { DELETION_IN_PROGRESS: deleted },
  DELETION_IN_PROGRESS: {},
};

/** @returns `undefined` when that actor may not do this to an execution now. */
export function findTransition(
  from: JobExecutionStatus,
  to: JobExecutionStatus,
  actor: Actor,
  force: boolean,
): ExecutionTransition | undefined {
  return permitted(executionTransitions[from][to], actor, force);
}

export function mayMoveJob(from: JobStatus, to: JobStatus, actor: Actor, force: boolean): boolean {
  return permitted(jobTransitions[from][to], actor, force) !== undefined;
}

function permitted<Entry extends Transition>(
  entry: Entry | undefined,
  actor: Actor,
  force: boolean,
): Entry | undefined {
  return entry?.actor === actor && (force || entry.forced !== true) ? entry : undefined;
}

export function versionAfter(versionNumber: number, { versionStep }: ExecutionTransition, profile: Profile): number {
  return versionNumber + (versionStep === 'timeOutVersionStep' ? profile.timeOutVersionStep : versionStep);
}
