/**
 * The payloads of device-payloads.ts as JSON text, written directly: ids, statuses and numbers need no escaping, and a job
 * document, which is JSON text already, is spliced in as it was stored. Every reply and notification passes through here.
 * A test holds each text equal to its object.
 */
import type { JobExecution, StatusDetails } from './device-api.ts';
import type { DeviceResponse, HeadChanged, PendingChanged, Refusal } from './device-payloads.ts';
import { rejections } from './rejections.ts';
import { type EpochMs, secondsBefore, toEpochSeconds } from './time.ts';
import type { RequestOperation } from './topics.ts';

const accepted: {
  readonly [Operation in RequestOperation]: (response: DeviceResponse<Operation>, at: EpochMs) => string;
} = {
  GetPendingJobExecutions: ({ inProgress, queued }) =>
    `,"inProgressJobs":${summaries(inProgress)},"queuedJobs":${summaries(queued)}`,
  StartNextPendingJobExecution: describedExecution,
  DescribeJobExecution: describedExecution,
  UpdateJobExecution: ({ executionState, jobDocument }) =>
    (executionState === undefined ? '' : `,"executionState":${state(executionState)}`) + documentMember(jobDocument),
};

export function acceptedJson<Operation extends RequestOperation>(
  operation: Operation,
  response: DeviceResponse<Operation>,
  at: EpochMs,
  clientToken?: string,
): string {
  return `{${envelope(at, clientToken)}${accepted[operation](response, at)}}`;
}

export function rejectedJson({ code, message, executionState }: Refusal, at: EpochMs, clientToken?: string): string {
  const after = executionState === undefined ? '' : `,"executionState":${state(executionState)}`;
  return `{"code":"${rejections[code].mqtt}","message":${JSON.stringify(message)},${envelope(at, clientToken)}${after}}`;
}

/** A refusal with any code, also one that is in no table: what a fault makes the service say. */
export function refusalJson(
  { code, message }: { code: string; message: string },
  at: EpochMs,
  clientToken?: string,
): string {
  return `{"code":${JSON.stringify(code)},"message":${JSON.stringify(message)},${envelope(at, clientToken)}}`;
}

export function notifyJson({ at, inProgress, queued }: PendingChanged): string {
  const running = inProgress.length === 0 ? '' : `"IN_PROGRESS":${summaries(inProgress)}`;
  const waiting = queued.length === 0 ? '' : `"QUEUED":${summaries(queued)}`;
  const comma = running !== '' && waiting !== '' ? ',' : '';
  return `{"timestamp":${toEpochSeconds(at)},"jobs":{${running}${comma}${waiting}}}`;
}

export function notifyNextJson({ at, head, jobDocument }: HeadChanged): string {
  const next = head === undefined ? '' : `,"execution":${execution(head, at, jobDocument)}`;
  return `{"timestamp":${toEpochSeconds(at)}${next}}`;
}

function envelope(at: EpochMs, clientToken: string | undefined): string {
  const timestamp = `"timestamp":${toEpochSeconds(at)}`;
  return clientToken === undefined ? timestamp : `"clientToken":${JSON.stringify(clientToken)},${timestamp}`;
}

function describedExecution(described: DeviceResponse<'DescribeJobExecution'>, at: EpochMs): string {
  return described.execution === undefined
    ? ''
    : `,"execution":${execution(described.execution, at, described.jobDocument)}`;
}

function summaries(executions: readonly JobExecution[]): string {
  return `[${executions.map(summary).join(',')}]`;
}

function summary(of: JobExecution): string {
  return (
    `{"jobId":"${of.jobId}","queuedAt":${toEpochSeconds(of.queuedAt)},"lastUpdatedAt":${toEpochSeconds(of.lastUpdatedAt)}` +
    `${startedMember(of.startedAt)},"executionNumber":${of.executionNumber},"versionNumber":${of.versionNumber}}`
  );
}

function execution(of: JobExecution, at: EpochMs, jobDocument: string | undefined): string {
  const timeout =
    of.timesOutAt === undefined ? '' : `,"approximateSecondsBeforeTimedOut":${secondsBefore(of.timesOutAt, at)}`;
  return (
    `{"jobId":"${of.jobId}","status":"${of.status}"${detailsMember(of.statusDetails)}` +
    `,"queuedAt":${toEpochSeconds(of.queuedAt)}${startedMember(of.startedAt)}` +
    `,"lastUpdatedAt":${toEpochSeconds(of.lastUpdatedAt)},"versionNumber":${of.versionNumber}` +
    `,"executionNumber":${of.executionNumber}${timeout}${documentMember(jobDocument)}}`
  );
}

function state(of: JobExecution): string {
  return `{"status":"${of.status}"${detailsMember(of.statusDetails)},"versionNumber":${of.versionNumber}}`;
}

function startedMember(startedAt: EpochMs | undefined): string {
  return startedAt === undefined ? '' : `,"startedAt":${toEpochSeconds(startedAt)}`;
}

function detailsMember(details: StatusDetails | undefined): string {
  return details === undefined ? '' : `,"statusDetails":${JSON.stringify(details)}`;
}

function documentMember(jobDocument: string | undefined): string {
  return jobDocument === undefined ? '' : `,"jobDocument":${jobDocument}`;
}
