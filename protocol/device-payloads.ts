/**
 * What the service says to a device, as objects: engine values (device-api.ts) in AWS's members and units. Unset members
 * are left out, never null; times are whole seconds; job documents are objects. device-json.ts writes the same as text,
 * faster; here is the definition. Source: reference mqtt-api.md §4–§6, notifications.md §3, ambiguities.md A1, A10, A28.
 */
import type { IotJobsDataOperations } from './aws/iot-jobs-data.ts';
import type { DeviceOperations, JobExecution } from './device-api.ts';
import type {
  AcceptedPayloads,
  ExecutionPayload,
  ExecutionStatePayload,
  ExecutionSummaryPayload,
  JsonObject,
  NotifyNextPayload,
  NotifyPayload,
  RejectedPayload,
} from './device-messages.ts';
import { type RejectionCode, rejections } from './rejections.ts';
import { type EpochMs, secondsBefore, toEpochSeconds } from './time.ts';
import type { RequestOperation } from './topics.ts';

export type DeviceResponse<Operation extends RequestOperation> = DeviceOperations[Operation]['response'];

/** A refusal as the engine and device-requests.ts put it. */
export interface Refusal {
  readonly code: RejectionCode;
  readonly message: string;
  readonly executionState?: JobExecution;
}

/** The pending executions of a thing changed. */
export interface PendingChanged {
  readonly at: EpochMs;
  readonly inProgress: readonly JobExecution[];
  readonly queued: readonly JobExecution[];
}

/** The head of a thing's pending executions changed. */
export interface HeadChanged {
  readonly at: EpochMs;
  readonly head?: JobExecution;
  /** JSON text. */
  readonly jobDocument?: string;
}

const accepted: {
  readonly [Operation in RequestOperation]: (
    response: DeviceResponse<Operation>,
    at: EpochMs,
  ) => Omit<AcceptedPayloads[Operation], 'timestamp' | 'clientToken'>;
} = {
  GetPendingJobExecutions: ({ inProgress, queued }) => ({
    inProgressJobs: inProgress.map(summary),
    queuedJobs: queued.map(summary),
  }),
  StartNextPendingJobExecution: describedExecution,
  DescribeJobExecution: describedExecution,
  UpdateJobExecution: ({ executionState, jobDocument }) => ({
    ...(executionState && { executionState: state(executionState) }),
    ...(jobDocument !== undefined && { jobDocument: parsedDocument(jobDocument) }),
  }),
};

export function acceptedPayload<Operation extends RequestOperation>(
  operation: Operation,
  response: DeviceResponse<Operation>,
  at: EpochMs,
  clientToken?: string,
): AcceptedPayloads[Operation] {
  const members = accepted[operation](response, at);
  const timestamp = toEpochSeconds(at);
  const payload = clientToken === undefined ? { ...members, timestamp } : { ...members, clientToken, timestamp };
  return payload as AcceptedPayloads[Operation];
}

/** The same answer on the Jobs data plane (HTTPS): the thing is named, documents are text, no timestamp, no token. */
export function dataPlanePayload<Operation extends RequestOperation>(
  operation: Operation,
  response: DeviceResponse<Operation>,
  at: EpochMs,
): IotJobsDataOperations[Operation]['response'] {
  return onDataPlane[operation](response, at);
}

const onDataPlane: {
  readonly [Operation in RequestOperation]: (
    response: DeviceResponse<Operation>,
    at: EpochMs,
  ) => IotJobsDataOperations[Operation]['response'];
} = {
  GetPendingJobExecutions: accepted.GetPendingJobExecutions,
  StartNextPendingJobExecution: executionOnDataPlane,
  DescribeJobExecution: executionOnDataPlane,
  UpdateJobExecution: ({ executionState, jobDocument }) => ({
    ...(executionState && { executionState: state(executionState) }),
    ...(jobDocument !== undefined && { jobDocument }),
  }),
};

function executionOnDataPlane(
  { execution: of, jobDocument }: DeviceResponse<'DescribeJobExecution'>,
  at: EpochMs,
): IotJobsDataOperations['DescribeJobExecution']['response'] {
  if (of === undefined) return {};
  const members = { ...executionMembers(of, at), thingName: of.thingName };
  return { execution: jobDocument === undefined ? members : { ...members, jobDocument } };
}

export function rejectedPayload(
  { code, message, executionState }: Refusal,
  at: EpochMs,
  clientToken?: string,
): RejectedPayload {
  return {
    code: rejections[code].mqtt,
    message,
    ...envelope(at, clientToken),
    ...(executionState && { executionState: state(executionState) }),
  };
}

export function notifyPayload({ at, inProgress, queued }: PendingChanged): NotifyPayload {
  return {
    timestamp: toEpochSeconds(at),
    jobs: {
      ...(inProgress.length > 0 && { IN_PROGRESS: inProgress.map(summary) }),
      ...(queued.length > 0 && { QUEUED: queued.map(summary) }),
    },
  };
}

export function notifyNextPayload({ at, head, jobDocument }: HeadChanged): NotifyNextPayload {
  return { timestamp: toEpochSeconds(at), ...(head && { execution: execution(head, at, jobDocument) }) };
}

function envelope(at: EpochMs, clientToken?: string): { timestamp: number; clientToken?: string } {
  const timestamp = toEpochSeconds(at);
  return clientToken === undefined ? { timestamp } : { clientToken, timestamp };
}

function describedExecution(
  described: DeviceResponse<'DescribeJobExecution'>,
  at: EpochMs,
): { execution?: ExecutionPayload } {
  return described.execution === undefined
    ? {}
    : { execution: execution(described.execution, at, described.jobDocument) };
}

function summary(of: JobExecution): ExecutionSummaryPayload {
  return {
    jobId: of.jobId,
    queuedAt: toEpochSeconds(of.queuedAt),
    lastUpdatedAt: toEpochSeconds(of.lastUpdatedAt),
    ...(of.startedAt !== undefined && { startedAt: toEpochSeconds(of.startedAt) }),
    executionNumber: of.executionNumber,
    versionNumber: of.versionNumber,
  };
}

/** With its document, as MQTT carries it. */
function execution(of: JobExecution, at: EpochMs, jobDocument: string | undefined): ExecutionPayload {
  const members = executionMembers(of, at);
  return jobDocument === undefined ? members : { ...members, jobDocument: parsedDocument(jobDocument) };
}

function executionMembers(of: JobExecution, at: EpochMs): Omit<ExecutionPayload, 'jobDocument'> {
  return {
    jobId: of.jobId,
    status: of.status,
    ...(of.statusDetails && { statusDetails: of.statusDetails }),
    queuedAt: toEpochSeconds(of.queuedAt),
    ...(of.startedAt !== undefined && { startedAt: toEpochSeconds(of.startedAt) }),
    lastUpdatedAt: toEpochSeconds(of.lastUpdatedAt),
    versionNumber: of.versionNumber,
    executionNumber: of.executionNumber,
    ...(of.timesOutAt !== undefined && { approximateSecondsBeforeTimedOut: secondsBefore(of.timesOutAt, at) }),
  };
}

function state(of: JobExecution): ExecutionStatePayload {
  return {
    status: of.status,
    ...(of.statusDetails && { statusDetails: of.statusDetails }),
    versionNumber: of.versionNumber,
  };
}

function parsedDocument(text: string): JsonObject {
  return JSON.parse(text) as JsonObject;
}
