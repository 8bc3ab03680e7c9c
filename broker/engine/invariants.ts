/**
 * What must hold after each change of an execution and after each command, always asserted: the counts of a job are of its
 * executions, the newest execution of a thing is found, the first entries of a queue belong there, a version grows by one, a
 * refused command has done nothing. Looks only at what was touched, so it costs the same however much there is; what needs a
 * look at everything is checked in simulation.
 */
import { assert } from './assert.ts';
import type { Reply } from './contract.ts';
import type { ExecutionRow } from './rows.ts';
import type { Execution, Job, PendingQueue } from './state.ts';
import type { Turn } from './turn.ts';

/** After an execution has come, changed or gone. */
export function assertWhole({ job, thing, queue, gone, row, key }: Execution): void {
  assert(countOf(job) === job.executions.size, 'the counts of a job add up to its executions');
  assert(job.counts[row.status] >= (gone ? 0 : 1), 'no count is below what there is');
  const newest = job.newest.get(thing.name);
  const isFound = newest !== undefined && newest.row.executionNumber >= row.executionNumber;
  assert(gone ? newest?.key !== key : isFound, 'the newest execution of a thing is found, and what is gone is not');
  assertOrdered(queue);
}

/** A row replaces another one of the same execution. */
export function assertSuccessor(before: ExecutionRow, row: ExecutionRow): void {
  const step = row.versionNumber - before.versionNumber;
  assert(step === 0 || step === 1, 'a version grows by one or stays');
  assert(step === 1 || row.status !== 'IN_PROGRESS' || before.status === row.status, 'a start is a new version');
}

/** After a command, before anything of it leaves the engine. */
export function assertTurn(turn: Turn, reply: Reply<unknown>): void {
  assert(turn.touched === undefined, 'every queue that was touched was announced');
  assert(reply.accepted || turn.isEmpty, 'a refused command changes nothing and says nothing');
}

/** What runs comes before what waits, and each stands where its status belongs; so there is one head. */
function assertOrdered(queue: PendingQueue): void {
  const running = queue.inProgress[0];
  const waiting = queue.queued[0];
  const hidden = queue.hidden[0];
  assert(running === undefined || running.row.status === 'IN_PROGRESS', 'what is first in progress is IN_PROGRESS');
  assert(waiting === undefined || isWaiting(waiting, undefined), 'what is first in the queue is QUEUED and visible');
  assert(hidden === undefined || isWaiting(hidden, true), 'what is hidden is QUEUED');
}

function isWaiting({ row }: Execution, hidden: true | undefined): boolean {
  return row.status === 'QUEUED' && row.hidden === hidden;
}

/** Written out: this is asked after every change of an execution. */
function countOf({ counts: of }: Job): number {
  return of.QUEUED + of.IN_PROGRESS + of.SUCCEEDED + of.FAILED + of.TIMED_OUT + of.REJECTED + of.REMOVED + of.CANCELED;
}
