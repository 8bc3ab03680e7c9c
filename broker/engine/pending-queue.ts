/**
 * The pending executions of one thing in one namespace, in AWS's order: IN_PROGRESS before QUEUED, each by `queuedAt`. Time
 * does not go back, so the order of creation is the order of `queuedAt` and settles its ties. Executions of a job that is
 * being deleted may still be in the queue, but are shown to nobody. Knows nothing of messages.
 * Source: reference lifecycle.md §5, limits.md §2.
 */
import type { JobExecution } from '../../protocol/device-api.ts';
import { maxPendingShown, maxPendingShownWithSchedule } from '../../protocol/limits.ts';
import { assert } from './assert.ts';
import type { Execution, PendingQueue } from './state.ts';

export interface ShownExecutions {
  readonly inProgress: readonly JobExecution[];
  readonly queued: readonly JobExecution[];
}

/** Puts an execution where its status belongs. */
export function enter(queue: PendingQueue, execution: Execution): void {
  const place = placeOf(execution);
  const list = queue[place];
  let index = list.length;
  if (index === 0) {
    // Most have one, and a list of one takes far less room than one that is pushed to.
    queue[place] = [execution];
    return;
  }
  while (index > 0 && list[index - 1]!.sequence > execution.sequence) index -= 1;
  if (index === list.length) list.push(execution);
  else list.splice(index, 0, execution);
}

/** Takes an execution out while its row still has the status under which it entered. */
export function leave(queue: PendingQueue, execution: Execution): void {
  const list = queue[placeOf(execution)];
  const index = list.indexOf(execution);
  assert(index >= 0, 'a pending execution is in its queue');
  if (index === 0) list.shift();
  else list.splice(index, 1);
}

function placeOf({ row: { status, hidden } }: Execution): 'hidden' | 'inProgress' | 'queued' {
  if (hidden === true) return 'hidden';
  return status === 'IN_PROGRESS' ? 'inProgress' : 'queued';
}

/** The first entry, shown or not. */
export function firstOf(queue: PendingQueue): Execution | undefined {
  return queue.inProgress[0] ?? queue.queued[0];
}

/** What `$next` means: the first entry that is shown. */
export function headOf(queue: PendingQueue): Execution | undefined {
  const first = firstOf(queue);
  if (first === undefined || isShown(first)) return first;
  return queue.inProgress.find(isShown) ?? queue.queued.find(isShown);
}

/** The list as devices see it: in order, cut to what AWS shows. */
export function shownOf(queue: PendingQueue): ShownExecutions {
  const { inProgress, queued } = queue;
  const isShort = inProgress.length + queued.length <= maxPendingShown;
  if (isShort) return { inProgress: inProgress.filter(isShown).map(rowOf), queued: queued.filter(isShown).map(rowOf) };
  const places = { plain: maxPendingShown, windowed: maxPendingShownWithSchedule - maxPendingShown };
  return { inProgress: shownRows(inProgress, places), queued: shownRows(queued, places) };
}

function rowOf({ row }: Execution): JobExecution {
  return row;
}

/** Executions of jobs whose window is open have five places more (A4). */
function shownRows(executions: readonly Execution[], places: { plain: number; windowed: number }): JobExecution[] {
  const rows: JobExecution[] = [];
  for (const execution of executions) {
    if (places.plain === 0 && places.windowed === 0) break;
    if (!isShown(execution)) continue;
    if (places.plain > 0) places.plain -= 1;
    else if (hasWindows(execution) && places.windowed > 0) places.windowed -= 1;
    else continue;
    rows.push(execution.row);
  }
  return rows;
}

function hasWindows({ job }: Execution): boolean {
  return (job.row.schedulingConfig?.maintenanceWindows?.length ?? 0) > 0;
}

function isShown(execution: Execution): boolean {
  return execution.job.row.status !== 'DELETION_IN_PROGRESS';
}
