/**
 * The engine's own invariants, after every command: rejected means untouched, versions and numbers grow, statuses follow the
 * table, `notify` and `notify-next` exactly when they are due and with what is there, counts, and deletion. Only what a command
 * touched is looked at; everything is compared once more at the end. Judges by changes, replies and effects, never by the
 * engine's inner state. Source: reference lifecycle.md, notifications.md §1, ambiguities.md A31.
 */
import type { Change, Command, Engine, Outcome } from '../../../broker/engine/contract.ts';
import type { ExecutionRow, JobRow } from '../../../broker/engine/rows.ts';
import { findTransition, type Transition } from '../../../broker/engine/transitions.ts';
import type { JobProcessDetails } from '../../../protocol/aws/iot.ts';
import { isPending, type JobExecutionStatus } from '../../../protocol/status.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import type { Report } from '../violation.ts';
import { createLedger, type Ledger, type LedgerJob, type LedgerQueue } from './execution-ledger.ts';
import { createNotificationChecker } from './notifications.ts';

export interface EngineChecker {
  readonly ledger: Ledger;
  check(command: Command, outcome: Outcome, at: EpochMs): void;
  /** Everything, once. */
  finish(at: EpochMs): void;
}

/** What the changes left behind, by table and key. */
type KeptRows = Map<Change['table'], Map<string, object>>;

export function createEngineChecker(engine: Engine, report: Report): EngineChecker {
  const ledger = createLedger();
  const notifications = createNotificationChecker(ledger, report);
  const rows: KeptRows = new Map();
  /** Jobs whose counts changed since they were compared last. */
  const recounted = new Set<string>();
  let touches = 0;

  function keep(change: Change): void {
    const { table, key, row } = change;
    if (table === 'job') keepJob(key, row as JobRow | undefined);
    else if (table === 'jobExecution') keepExecution(key, row as ExecutionRow | undefined);
  }

  function keepJob(jobId: string, row: JobRow | undefined): void {
    const job = ledger.jobs.get(jobId);
    if (row === undefined) {
      if (job !== undefined && job.executions.size > 0) {
        report('E8', `job ${jobId} is gone but ${job.executions.size} of its executions are not`);
      }
      ledger.dropJob(jobId);
      return;
    }
    if (row.status === 'DELETION_IN_PROGRESS' && job?.row.status !== 'DELETION_IN_PROGRESS') {
      for (const execution of job?.executions.values() ?? []) {
        if (isPending(execution.status)) touch(execution);
      }
    }
    ledger.putJob(row);
  }

  function keepExecution(key: string, row: ExecutionRow | undefined): void {
    const before = ledger.execution(key);
    const either = row ?? before;
    if (either === undefined) return;
    if (row === undefined) ledger.dropExecution(key);
    else {
      if (before === undefined) checkNew(row);
      else checkSuccessor(before, row);
      ledger.putExecution(key, row);
    }
    if (before?.status === row?.status) {
      if (row?.status === 'IN_PROGRESS') return;
    } else recounted.add(either.jobId);
    touch(either);
  }

  function touch({ thingName, namespaceId }: ExecutionRow): void {
    notifications.touch(ledger.queueOf(thingName, namespaceId));
  }

  function checkNew(row: ExecutionRow): void {
    const { jobId, thingName, executionNumber, versionNumber, status } = row;
    const expected = ledger.highestNumber(jobId, thingName) + 1;
    if (executionNumber !== expected) {
      report('E3', `${jobId} got executionNumber ${executionNumber} instead of ${expected}`, thingName);
    }
    if (versionNumber !== 1) report('E2', `${name(row)} starts with version ${versionNumber}`, thingName);
    if (status !== 'QUEUED') report('E4', `${name(row)} starts as ${status}`, thingName);
  }

  function checkSuccessor(before: ExecutionRow, row: ExecutionRow): void {
    const { thingName } = row;
    const transition = transitionOf(before.status, row.status);
    if (transition === undefined) {
      report('E4', `${name(row)} went from ${before.status} to ${row.status}`, thingName);
      return;
    }
    const step = row.versionNumber - before.versionNumber;
    // A11: start-next hands a started execution out again and may set its step timer; that is no new version.
    const isHandedOutAgain = step === 0 && row.status === 'IN_PROGRESS' && before.status === 'IN_PROGRESS';
    if (step !== transition.versionStep && !isHandedOutAgain) {
      report('E2', `${name(row)} went from version ${before.versionNumber} to ${row.versionNumber}`, thingName);
    }
    if (row.queuedAt !== before.queuedAt) report('E4', `${name(row)} changed its queuedAt`, thingName);
  }

  function checkCounts(job: LedgerJob, at: EpochMs): void {
    const { jobId } = job.row;
    const { reply, changes, effects } = engine.apply({ name: 'iot:DescribeJob', request: { jobId } }, at);
    if (!reply.accepted) {
      report('E8', `job ${jobId} exists and cannot be described: ${reply.message}`);
      return;
    }
    if (changes.length + effects.length > 0) report('E1', `describing ${jobId} changes something`);
    const details = reply.response.job?.jobProcessDetails ?? {};
    for (const [status, member] of countMembers) {
      const shown = details[member] ?? 0;
      if (shown === job.counts[status]) continue;
      report('E7', `${jobId} shows ${String(shown)} ${status}, there are ${job.counts[status]}`);
    }
  }

  function checkTouchedCounts(at: EpochMs): void {
    for (const jobId of recounted) {
      const job = ledger.jobs.get(jobId);
      if (job !== undefined && job.row.status !== 'DELETION_IN_PROGRESS') checkCounts(job, at);
    }
    recounted.clear();
  }

  function remember(change: Change): void {
    let table = rows.get(change.table);
    if (table === undefined) rows.set(change.table, (table = new Map()));
    if (change.row === undefined) table.delete(change.key);
    else table.set(change.key, change.row);
  }

  return {
    ledger,
    check(command, { reply, changes, effects }, at) {
      if (!reply.accepted && changes.length + effects.length > 0) {
        report('E1', `${command.name} was rejected (${reply.message}) and left ${changes.length} changes`);
      }
      for (const change of changes) {
        keep(change);
        remember(change);
      }
      notifications.check(effects);
      touches += 1;
      if (recounted.size > 0 && touches % countEvery === 0) checkTouchedCounts(at);
    },
    finish(at) {
      for (const job of ledger.jobs.values()) if (job.row.status !== 'DELETION_IN_PROGRESS') checkCounts(job, at);
      for (const queue of ledger.queues()) checkQueue(engine, ledger, queue, at, report);
      checkRows(engine, rows, report);
    },
  };
}

/** Whoever makes it. */
function transitionOf(from: JobExecutionStatus, to: JobExecutionStatus): Transition | undefined {
  return (
    findTransition(from, to, 'device', true) ??
    findTransition(from, to, 'operator', true) ??
    findTransition(from, to, 'service', true)
  );
}

/** A wrong count stays wrong, so not every change of one is followed by a look at it. */
const countEvery = 32;

const countMembers: readonly (readonly [JobExecutionStatus, Exclude<keyof JobProcessDetails, 'processingTargets'>])[] =
  [
    ['QUEUED', 'numberOfQueuedThings'],
    ['IN_PROGRESS', 'numberOfInProgressThings'],
    ['SUCCEEDED', 'numberOfSucceededThings'],
    ['FAILED', 'numberOfFailedThings'],
    ['REJECTED', 'numberOfRejectedThings'],
    ['TIMED_OUT', 'numberOfTimedOutThings'],
    ['CANCELED', 'numberOfCanceledThings'],
    ['REMOVED', 'numberOfRemovedThings'],
  ];

/** What a device is shown on asking is what the ledger says is pending. */
function checkQueue(engine: Engine, ledger: Ledger, queue: LedgerQueue, at: EpochMs, report: Report): void {
  const { thingName, namespaceId } = queue;
  const request = namespaceId === undefined ? { thingName } : { thingName, namespaceId };
  const { reply } = engine.apply({ name: 'iotjobsdata:GetPendingJobExecutions', request }, at);
  const shown = reply.accepted ? [...reply.response.inProgress, ...reply.response.queued] : [];
  const gone = shown.find(({ jobId }) => !ledger.jobs.has(jobId));
  if (gone !== undefined) report('E8', `${gone.jobId} is deleted and still pending`, thingName);
  if (reply.accepted && shown.length !== Math.min(10, queue.pending.size)) {
    report('E5', `${shown.length} executions are shown as pending, there are ${queue.pending.size}`, thingName);
  }
}

/** Empties what was kept: what is then left is not in the engine. */
function checkRows(engine: Engine, kept: KeptRows, report: Report): void {
  for (const { table, key, row } of engine.rows()) {
    const rows = kept.get(table);
    const left = rows?.get(key);
    if (left !== row && JSON.stringify(left) !== JSON.stringify(row)) {
      report('E9', `row ${table}/${key} is not what the changes left`);
    }
    rows?.delete(key);
  }
  for (const [table, rows] of kept) {
    const [forgotten] = rows.keys();
    if (forgotten !== undefined) report('E9', `row ${table}/${forgotten} was kept and is not in the engine`);
  }
}

function name({ jobId, executionNumber }: ExecutionRow): string {
  return `${jobId}#${executionNumber}`;
}
