/**
 * The life of a job execution as a table: from where to where, who may do it, and whether it counts as a new version. What
 * is not in the table does not happen; every terminal status has an empty row. Creation and deletion are not transitions.
 * Source: reference lifecycle.md §3, ambiguities.md A14 (thing deleted) and A31 (versions).
 */
import type { JobExecutionStatus } from '../../protocol/status.ts';

/** device: an update or start-next. operator: CancelJob, CancelJobExecution, abort. service: timers and membership. */
export type Actor = 'device' | 'operator' | 'service';

export interface Transition {
  readonly actor: Actor;
  readonly versionStep: 0 | 1;
  /** Only with `force`. */
  readonly forced?: true;
}

type Row = { readonly [To in JobExecutionStatus]?: Transition };

const byDevice: Transition = { actor: 'device', versionStep: 1 };

export const transitions: { readonly [From in JobExecutionStatus]: Row } = {
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
    // Assumed: a time-out is a new version (A31).
    TIMED_OUT: { actor: 'service', versionStep: 1 },
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

/** @returns `undefined` when that actor may not do this now. */
export function findTransition(
  from: JobExecutionStatus,
  to: JobExecutionStatus,
  actor: Actor,
  force = false,
): Transition | undefined {
  const transition = transitions[from][to];
  if (transition === undefined || transition.actor !== actor) return undefined;
  return transition.forced && !force ? undefined : transition;
}
