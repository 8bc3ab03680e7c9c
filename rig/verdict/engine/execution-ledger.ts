/**
 * What exists, told from the engine's changes alone: every thing, every execution, every job with its counts, every thing's
 * pending queue in AWS's order. A second, plain implementation of what the engine keeps in its own indexes, for the checkers to
 * compare with.
 * Source: reference lifecycle.md §3 and §5, limits.md §2.
 */
import type { ExecutionRow, JobRow } from '../../../broker/engine/rows.ts';
import { isPending, jobExecutionStatuses, type JobExecutionStatus } from '../../../protocol/status.ts';

export interface LedgerJob {
  row: JobRow;
  /** How many executions it has. */
  size: number;
  /** They by thing, the lowest number first. */
  readonly byThing: Map<string, ExecutionRow[]>;
  readonly counts: Record<JobExecutionStatus, number>;
}

/** The pending executions of a thing in a namespace, those of jobs being deleted included, those outside a window not. */
export interface LedgerQueue {
  readonly thingName: string;
  readonly namespaceId: string | undefined;
  readonly pending: Map<string, ExecutionRow>;
}

export interface Ledger {
  readonly jobs: ReadonlyMap<string, LedgerJob>;
  /** What is in the registry. */
  readonly things: Set<string>;
  /** All executions, by key. */
  readonly executions: ReadonlyMap<string, ExecutionRow>;
  queues(): Iterable<LedgerQueue>;
  queueOf(thingName: string, namespaceId: string | undefined): LedgerQueue;
  /** All executions that ever were, and those that ended or were deleted. */
  readonly totals: { readonly created: number; readonly ended: number };
  /** Of one job on one thing, the lowest number first. */
  executionsOf(jobId: string, thingName: string): readonly ExecutionRow[];
  putExecution(key: string, row: ExecutionRow): void;
  dropExecution(key: string): void;
  putJob(row: JobRow): void;
  dropJob(jobId: string): void;
}

export function createLedger(): Ledger {
  const jobs = new Map<string, LedgerJob>();
  const things = new Set<string>();
  const executions = new Map<string, ExecutionRow>();
  const queues = new Map<string, LedgerQueue>();
  const totals = { created: 0, ended: 0 };

  function queueOf(thingName: string, namespaceId: string | undefined): LedgerQueue {
    const key = namespaceId === undefined ? thingName : `${thingName} ${namespaceId}`;
    let queue = queues.get(key);
    if (queue === undefined) queues.set(key, (queue = { thingName, namespaceId, pending: new Map() }));
    return queue;
  }

  function forget(key: string, row: ExecutionRow): void {
    const job = jobs.get(row.jobId);
    if (job !== undefined) {
      job.counts[row.status] -= 1;
      job.size -= 1;
      const ofThing = job.byThing.get(row.thingName);
      ofThing?.splice(ofThing.indexOf(row), 1);
      if (ofThing?.length === 0) job.byThing.delete(row.thingName);
    }
    if (isPending(row.status)) queueOf(row.thingName, row.namespaceId).pending.delete(key);
  }

  function add(key: string, row: ExecutionRow): void {
    const job = jobs.get(row.jobId);
    if (job !== undefined) {
      job.size += 1;
      job.counts[row.status] += 1;
      const ofThing = job.byThing.get(row.thingName);
      if (ofThing === undefined) job.byThing.set(row.thingName, [row]);
      else if (ofThing.push(row) > 1) ofThing.sort(byNumber);
    }
    if (isPending(row.status) && row.hidden !== true) queueOf(row.thingName, row.namespaceId).pending.set(key, row);
  }

  function replace(key: string, before: ExecutionRow, row: ExecutionRow): void {
    if (isPending(before.status) && !isPending(row.status)) totals.ended += 1;
    const job = jobs.get(row.jobId);
    if (job !== undefined) {
      job.counts[before.status] -= 1;
      job.counts[row.status] += 1;
      const ofThing = job.byThing.get(row.thingName);
      if (ofThing !== undefined) ofThing[ofThing.indexOf(before)] = row;
    }
    const { pending } = queueOf(row.thingName, row.namespaceId);
    if (isPending(row.status) && row.hidden !== true) pending.set(key, row);
    else pending.delete(key);
  }

  return {
    jobs,
    things,
    totals,
    queueOf,
    queues: () => queues.values(),
    executions,
    executionsOf: (jobId, thingName) => jobs.get(jobId)?.byThing.get(thingName) ?? none,
    putExecution(key, row) {
      const before = executions.get(key);
      executions.set(key, row);
      if (before !== undefined) return replace(key, before, row);
      totals.created += 1;
      add(key, row);
    },
    dropExecution(key) {
      const row = executions.get(key);
      if (row === undefined) return;
      if (isPending(row.status)) totals.ended += 1;
      forget(key, row);
      executions.delete(key);
    },
    putJob(row) {
      const job = jobs.get(row.jobId);
      if (job === undefined) jobs.set(row.jobId, { row, size: 0, byThing: new Map(), counts: noCounts() });
      else job.row = row;
    },
    dropJob: (jobId) => jobs.delete(jobId),
  };
}

const none: readonly ExecutionRow[] = [];

function byNumber(a: ExecutionRow, b: ExecutionRow): number {
  return a.executionNumber - b.executionNumber;
}

/** The executions of a job. */
export function executionsIn({ byThing }: LedgerJob): readonly ExecutionRow[] {
  return [...byThing.values()].flat();
}

/** The newest execution of a job on a thing. */
export function newestOf(ledger: Ledger, jobId: string, thingName: string): ExecutionRow | undefined {
  return ledger.executionsOf(jobId, thingName).at(-1);
}

/** What a device may see: in order, without those of jobs being deleted. */
export function visible(ledger: Ledger, { pending }: LedgerQueue): readonly ExecutionRow[] {
  const rows: ExecutionRow[] = [];
  for (const row of pending.values()) {
    if (ledger.jobs.get(row.jobId)?.row.status !== 'DELETION_IN_PROGRESS') rows.push(row);
  }
  return inOrder(rows);
}

/** IN_PROGRESS before QUEUED, each by when it was queued. */
export function inOrder(rows: ExecutionRow[]): readonly ExecutionRow[] {
  return rows.length > 1 ? rows.sort(comesBefore) : rows;
}

/** What of it a list shows: ten, and five more of jobs with maintenance windows. */
export function shown(ledger: Ledger, rows: readonly ExecutionRow[]): readonly ExecutionRow[] {
  if (rows.length <= 10) return rows;
  let windowed = 5;
  return rows.filter((row, index) => {
    const mayBeMore = (ledger.jobs.get(row.jobId)?.row.schedulingConfig?.maintenanceWindows?.length ?? 0) > 0;
    return index < 10 || (mayBeMore && windowed-- > 0);
  });
}

function comesBefore(a: ExecutionRow, b: ExecutionRow): number {
  if (a.status !== b.status) return a.status === 'IN_PROGRESS' ? -1 : 1;
  return a.queuedAt - b.queuedAt || a.sequence - b.sequence;
}

function noCounts(): Record<JobExecutionStatus, number> {
  return Object.fromEntries(jobExecutionStatuses.map((status) => [status, 0])) as Record<JobExecutionStatus, number>;
}
