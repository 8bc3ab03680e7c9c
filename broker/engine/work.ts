/**
 * Bulk work as something to be kept and come back to: a job or a group has at most one piece of it, with a row of its own,
 * due on the agenda. What a slice does is not known here (bulk-work.ts).
 */
import { maxConcurrentJobs } from '../../protocol/limits.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { PlanOf, RolloutRow, WorkRow } from './rows.ts';
import type { State, Work } from './state.ts';
import type { Turn } from './turn.ts';

/** What has work: a job or a thing group. */
export interface Worker {
  work: Work | undefined;
}

/** Executions, or members, that one slice looks at; keeps a slice far below the time in which a device would notice. */
export const sliceSize = 256;

/** The part of a slice that is done inside the command itself, so that small jobs are there when it is answered. */
export const firstSliceSize = 100;

export type WorkPlan = PlanOf<WorkRow>;

/** Begins work, or replaces what the worker was doing. A rollout waits for its turn while too many jobs are concurrent. */
export function beginWork(turn: Turn, worker: Worker, plan: WorkPlan, at: EpochMs | undefined = turn.now): void {
  endWork(turn, worker);
  const base = { sequence: turn.createSequence(), at };
  const row: WorkRow = plan.kind === 'rollout' ? inTurn(turn.state, { ...plan, ...base }) : { ...plan, ...base };
  holdWork(turn.state, worker, row);
  turn.put('work', workKey(row), row);
}

function inTurn({ concurrentWork }: State, row: RolloutRow): RolloutRow {
  if (row.waits === 'window') return { ...row, at: undefined };
  return concurrentWork < maxConcurrentJobs ? { ...row, waits: undefined } : { ...row, at: undefined, waits: 'turn' };
}

/** The next slice begins where `plan` says. */
export function continueWork(turn: Turn, work: Work, plan: WorkPlan, at: EpochMs = turn.now): void {
  work.row = { ...plan, sequence: work.sequence, at };
  turn.state.agenda.schedule(work, work.row.at);
  turn.put('work', workKey(work.row), work.row);
}

export function endWork(turn: Turn, worker: Worker): void {
  const { work } = worker;
  if (work === undefined) return;
  const { state } = turn;
  const key = workKey(work.row);
  state.agenda.schedule(work, undefined);
  state.work.delete(key);
  turn.drop('work', key);
  worker.work = undefined;
  if (isWaiting(work.row)) state.waitingRollouts.remove(work);
  if (!isConcurrentWork(work.row)) return;
  state.concurrentWork -= 1;
  callNext(turn);
}

/** The rollout that has waited longest goes on. */
function callNext(turn: Turn): void {
  const { state } = turn;
  const [next] = state.waitingRollouts;
  if (next === undefined || state.concurrentWork >= maxConcurrentJobs) return;
  state.waitingRollouts.remove(next);
  state.concurrentWork += 1;
  const { waits: _waits, ...plan } = next.row as RolloutRow;
  continueWork(turn, next, plan);
}

export function holdWork(state: State, worker: Worker, row: WorkRow): void {
  const work: Work = { sequence: row.sequence, due: undefined, row };
  worker.work = work;
  state.work.set(workKey(row), work);
  state.agenda.schedule(work, row.at);
  if (isWaiting(row)) state.waitingRollouts.append(work);
  if (isConcurrentWork(row)) state.concurrentWork += 1;
}

/** Whether a job is being rolled out or canceled by this work (http-api.md §8). */
export function isConcurrentWork(row: WorkRow): boolean {
  return row.kind === 'cancel-job' || (row.kind === 'rollout' && row.waits === undefined);
}

function isWaiting(row: WorkRow): boolean {
  return row.kind === 'rollout' && row.waits === 'turn';
}

export function workKey(row: WorkPlan): string {
  return row.kind === 'delete-group' ? `group/${row.groupName}` : `job/${row.jobId}`;
}
