/**
 * Bulk work as something to be kept and come back to: a job or a group has at most one piece of it, with a row of its own,
 * due on the agenda. What a slice does is not known here (bulk-work.ts).
 */
import type { WorkRow } from './rows.ts';
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

type WithoutBase<Row> = Row extends WorkRow ? Omit<Row, 'sequence' | 'at'> : never;
export type WorkPlan = WithoutBase<WorkRow>;

/** Begins work, or replaces what the worker was doing. */
export function beginWork(turn: Turn, worker: Worker, plan: WorkPlan): void {
  endWork(turn, worker);
  const row = { ...plan, sequence: turn.createSequence(), at: turn.now };
  holdWork(turn.state, worker, row);
  turn.put('work', workKey(row), row);
}

/** The next slice begins where `plan` says. */
export function continueWork(turn: Turn, work: Work, plan: WorkPlan): void {
  work.row = { ...plan, sequence: work.sequence, at: turn.now };
  turn.state.agenda.schedule(work, work.row.at);
  turn.put('work', workKey(work.row), work.row);
}

export function endWork(turn: Turn, worker: Worker): void {
  if (worker.work === undefined) return;
  const key = workKey(worker.work.row);
  turn.state.agenda.schedule(worker.work, undefined);
  turn.state.work.delete(key);
  turn.drop('work', key);
  worker.work = undefined;
}

export function holdWork(state: State, worker: Worker, row: WorkRow): void {
  const work: Work = { sequence: row.sequence, due: undefined, row };
  worker.work = work;
  state.work.set(workKey(row), work);
  state.agenda.schedule(work, row.at);
}

export function workKey(row: WorkPlan): string {
  return row.kind === 'delete-group' ? `group/${row.groupName}` : `job/${row.jobId}`;
}
