/**
 * The Jobs conversation as a device sees it: requests it makes, messages it gets, as plain objects and as topic + text.
 * Member names, units and optional members are those of the wire (reference mqtt-api.md §4 and §5, notifications.md §3).
 * What is not a well-formed message of the service is not a message: a device drops it and lives on.
 */
import { type JsonObject, isJsonObject, parseJsonObject } from './json.ts';
import type { DeviceStatus, JobExecutionStatus } from './status.ts';
import type { EpochSeconds } from './time.ts';
import {
  type NotificationTopic,
  type ReplyTopic,
  type RequestOperation,
  formatJobsTopic,
  parseJobsTopic,
} from './topics.ts';
import { decodeUtf8 } from './utf8.ts';

/** An execution in a list; its status is the list it sits in. */
export interface ExecutionSummaryPayload {
  readonly jobId: string;
  readonly queuedAt: EpochSeconds;
  readonly startedAt?: EpochSeconds;
  readonly lastUpdatedAt: EpochSeconds;
  readonly executionNumber: number;
  readonly versionNumber: number;
}

/** An execution in full. */
export interface ExecutionPayload extends ExecutionSummaryPayload {
  readonly status: JobExecutionStatus;
  readonly statusDetails?: Readonly<Record<string, string>>;
  readonly approximateSecondsBeforeTimedOut?: number;
  readonly jobDocument?: JsonObject;
}

export interface ExecutionStatePayload {
  readonly status: JobExecutionStatus;
  readonly statusDetails?: Readonly<Record<string, string>>;
  readonly versionNumber: number;
}

interface Timed {
  readonly timestamp: EpochSeconds;
  readonly clientToken?: string;
}

/** What `accepted` carries, by operation. */
export interface AcceptedPayloads {
  readonly GetPendingJobExecutions: Timed & {
    readonly inProgressJobs: readonly ExecutionSummaryPayload[];
    readonly queuedJobs: readonly ExecutionSummaryPayload[];
  };
  readonly StartNextPendingJobExecution: Timed & { readonly execution?: ExecutionPayload };
  readonly DescribeJobExecution: Timed & { readonly execution?: ExecutionPayload };
  readonly UpdateJobExecution: Timed & {
    readonly executionState?: ExecutionStatePayload;
    readonly jobDocument?: JsonObject;
  };
}

export interface RejectedPayload extends Timed {
  /** An MQTT code of rejections.ts; a device must live with codes it does not know. */
  readonly code: string;
  readonly message: string;
  readonly executionState?: ExecutionStatePayload;
}

export interface NotifyPayload {
  readonly timestamp: EpochSeconds;
  readonly jobs: {
    readonly IN_PROGRESS?: readonly ExecutionSummaryPayload[];
    readonly QUEUED?: readonly ExecutionSummaryPayload[];
  };
}

export interface NotifyNextPayload {
  readonly timestamp: EpochSeconds;
  readonly execution?: ExecutionPayload;
}

interface Addressed {
  readonly namespaceId?: string;
  /** Payload size on the wire, bytes: a constrained device cannot receive what exceeds its buffer. */
  readonly bytes: number;
}

type AcceptedMessage = {
  [Operation in RequestOperation]: Addressed & {
    readonly kind: 'reply';
    readonly outcome: 'accepted';
    readonly operation: Operation;
    readonly jobId?: string;
    readonly payload: AcceptedPayloads[Operation];
  };
}[RequestOperation];

interface RejectedMessage extends Addressed {
  readonly kind: 'reply';
  readonly outcome: 'rejected';
  readonly operation: RequestOperation;
  readonly jobId?: string;
  readonly payload: RejectedPayload;
}

interface NotifyMessage extends Addressed {
  readonly kind: 'notification';
  readonly name: 'JobExecutionsChanged';
  readonly payload: NotifyPayload;
}

interface NotifyNextMessage extends Addressed {
  readonly kind: 'notification';
  readonly name: 'NextJobExecutionChanged';
  readonly payload: NotifyNextPayload;
}

/** What the service says to a device. */
export type DeviceMessage = AcceptedMessage | RejectedMessage | NotifyMessage | NotifyNextMessage;

/** What a device asks of the service. */
export interface DeviceRequest {
  readonly operation: RequestOperation;
  /** For DescribeJobExecution (may be `$next`) and UpdateJobExecution. */
  readonly jobId?: string;
  readonly namespaceId?: string;
  readonly body: DeviceRequestBody;
}

export interface DeviceRequestBody {
  readonly clientToken?: string;
  readonly status?: DeviceStatus;
  readonly statusDetails?: Readonly<Record<string, string>>;
  readonly expectedVersion?: number;
  readonly executionNumber?: number;
  readonly includeJobExecutionState?: boolean;
  readonly includeJobDocument?: boolean;
  readonly stepTimeoutInMinutes?: number;
}

export type { JsonObject };

/** What a device publishes for a request. */
export function encodeDeviceRequest(
  thingName: string,
  { operation, jobId, namespaceId, body }: DeviceRequest,
): { readonly topic: string; readonly payload: string } {
  const topic = formatJobsTopic({
    kind: 'request',
    thingName,
    operation,
    ...(jobId !== undefined && { jobId }),
    ...(namespaceId !== undefined && { namespaceId }),
  });
  return { topic, payload: JSON.stringify(body) };
}

/** Reads what arrived; `undefined` when it is no Jobs message, whatever is wrong with it. */
export function decodeDeviceMessage(topic: string, payload: Uint8Array): DeviceMessage | undefined {
  const about = parseJobsTopic(topic);
  if (about?.kind !== 'reply' && about?.kind !== 'notification') return undefined;
  const content = parseJsonObject(decodeUtf8(payload) ?? '');
  if (content === undefined || !isWellFormed(about, content)) return undefined;
  // Vouched for by isWellFormed, as far as a device relies on it.
  const message = about.kind === 'reply' ? replyParts(about) : { kind: about.kind, name: about.name };
  const namespace = about.namespaceId === undefined ? {} : { namespaceId: about.namespaceId };
  return { ...message, ...namespace, bytes: payload.length, payload: content } as unknown as DeviceMessage;
}

function replyParts({ kind, outcome, operation, jobId }: ReplyTopic): object {
  return jobId === undefined ? { kind, outcome, operation } : { kind, outcome, operation, jobId };
}

function isWellFormed(topic: ReplyTopic | NotificationTopic, content: JsonObject): boolean {
  if (!Number.isInteger(content['timestamp'])) return false;
  if (topic.kind === 'notification') {
    if (topic.name === 'NextJobExecutionChanged') return isAbsentOr(isExecution, content['execution']);
    const { jobs } = content;
    return (
      isJsonObject(jobs) && isAbsentOr(isSummaries, jobs['IN_PROGRESS']) && isAbsentOr(isSummaries, jobs['QUEUED'])
    );
  }
  if (topic.outcome === 'rejected') {
    return typeof content['code'] === 'string' && isAbsentOr(isState, content['executionState']);
  }
  switch (topic.operation) {
    case 'GetPendingJobExecutions':
      return isSummaries(content['inProgressJobs']) && isSummaries(content['queuedJobs']);
    case 'StartNextPendingJobExecution':
    case 'DescribeJobExecution':
      return isAbsentOr(isExecution, content['execution']);
    case 'UpdateJobExecution':
      return isAbsentOr(isState, content['executionState']) && isAbsentOr(isJsonObject, content['jobDocument']);
  }
}

function isSummaries(value: unknown): boolean {
  return Array.isArray(value) && value.every(isSummary);
}

function isSummary(value: unknown): value is JsonObject {
  return (
    isJsonObject(value) &&
    typeof value['jobId'] === 'string' &&
    Number.isInteger(value['queuedAt']) &&
    Number.isInteger(value['executionNumber']) &&
    Number.isInteger(value['versionNumber'])
  );
}

function isExecution(value: unknown): boolean {
  return isSummary(value) && isState(value) && isAbsentOr(isJsonObject, value['jobDocument']);
}

function isState(value: unknown): boolean {
  return isJsonObject(value) && typeof value['status'] === 'string' && Number.isInteger(value['versionNumber']);
}

function isAbsentOr(isForm: (value: unknown) => boolean, value: unknown): boolean {
  return value === undefined || isForm(value);
}
