/**
 * Tells what became of executions, as observations, from the rows that the engine changed: made, changed, gone, by whom, and
 * whether by force. Remembers each execution it has seen, since a row that is gone no longer says what it was; so it is
 * made only where somebody looks.
 */
import type { ExecutionIdentity } from '../../observation/execution.ts';
import type { ObservationOf, Observer } from '../../observation/observation.ts';
import { type EpochMs, toEpochSeconds } from '../../protocol/time.ts';
import type { Change, CommandOf, OperationName } from './contract.ts';
import type { ExecutionRow, JobRow } from './rows.ts';

type By = ObservationOf<'execution'>['by'];

export interface ExecutionChanges {
  /** To be called once for each accepted command, in order. */
  tell(command: CommandOf<OperationName>, changes: readonly Change[], at: EpochMs): void;
}

/** Tells of jobs, too. @param rows what was there before */
export function createExecutionChanges(observer: Observer, rows: Iterable<Required<Change>>): ExecutionChanges {
  const known = new Map<string, ExecutionRow>();
  /** Jobs that are being deleted, which is always by force where an execution is not over. */
  const deleting = new Set<string>();
  /** Status by job id. */
  const jobs = new Map<string, JobRow['status']>();
  for (const { table, key, row } of rows) {
    if (table === 'jobExecution') known.set(key, row as ExecutionRow);
    if (table === 'job') jobs.set(key, (row as JobRow).status);
  }

  function showJob(jobId: string, status: JobRow['status'] | undefined, by: By, at: EpochMs): void {
    if (status === undefined) jobs.delete(jobId);
    else if (jobs.get(jobId) === status) return;
    else jobs.set(jobId, status);
    observer.job?.({ kind: 'job', source: 'service', at, jobId, status: status ?? 'DELETED', by });
  }

  function show(
    row: ExecutionRow,
    status: ObservationOf<'execution'>['status'],
    by: By,
    force: boolean,
    at: EpochMs,
  ): void {
    if (observer.execution === undefined) return;
    const { thingName, versionNumber, statusDetails } = row;
    const execution = identityOf(row);
    observer.execution({
      kind: 'execution',
      source: 'service',
      at,
      thingName,
      execution,
      status,
      versionNumber,
      by,
      statusDetails,
      force: force ? true : undefined,
    });
  }

  return {
    tell(command, changes, at) {
      const by = originOf(command.name);
      const forced = 'force' in command.request && command.request.force === true;
      for (const { table, key, row } of changes) {
        if (table === 'job') {
          const job = row as JobRow | undefined;
          noteJob(deleting, key, job);
          showJob(key, job?.status, by, at);
        }
        if (table !== 'jobExecution') continue;
        const before = known.get(key);
        if (row === undefined) {
          known.delete(key);
          if (before === undefined) continue;
          const isPulled = forced || deleting.has(before.jobId);
          show(before, 'DELETED', isPulled ? 'operator' : by, isPulled, at);
          continue;
        }
        const now = row as ExecutionRow;
        known.set(key, now);
        const isCanceled = now.status === 'CANCELED' && before?.status !== 'CANCELED';
        show(now, now.status, isCanceled ? 'operator' : by, isCanceled && now.forceCanceled === true, at);
      }
    },
  };
}

function noteJob(deleting: Set<string>, jobId: string, row: JobRow | undefined): void {
  if (row?.status === 'DELETION_IN_PROGRESS') deleting.add(jobId);
  else deleting.delete(jobId);
}

function originOf(name: OperationName): By {
  if (name.startsWith('iotjobsdata:')) return 'device';
  return name.startsWith('iot:') ? 'operator' : 'service';
}

function identityOf({ jobId, executionNumber, queuedAt: atMs, namespaceId }: ExecutionRow): ExecutionIdentity {
  const queuedAt = toEpochSeconds(atMs);
  return namespaceId === undefined
    ? { jobId, executionNumber, queuedAt }
    : { jobId, executionNumber, queuedAt, namespaceId };
}
