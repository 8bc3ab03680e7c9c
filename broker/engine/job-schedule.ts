/**
 * A job that keeps to a schedule: it begins at its start time or with its first maintenance window, is shown to devices while
 * a window is open, and ends at its end time. Outside its windows a job is SCHEDULED again: its rollout pauses, what is QUEUED
 * is hidden, what is IN_PROGRESS goes on. What concerns every execution is done in slices.
 * Source: reference configs.md §5, lifecycle.md §2, ambiguities.md A16 (state at the end) and A32 (when groups are read).
 */
import type { EpochMs } from '../../protocol/time.ts';
import { setHidden } from './executions.ts';
import { cancellationSlice } from './job-cancellation.ts';
import { changeJob, completeWhenDone, moveJob } from './jobs.ts';
import { instantOf, phaseAt } from './policies/schedule.ts';
import { dueAt, rollOut, type RolloutPlan } from './rollout.ts';
import type { JobRow, PlanOf, WindowRow } from './rows.ts';
import type { Job } from './state.ts';
import type { Turn } from './turn.ts';
import { beginWork, endWork, firstSliceSize } from './work.ts';

type WindowPlan = PlanOf<WindowRow>;

export interface ScheduledState {
  readonly status: 'IN_PROGRESS' | 'SCHEDULED';
  readonly nextPhaseAt: EpochMs | undefined;
}

/** The state that a schedule wants of a job at an instant, and when it wants another one. */
export function scheduleAt(config: JobRow['schedulingConfig'], now: EpochMs): ScheduledState {
  if (config === undefined) return { status: 'IN_PROGRESS', nextPhaseAt: undefined };
  const { isOpen, until } = phaseAt(config, now);
  const end = instantOf(config.endTime);
  const nextPhaseAt = until === undefined || end === undefined ? (until ?? end) : Math.min(until, end);
  return { status: isOpen ? 'IN_PROGRESS' : 'SCHEDULED', nextPhaseAt };
}

/** For a job whose next phase is due. */
export function keepToSchedule(turn: Turn, job: Job): void {
  const { row } = job;
  const end = instantOf(row.schedulingConfig?.endTime);
  if (end !== undefined && end <= turn.now) {
    endJob(turn, job);
    return;
  }
  const wanted = scheduleAt(row.schedulingConfig, turn.now);
  if (wanted.status === row.status) changeJob(turn, job, { nextPhaseAt: wanted.nextPhaseAt });
  else if (wanted.status === 'SCHEDULED') closeWindow(turn, job, wanted.nextPhaseAt);
  else openWindow(turn, job, wanted.nextPhaseAt);
}

function openWindow(turn: Turn, job: Job, nextPhaseAt: EpochMs | undefined): void {
  const { hasOpened } = job.row;
  moveJob(turn, job, 'IN_PROGRESS', 'service', { nextPhaseAt });
  if (hasOpened === true) showOrHide(turn, job, false);
  else rollOut(turn, job, [...job.targetThings], [...job.targetGroups], snapshotAt(turn, job));
}

/** The members of which moment a SNAPSHOT job is for (A32). */
function snapshotAt(turn: Turn, job: Job): number {
  return turn.state.profile.scheduledSnapshot === 'start' ? turn.createSequence() : job.sequence;
}

function closeWindow(turn: Turn, job: Job, nextPhaseAt: EpochMs | undefined): void {
  moveJob(turn, job, 'SCHEDULED', 'service', { nextPhaseAt, hasOpened: true });
  showOrHide(turn, job, true);
}

/**
 * Nothing more is rolled out or tried again. The job is COMPLETED when everything is terminal, also what the end cancels
 * (A16). Assumed: with STOP_ROLLOUT, what is QUEUED is no longer held to windows, because it is to go on.
 */
function endJob(turn: Turn, job: Job): void {
  const { endBehavior = 'STOP_ROLLOUT' } = job.row.schedulingConfig ?? {};
  const changes = { nextPhaseAt: undefined, hasEnded: true } as const;
  if (job.row.status === 'SCHEDULED') moveJob(turn, job, 'IN_PROGRESS', 'service', changes);
  else changeJob(turn, job, { ...changes, lastUpdatedAt: turn.now });
  endWork(turn, job);
  if (endBehavior === 'STOP_ROLLOUT') {
    showOrHide(turn, job, false);
    return;
  }
  const after = cancellationSlice(turn, job, 0, firstSliceSize);
  if (after === undefined) completeWhenDone(turn, job);
  else beginWork(turn, job, { kind: 'cancel-job', jobId: job.id, after });
}

function showOrHide(turn: Turn, job: Job, hides: boolean): void {
  const plan: WindowPlan = { kind: 'window', jobId: job.id, hides, after: 0, paused: pausedRollout(job) };
  const after = windowSlice(turn, job, plan, firstSliceSize);
  if (after === undefined) finishWindow(turn, job, plan);
  else beginWork(turn, job, { ...plan, after });
}

/** What is left of the rollout, whether it runs or waits for a window. */
function pausedRollout({ work }: Job): RolloutPlan | undefined {
  if (work?.row.kind === 'window') return work.row.paused;
  if (work?.row.kind !== 'rollout') return undefined;
  const { sequence: _sequence, at: _at, ...plan } = work.row;
  return plan;
}

/** Looks at `budget` executions at most. @returns the sequence to go on after, or `undefined` when none is left. */
export function windowSlice(turn: Turn, job: Job, { hides, after }: WindowPlan, budget: number): number | undefined {
  let left = budget;
  let last = after;
  for (const execution of job.executions.after(after)) {
    if (job.counts.QUEUED === 0) return undefined;
    if (left === 0) return last;
    left -= 1;
    last = execution.sequence;
    if (execution.row.status === 'QUEUED') setHidden(turn, execution, hides);
  }
  return undefined;
}

/** The rollout goes on, or waits for the next window. */
export function finishWindow(turn: Turn, job: Job, { hides, paused }: WindowPlan): void {
  endWork(turn, job);
  if (paused === undefined) completeWhenDone(turn, job);
  else if (hides) beginWork(turn, job, { ...paused, waits: 'window' });
  else beginWork(turn, job, { ...paused, waits: undefined }, dueAt(turn, job, paused));
}
