/**
 * The Jobs conversation as a device sees it: requests it makes, messages it gets, as plain objects and as topic + text.
 * Member names, units and optional members are those of the wire (reference mqtt-api.md §4 and §5, notifications.md §3).
 */
import type { RejectionCode } from './rejections.ts';
import type { DeviceStatus, JobExecutionStatus } from './status.ts';
import type { EpochSeconds } from './time.ts';
import type { NotificationName, ReplyOutcome, RequestOperation } from './topics.ts';

export type JsonObject = { readonly [member: string]: unknown };

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
  /** One of {@link RejectionCode}'s MQTT codes; a device must live with codes it does not know. */
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

export type { NotificationName, RejectionCode, ReplyOutcome };
