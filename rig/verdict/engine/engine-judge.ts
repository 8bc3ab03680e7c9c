/**
 * The engine's own invariants (E1–E9), after every command: rejected means untouched, versions and numbers grow, statuses and
 * answers follow the laws (execution-law.ts, job-law.ts), `notify` and `notify-next` come exactly when they are due and with
 * what is there, counts, lists and deletion. Only what a command touched is looked at; everything is compared once more at the
 * end. Judges by changes, replies and effects, never by the engine's inner state.
 */
import type { Change, Command, Engine, Outcome, ResponseOf } from '../../../broker/engine/contract.ts';
import type { Profile } from '../../../broker/engine/profile.ts';
import type { ExecutionRow, JobRow } from '../../../broker/engine/rows.ts';
import type { JobProcessDetails } from '../../../protocol/aws/iot.ts';
import { isPending, type JobExecutionStatus } from '../../../protocol/status.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import type { Report } from './engine-claims.ts';
import { dueAnswer, objectionToAnswer } from './answer-law.ts';
import { isOver, objectionToChange, objectionToNew, type Objection } from './execution-law.ts';
import {
  createLedger,
  executionsIn,
  shown,
  visible,
  type Ledger,
  type LedgerJob,
  type LedgerQueue,
} from './execution-ledger.ts';
import { dueAnswerOfJob, mustAbort, objectionToJob } from './job-law.ts';
import { createNotificationChecker } from './notifications.ts';
import { lacksRetry, objectionToRetry } from './retry-law.ts';
import { queuedForOthers } from './target-law.ts';

export interface EngineJudge {
  readonly ledger: Ledger;
  /** Rows that an engine was built from: what devices were told of them is taken for granted. */
  adopt(rows: Iterable<Required<Change>>): void;
  check(command: Command, outcome: Outcome, at: EpochMs): void;
  /** Everything, once. */
  finish(at: EpochMs): void;
}

/** What the changes left behind, by table and key; executions are the ledger's. */
type KeptRows = Map<Change['table'], Map<string, object>>;

/** @param profile how the engine reads what AWS leaves open */
export function createEngineJudge(engine: Engine, report: Report, profile: Profile): EngineJudge {
  const ledger = createLedger();
  const notifications = createNotificationChecker(ledger, report, profile);
  const rows: KeptRows = new Map();
  /** Jobs whose counts changed since they were compared last. */
  const recounted = new Set<string>();
  let touches = 0;

  /** What is now known of one command. */
  interface Doing {
    readonly command: Command;
    readonly at: EpochMs;
    /** Executions that ended; absent: none. */
    ended: ExecutionRow[] | undefined;
    triedAgain: boolean;
  }

  function keep(change: Change, doing: Doing): void {
    const { table, key, row } = change;
    if (table === 'job') keepJob(key, row as JobRow | undefined, doing);
    else if (table === 'jobExecution') keepExecution(key, row as ExecutionRow | undefined, doing);
    else if (table === 'thing' && row === undefined) ledger.things.delete(key);
    else if (table === 'thing') ledger.things.add(key);
  }

  function object(objection: Objection | undefined, what: string, thingName?: string): void {
    if (objection !== undefined) report(objection.broke, `${what} ${objection.message}`, thingName);
  }

  function keepJob(jobId: string, row: JobRow | undefined, { command, at }: Doing): void {
    const job = ledger.jobs.get(jobId);
    const before = job?.row;
    if (row !== undefined && job !== undefined) job.row = row;
    const hasWork = rows.get('work')?.has(`job/${jobId}`) === true;
    object(objectionToJob({ before, row, command, at, job, hasWork }), `job ${jobId}`);
    if (row === undefined) {
      if (job !== undefined && job.size > 0) {
        report('E8', `job ${jobId} is gone but ${job.size} of its executions are not`);
      }
      ledger.dropJob(jobId);
      return;
    }
    if (row.status === 'DELETION_IN_PROGRESS' && before?.status !== 'DELETION_IN_PROGRESS') {
      for (const execution of job === undefined ? [] : executionsIn(job)) {
        if (isPending(execution.status)) touch(execution);
      }
    }
    ledger.putJob(row);
  }

  function keepExecution(key: string, row: ExecutionRow | undefined, doing: Doing): void {
    const before = ledger.executions.get(key);
    const either = row ?? before;
    if (either === undefined) return;
    if (row === undefined) ledger.dropExecution(key);
    else {
      judge(before, row, doing);
      ledger.putExecution(key, row);
    }
    if (before?.status === row?.status) {
      if (row?.status === 'IN_PROGRESS') return;
    } else recounted.add(either.jobId);
    touch(either);
  }

  function judge(before: ExecutionRow | undefined, row: ExecutionRow, doing: Doing): void {
    const cause = { command: doing.command, at: doing.at, job: ledger.jobs.get(row.jobId)?.row };
    const objection =
      before === undefined ? objectionToNew(row, ledger, cause) : objectionToChange(before, row, cause, profile);
    object(objection, name(row), row.thingName);
    if (before === undefined && row.retryAttempt > 0) {
      doing.triedAgain = true;
      object(objectionToRetry(row, ledger, cause.job), name(row), row.thingName);
    }
    if (before !== undefined && !isOver(before) && isOver(row)) (doing.ended ??= []).push(row);
  }

  function touch({ thingName, namespaceId }: ExecutionRow): void {
    notifications.touch(ledger.queueOf(thingName, namespaceId));
  }

  /** An accepted update or deletion has done what it was asked for. */
  function checkDone({ name: asked, request }: Command): void {
    if (asked === 'iotjobsdata:UpdateJobExecution') {
      const { jobId, thingName, executionNumber, status } = request;
      const executions = ledger.executionsOf(jobId, thingName);
      // A failure may have been followed by the next try at once.
      for (const one of executions) if (one.status === status) return;
      const row = executions.findLast(
        (one) => executionNumber === undefined || one.executionNumber === executionNumber,
      );
      report('E4', `${jobId} is ${row?.status ?? 'gone'} after an accepted update to ${status}`, thingName);
    }
    if (asked === 'iot:DeleteJobExecution') {
      const { jobId, thingName, executionNumber } = request;
      const left = ledger.executionsOf(jobId, thingName).some((one) => one.executionNumber === executionNumber);
      if (left) report('E8', `${jobId}#${executionNumber} is there after it was deleted`, thingName);
    }
  }

  function checkEnds(ended: readonly ExecutionRow[]): void {
    for (const row of ended) {
      const { jobId, thingName } = row;
      const job = ledger.jobs.get(jobId);
      if (lacksRetry(row, ledger, job)) report('E4', `${name(row)} is ${row.status} and not tried again`, thingName);
      if (job?.row.status !== 'IN_PROGRESS' || job.row.hasEnded === true || !mustAbort(job)) continue;
      report('E4', `${jobId} goes on although an abort criterion is met`);
    }
  }

  /** `$next` is the first of what is visible. */
  function checkHead(command: Command, { reply }: Outcome): void {
    if (!reply.accepted) return;
    const { name: asked, request } = command;
    const asksNext = asked === 'iotjobsdata:DescribeJobExecution' && request.jobId === '$next';
    if (!asksNext && asked !== 'iotjobsdata:StartNextPendingJobExecution') return;
    const { thingName, namespaceId } = request;
    const [head] = visible(ledger, ledger.queueOf(thingName, namespaceId));
    const { execution } = reply.response as ResponseOf<typeof asked>;
    if (execution?.jobId === head?.jobId && execution?.versionNumber === head?.versionNumber) return;
    report('E6', `${asked} gives ${execution?.jobId ?? 'nothing'}, the head is ${head?.jobId ?? 'nothing'}`, thingName);
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
      const told = details[member] ?? 0;
      if (told === job.counts[status]) continue;
      report('E7', `${jobId} shows ${String(told)} ${status}, there are ${job.counts[status]}`);
    }
  }

  function checkTouchedCounts(at: EpochMs): void {
    for (const jobId of recounted) {
      const job = ledger.jobs.get(jobId);
      if (job !== undefined && job.row.status !== 'DELETION_IN_PROGRESS') checkCounts(job, at);
    }
    recounted.clear();
  }

  function checkTargets(): void {
    for (const job of ledger.jobs.values()) {
      for (const row of queuedForOthers(job, rows.get('thing'), rows.get('thingGroup'))) {
        report('E4', `${name(row)} is QUEUED for a thing that is no target`, row.thingName);
      }
    }
  }

  function remember(change: Change): void {
    if (change.table === 'jobExecution') return;
    let table = rows.get(change.table);
    if (table === undefined) rows.set(change.table, (table = new Map()));
    if (change.row === undefined) table.delete(change.key);
    else table.set(change.key, change.row);
  }

  return {
    ledger,
    adopt(given) {
      const all = [...given];
      for (const { table, key, row } of all) {
        if (table === 'thing') ledger.things.add(key);
        if (table === 'job') ledger.putJob(row as JobRow);
      }
      for (const { table, key, row } of all)
        if (table === 'jobExecution') ledger.putExecution(key, row as ExecutionRow);
      for (const change of all) remember(change);
      for (const queue of ledger.queues()) notifications.adopt(queue);
    },
    check(command, outcome, at) {
      const { reply, changes, effects } = outcome;
      if (!reply.accepted && changes.length + effects.length > 0) {
        report('E1', `${command.name} was rejected (${reply.message}) and left ${changes.length} changes`);
      }
      const due = dueAnswer(command, ledger, profile) ?? dueAnswerOfJob(command, ledger, profile);
      object(objectionToAnswer(command, outcome, due), '');
      const doing: Doing = { command, at, ended: undefined, triedAgain: false };
      for (const change of changes) {
        keep(change, doing);
        remember(change);
      }
      if (reply.accepted) checkDone(command);
      checkHead(command, outcome);
      if (doing.ended !== undefined) checkEnds(doing.ended);
      notifications.check(effects, doing.triedAgain);
      touches += 1;
      if (recounted.size > 0 && touches % countEvery === 0) checkTouchedCounts(at);
    },
    finish(at) {
      for (const job of ledger.jobs.values()) if (job.row.status !== 'DELETION_IN_PROGRESS') checkCounts(job, at);
      for (const queue of ledger.queues()) checkQueue(engine, ledger, queue, at, report);
      checkLists(engine, ledger, at, report);
      if (!rows.get('work')?.size) checkTargets();
      checkRows(
        engine,
        new Map<string, ReadonlyMap<string, object>>(rows).set('jobExecution', ledger.executions),
        report,
      );
    },
  };
}

/** A wrong count stays wrong, so not every change of one is followed by a look at it. */
const countEvery = 128;

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
  const given = reply.accepted ? [...reply.response.inProgress, ...reply.response.queued] : [];
  const gone = given.find(({ jobId }) => !ledger.jobs.has(jobId));
  if (gone !== undefined) report('E8', `${gone.jobId} is deleted and still pending`, thingName);
  if (!reply.accepted) return;
  const due = shown(ledger, visible(ledger, queue));
  if (given.map(({ jobId }) => jobId).join() !== due.map(({ jobId }) => jobId).join()) {
    report('E5', `${given.length} executions are given as pending, there are ${due.length}`, thingName);
  }
}

/** The lists of the control plane hold what the ledger holds: for every job, and for every thing in each of its namespaces. */
function checkLists(engine: Engine, ledger: Ledger, at: EpochMs, report: Report): void {
  const due = new Map<string, { thingName: string; namespaceId: string | undefined; count: number }>();
  const ofThing = (thingName: string, namespaceId: string | undefined, count: 0 | 1): void => {
    const key = `${thingName} ${namespaceId ?? ''}`;
    const known = due.get(key);
    if (known === undefined) due.set(key, { thingName, namespaceId, count });
    else known.count += count;
  };
  for (const thingName of ledger.things) ofThing(thingName, undefined, 0);
  for (const [jobId, job] of ledger.jobs) {
    for (const { thingName, namespaceId } of executionsIn(job)) ofThing(thingName, namespaceId, 1);
    const listed = everyPage((nextToken) =>
      engine.apply({ name: 'iot:ListJobExecutionsForJob', request: { jobId, nextToken } }, at),
    );
    if (listed !== job.size) report('E8', `job ${jobId} lists ${listed} executions of ${job.size}`);
  }
  for (const { thingName, namespaceId, count } of due.values()) {
    if (!ledger.things.has(thingName)) continue;
    const listed = everyPage((nextToken) =>
      engine.apply({ name: 'iot:ListJobExecutionsForThing', request: { thingName, namespaceId, nextToken } }, at),
    );
    if (listed !== count) report('E8', `the list has ${listed} executions of ${count}`, thingName);
  }
}

interface ListPage {
  readonly executionSummaries?: readonly unknown[];
  readonly nextToken?: string;
}

/** @returns how many there are on all pages. */
function everyPage(page: (nextToken: string | undefined) => Outcome): number {
  let count = 0;
  let token: string | undefined;
  do {
    const { reply } = page(token);
    if (!reply.accepted) break;
    const { executionSummaries = [], nextToken } = reply.response as ListPage;
    count += executionSummaries.length;
    token = nextToken;
  } while (token !== undefined);
  return count;
}

/** What was kept is what is in the engine, row by row, and no more of it. */
function checkRows(engine: Engine, kept: ReadonlyMap<string, ReadonlyMap<string, object>>, report: Report): void {
  const found = new Map<string, Set<string>>([...kept.keys()].map((table) => [table, new Set()]));
  for (const { table, key, row } of engine.rows()) {
    const left = kept.get(table)?.get(key);
    if (left !== row && JSON.stringify(left) !== JSON.stringify(row)) {
      report('E9', `row ${table}/${key} is not what the changes left`);
    }
    found.get(table)?.add(key);
  }
  for (const [table, rows] of kept) {
    for (const key of rows.keys()) {
      if (found.get(table)?.has(key) === true) continue;
      report('E9', `row ${table}/${key} was kept and is not in the engine`);
      break;
    }
  }
}

function name({ jobId, executionNumber }: ExecutionRow): string {
  return `${jobId}#${executionNumber}`;
}
