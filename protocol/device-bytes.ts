/**
 * How long the texts of device-json.ts are, in bytes of UTF-8, without writing them: where messages stay objects, their size
 * still decides what fits a device's receive buffer. Member by member as there; a test holds each length to its text.
 */
import type { JobExecution, StatusDetails } from './device-api.ts';
import type { DeviceResponse, HeadChanged, PendingChanged, Refusal } from './device-payloads.ts';
import { rejections } from './rejections.ts';
import { type EpochMs, secondsBefore, toEpochSeconds } from './time.ts';
import type { RequestOperation } from './topics.ts';
import { utf8Length } from './utf8.ts';

const accepted: {
  readonly [Operation in RequestOperation]: (response: DeviceResponse<Operation>, at: EpochMs) => number;
} = {
  GetPendingJobExecutions: ({ inProgress, queued }) =>
    ',"inProgressJobs":'.length + summaries(inProgress) + ',"queuedJobs":'.length + summaries(queued),
  StartNextPendingJobExecution: describedExecution,
  DescribeJobExecution: describedExecution,
  UpdateJobExecution: ({ executionState, jobDocument }) =>
    (executionState === undefined ? 0 : ',"executionState":'.length + state(executionState)) +
    documentMember(jobDocument),
};

export function acceptedBytes<Operation extends RequestOperation>(
  operation: Operation,
  response: DeviceResponse<Operation>,
  at: EpochMs,
  clientToken?: string,
): number {
  return '{}'.length + envelope(at, clientToken) + accepted[operation](response, at);
}

export function rejectedBytes({ code, message, executionState }: Refusal, at: EpochMs, clientToken?: string): number {
  const after = executionState === undefined ? 0 : ',"executionState":'.length + state(executionState);
  return (
    '{"code":"","message":,}'.length +
    rejections[code].mqtt.length +
    quoted(message) +
    envelope(at, clientToken) +
    after
  );
}

export function notifyBytes({ at, inProgress, queued }: PendingChanged): number {
  const running = inProgress.length === 0 ? 0 : '"IN_PROGRESS":'.length + summaries(inProgress);
  const waiting = queued.length === 0 ? 0 : '"QUEUED":'.length + summaries(queued);
  const comma = running > 0 && waiting > 0 ? 1 : 0;
  return '{"timestamp":,"jobs":{}}'.length + seconds(at) + running + comma + waiting;
}

export function notifyNextBytes({ at, head, jobDocument }: HeadChanged): number {
  const next = head === undefined ? 0 : ',"execution":'.length + execution(head, at, jobDocument);
  return '{"timestamp":}'.length + seconds(at) + next;
}

function envelope(at: EpochMs, clientToken: string | undefined): number {
  const timestamp = '"timestamp":'.length + seconds(at);
  return clientToken === undefined ? timestamp : '"clientToken":,'.length + quoted(clientToken) + timestamp;
}

function describedExecution(described: DeviceResponse<'DescribeJobExecution'>, at: EpochMs): number {
  return described.execution === undefined
    ? 0
    : ',"execution":'.length + execution(described.execution, at, described.jobDocument);
}

function summaries(executions: readonly JobExecution[]): number {
  let bytes = '[]'.length + Math.max(0, executions.length - 1);
  for (const of of executions) bytes += summary(of);
  return bytes;
}

function summary(of: JobExecution): number {
  return (
    '{"jobId":"","queuedAt":,"lastUpdatedAt":,"executionNumber":,"versionNumber":}'.length +
    of.jobId.length +
    seconds(of.queuedAt) +
    seconds(of.lastUpdatedAt) +
    startedMember(of.startedAt) +
    digits(of.executionNumber) +
    digits(of.versionNumber)
  );
}

function execution(of: JobExecution, at: EpochMs, jobDocument: string | undefined): number {
  const timeout =
    of.timesOutAt === undefined
      ? 0
      : ',"approximateSecondsBeforeTimedOut":'.length + digits(secondsBefore(of.timesOutAt, at));
  return (
    '{"jobId":"","status":"","queuedAt":,"lastUpdatedAt":,"versionNumber":,"executionNumber":}'.length +
    of.jobId.length +
    of.status.length +
    detailsMember(of.statusDetails) +
    seconds(of.queuedAt) +
    startedMember(of.startedAt) +
    seconds(of.lastUpdatedAt) +
    digits(of.versionNumber) +
    digits(of.executionNumber) +
    timeout +
    documentMember(jobDocument)
  );
}

function state(of: JobExecution): number {
  return (
    '{"status":"","versionNumber":}'.length +
    of.status.length +
    detailsMember(of.statusDetails) +
    digits(of.versionNumber)
  );
}

function startedMember(startedAt: EpochMs | undefined): number {
  return startedAt === undefined ? 0 : ',"startedAt":'.length + seconds(startedAt);
}

function detailsMember(details: StatusDetails | undefined): number {
  return details === undefined ? 0 : ',"statusDetails":'.length + detailsBytes(details);
}

function detailsBytes(details: StatusDetails): number {
  let bytes = '{}'.length;
  let members = 0;
  for (const name in details) {
    bytes += quoted(name) + ':'.length + quoted(details[name]!);
    members += 1;
  }
  return bytes + Math.max(0, members - 1);
}

/** The document that was measured last: a job has one for all its executions. */
const latest = { document: '', bytes: 0 };

function documentMember(jobDocument: string | undefined): number {
  if (jobDocument === undefined) return 0;
  if (jobDocument !== latest.document) {
    latest.document = jobDocument;
    latest.bytes = utf8Length(jobDocument);
  }
  return ',"jobDocument":'.length + latest.bytes;
}

function seconds(at: EpochMs): number {
  return digits(toEpochSeconds(at));
}

/** Of a whole number. */
function digits(value: number): number {
  // Seconds since 1970 have ten digits from 2001 to 2286.
  if (value >= 1e9 && value < 1e10) return 10;
  let count = value < 0 ? 2 : 1;
  for (let rest = Math.abs(value); rest >= 10; rest /= 10) count += 1;
  return count;
}

/** A string as JSON: the few that need escapes are written, to be measured. */
function quoted(text: string): number {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c) return utf8Length(JSON.stringify(text));
  }
  return text.length + 2;
}
