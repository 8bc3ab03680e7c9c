/**
 * Lifecycle events of jobs, executions and things, `$aws/events/…`: off until UpdateEventConfigurations switches them on. Payloads
 * are the union of what AWS's pages show, `timestamp` in seconds and the other times in milliseconds (A13).
 * Source: reference events.md §2–§5; shadow-and-provisioning.md §5 for things, whose timestamps are milliseconds.
 */
import { formatJobArn, formatThingArn } from '../../protocol/names.ts';
import type { JobExecutionStatus } from '../../protocol/status.ts';
import { toEpochSeconds } from '../../protocol/time.ts';
import { thingIdOf, uuidOf } from './identifiers.ts';
import type { ThingRow } from './rows.ts';
import type { Execution, Job, State } from './state.ts';
import type { Turn } from './turn.ts';

/** What UpdateEventConfigurations can switch. */
export const eventTypes = [
  'THING',
  'THING_GROUP',
  'THING_TYPE',
  'THING_GROUP_MEMBERSHIP',
  'THING_GROUP_HIERARCHY',
  'THING_TYPE_ASSOCIATION',
  'JOB',
  'JOB_EXECUTION',
  'POLICY',
  'CERTIFICATE',
  'CA_CERTIFICATE',
] as const;

export type JobEvent = 'completed' | 'cancellation_in_progress' | 'canceled' | 'deletion_in_progress' | 'deleted';

const executionEvents: { readonly [Status in JobExecutionStatus]?: string } = {
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  REJECTED: 'rejected',
  TIMED_OUT: 'timed_out',
  CANCELED: 'canceled',
  REMOVED: 'removed',
};

/** Told of a thing with what it is now, or was before it was deleted. */
export function thingEvent(turn: Turn, row: ThingRow, operation: 'created' | 'updated' | 'deleted'): void {
  if (!isEventEnabled(turn.state, 'THING')) return;
  const { thingName, version, attributes, thingTypeName = null } = row;
  const topic = `$aws/events/thing/${thingName}/${operation}`;
  turn.event({
    kind: 'event',
    topic,
    payload: {
      eventType: 'THING_EVENT',
      eventId: uuidOf(`${topic}/${row.sequence}/${version}`),
      timestamp: turn.now,
      operation: operation.toUpperCase(),
      accountId: turn.state.identity.account,
      thingId: thingIdOf(row),
      thingName,
      versionNumber: version,
      thingTypeName,
      attributes,
    },
  });
}

export function isEventEnabled(state: State, eventType: (typeof eventTypes)[number]): boolean {
  return state.eventConfigurations?.enabled[eventType] === true;
}

export function jobEvent(turn: Turn, { row, counts }: Job, operation: JobEvent): void {
  if (!isEventEnabled(turn.state, 'JOB')) return;
  const topic = `$aws/events/job/${row.jobId}/${operation}`;
  turn.event({
    kind: 'event',
    topic,
    payload: {
      eventType: 'JOB',
      eventId: uuidOf(`${topic}/${formatJobArn(turn.state.identity, row.jobId)}/${row.sequence}`),
      timestamp: toEpochSeconds(turn.now),
      operation,
      jobId: row.jobId,
      status: operation.toUpperCase(),
      targetSelection: row.targetSelection,
      targets: row.targets,
      description: row.description,
      createdAt: row.createdAt,
      lastUpdatedAt: row.lastUpdatedAt,
      completedAt: row.completedAt,
      comment: row.comment,
      forceCanceled: operation === 'canceled' ? row.forceCanceled : undefined,
      jobProcessDetails:
        operation === 'completed' || operation === 'canceled'
          ? {
              numberOfCanceledThings: counts.CANCELED,
              numberOfRejectedThings: counts.REJECTED,
              numberOfFailedThings: counts.FAILED,
              numberOfRemovedThings: counts.REMOVED,
              numberOfSucceededThings: counts.SUCCEEDED,
              numberOfTimedOutThings: counts.TIMED_OUT,
            }
          : undefined,
    },
  });
}

/** For an execution that has just become terminal; other statuses have no event. */
export function terminalEvent(turn: Turn, execution: Execution): void {
  const operation = executionEvents[execution.row.status];
  if (operation !== undefined) executionEvent(turn, execution, operation);
}

/** Its `status` is the last one that the execution had. */
export function deletedEvent(turn: Turn, execution: Execution): void {
  executionEvent(turn, execution, 'deleted');
}

function executionEvent(turn: Turn, { row }: Execution, operation: string): void {
  if (!isEventEnabled(turn.state, 'JOB_EXECUTION')) return;
  const topic = `$aws/events/jobExecution/${row.jobId}/${operation}`;
  turn.event({
    kind: 'event',
    topic,
    payload: {
      eventType: 'JOB_EXECUTION',
      eventId: uuidOf(`${topic}/${formatThingArn(turn.state.identity, row.thingName)}/${row.sequence}`),
      timestamp: toEpochSeconds(turn.now),
      operation,
      jobId: row.jobId,
      thingArn: formatThingArn(turn.state.identity, row.thingName),
      status: row.status,
      statusDetails: row.statusDetails,
    },
  });
}
