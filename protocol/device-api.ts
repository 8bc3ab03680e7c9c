/**
 * The device side of AWS IoT Jobs as values: an execution at one instant and the four operations a device has, whichever
 * door they come through. Times are epoch milliseconds here; payloads (device-payloads.ts) have AWS's units and members.
 * Source: reference mqtt-api.md §4 and §5.
 */
import type { JobExecutionStatus } from './status.ts';
import type { EpochMs } from './time.ts';

export type StatusDetails = Readonly<Record<string, string>>;

/** One execution of a job on a thing at one instant. A value: what was handed out never changes afterwards. */
export interface JobExecution {
  readonly jobId: string;
  readonly thingName: string;
  readonly executionNumber: number;
  readonly namespaceId?: string;
  readonly status: JobExecutionStatus;
  /** Absent when empty. */
  readonly statusDetails?: StatusDetails;
  readonly queuedAt: EpochMs;
  readonly startedAt?: EpochMs;
  readonly lastUpdatedAt: EpochMs;
  readonly versionNumber: number;
  /** When the running in-progress or step timer (the earlier) ends; absent when none runs. */
  readonly timesOutAt?: EpochMs;
  readonly forceCanceled?: boolean;
  readonly retryAttempt: number;
}

/** What the four device operations take. `namespaceId` comes from the topic; the plain topics see only plain jobs. */
export interface DeviceOperations {
  readonly GetPendingJobExecutions: {
    readonly request: { readonly thingName: string; readonly namespaceId?: string };
    readonly response: { readonly inProgress: readonly JobExecution[]; readonly queued: readonly JobExecution[] };
  };
  readonly StartNextPendingJobExecution: {
    readonly request: {
      readonly thingName: string;
      readonly namespaceId?: string;
      readonly statusDetails?: StatusDetails;
      /** 1–10080, or -1 to drop the running step timer. */
      readonly stepTimeoutInMinutes?: number;
    };
    readonly response: DescribedExecution;
  };
  readonly DescribeJobExecution: {
    readonly request: {
      readonly thingName: string;
      readonly namespaceId?: string;
      /** A job id or `$next`. */
      readonly jobId: string;
      readonly executionNumber?: number;
      /** Default true. */
      readonly includeJobDocument?: boolean;
    };
    readonly response: DescribedExecution;
  };
  readonly UpdateJobExecution: {
    readonly request: {
      readonly thingName: string;
      readonly namespaceId?: string;
      readonly jobId: string;
      readonly status: JobExecutionStatus;
      readonly statusDetails?: StatusDetails;
      readonly expectedVersion?: number;
      readonly executionNumber?: number;
      readonly includeJobExecutionState?: boolean;
      readonly includeJobDocument?: boolean;
      readonly stepTimeoutInMinutes?: number;
    };
    readonly response: {
      /** After the update; only when asked for. */
      readonly executionState?: JobExecution;
      /** JSON text; only when asked for. */
      readonly jobDocument?: string;
    };
  };
}

export interface DescribedExecution {
  /** Absent when nothing is pending (`$next` and start-next only). */
  readonly execution?: JobExecution;
  /** JSON text of the job document, when it was asked for. */
  readonly jobDocument?: string;
}
