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

type Writable<Payload> = { -readonly [Member in keyof Payload]: Payload[Member] };

const accepted: {
  readonly [Operation in RequestOperation]: (
    response: DeviceResponse<Operation>,
    at: EpochMs,
  ) => Writable<Omit<AcceptedPayloads[Operation], 'timestamp' | 'clientToken'>>;
} = {
  GetPendingJobExecutions: ({ inProgress, queued }) => ({
    inProgressJobs: inProgress.map(summary),
    queuedJobs: queued.map(summary),
  }),
  StartNextPendingJobExecution: describedExecution,
  DescribeJobExecution: describedExecution,
  UpdateJobExecution({ executionState, jobDocument }) {
    const payload: Writable<Omit<AcceptedPayloads['UpdateJobExecution'], 'timestamp' | 'clientToken'>> = {};
    if (executionState !== undefined) payload.executionState = state(executionState);
    if (jobDocument !== undefined) payload.jobDocument = parsedDocument(jobDocument);
    return payload;
  },
};

export function acceptedPayload<Operation extends RequestOperation>(
  operation: Operation,
  response: DeviceResponse<Operation>,
  at: EpochMs,
  clientToken?: string,
): AcceptedPayloads[Operation] {
  const payload = accepted[operation](response, at) as Writable<AcceptedPayloads[RequestOperation]>;
  if (clientToken !== undefined) payload.clientToken = clientToken;
  payload.timestamp = toEpochSeconds(at);
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
  const payload: Writable<RejectedPayload> = { code: rejections[code].mqtt, message, timestamp: toEpochSeconds(at) };
  if (clientToken !== undefined) payload.clientToken = clientToken;
  if (executionState !== undefined) payload.executionState = state(executionState);
  return payload;
}

export function notifyPayload({ at, inProgress, queued }: PendingChanged): NotifyPayload {
  const jobs: Writable<NotifyPayload['jobs']> = {};
  if (inProgress.length > 0) jobs.IN_PROGRESS = inProgress.map(summary);
  if (queued.length > 0) jobs.QUEUED = queued.map(summary);
  return { timestamp: toEpochSeconds(at), jobs };
}

export function notifyNextPayload({ at, head, jobDocument }: HeadChanged): NotifyNextPayload {
  const timestamp = toEpochSeconds(at);
  return head === undefined ? { timestamp } : { timestamp, execution: execution(head, at, jobDocument) };
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
  const members: Writable<ExecutionSummaryPayload> = {
    jobId: of.jobId,
    queuedAt: toEpochSeconds(of.queuedAt),
    lastUpdatedAt: toEpochSeconds(of.lastUpdatedAt),
    executionNumber: of.executionNumber,
    versionNumber: of.versionNumber,
  };
  if (of.startedAt !== undefined) members.startedAt = toEpochSeconds(of.startedAt);
  return members;
}

/** With its document, as MQTT carries it. */
function execution(of: JobExecution, at: EpochMs, jobDocument: string | undefined): ExecutionPayload {
  const payload: Writable<ExecutionPayload> = executionMembers(of, at);
  if (jobDocument !== undefined) payload.jobDocument = parsedDocument(jobDocument);
  return payload;
}

function executionMembers(of: JobExecution, at: EpochMs): Writable<Omit<ExecutionPayload, 'jobDocument'>> {
  const members: Writable<Omit<ExecutionPayload, 'jobDocument'>> = {
    jobId: of.jobId,
    status: of.status,
    queuedAt: toEpochSeconds(of.queuedAt),
    lastUpdatedAt: toEpochSeconds(of.lastUpdatedAt),
    versionNumber: of.versionNumber,
    executionNumber: of.executionNumber,
  };
  if (of.statusDetails !== undefined) members.statusDetails = of.statusDetails;
  if (of.startedAt !== undefined) members.startedAt = toEpochSeconds(of.startedAt);
  if (of.timesOutAt !== undefined) members.approximateSecondsBeforeTimedOut = secondsBefore(of.timesOutAt, at);
  return members;
}

function state(of: JobExecution): ExecutionStatePayload {
  const { status, statusDetails, versionNumber } = of;
  return statusDetails === undefined ? { status, versionNumber } : { status, statusDetails, versionNumber };
}

/** Documents that were read: a job has one for all its executions, and some jobs are told of at a time. */
const known = new Map<string, JsonObject>();
const mostKnown = 16;

function parsedDocument(text: string): JsonObject {
  const found = known.get(text);
  if (found !== undefined) return found;
  const document = JSON.parse(text) as JsonObject;
  if (known.size === mostKnown) known.clear();
  known.set(text, document);
  return document;
}
