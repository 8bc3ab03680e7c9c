/**
 * What a verdict is made of: everything seen of one device whose job was pulled away, on the wire and, where the device is
 * simulated, inside it. Plain data, gathered by whoever runs the story; nothing here judges.
 */
import type { ExecutionIdentity, Step } from '../../../observation/execution.ts';
import type { DeviceView } from '../../../observation/inside.ts';
import type { DeviceEvent } from '../../../agent/device-events.ts';
import type { JobExecutionStatus } from '../../../protocol/status.ts';
import type { DurationMs, EpochMs } from '../../../protocol/time.ts';

/** One call of an operator, from the moment it was made to its answer. */
export interface OperatorCall {
  readonly at: EpochMs;
  readonly answeredAt: EpochMs;
  /** AWS's operation name. */
  readonly operation: string;
  readonly jobId?: string;
  readonly thingName?: string;
  /** What was answered in a few words: a status, `ok`, or AWS's exception name. */
  readonly outcome: string;
}

export type PullMechanism = 'DeleteJobExecution' | 'DeleteJob';

/** A running execution taken away from its device by force. */
export interface Pull {
  readonly mechanism: PullMechanism;
  readonly execution: ExecutionIdentity;
  /** Where the device was. */
  readonly step: Step;
  /** The execution's status at the service just before. */
  readonly status: JobExecutionStatus | undefined;
  /** The service had answered: from here on the execution does not exist. */
  readonly at: EpochMs;
}

/** A job that the device got afterwards, and how its execution ended, if it did. */
export interface LaterJob {
  readonly jobId: string;
  readonly givenAt: EpochMs;
  readonly executionNumber?: number;
  readonly ended?: string;
  /** The device reset while it ran the job's program, so that FAILED says nothing against it. */
  readonly interrupted?: true;
}

export interface BoardViews {
  /** Connected and idle, before the job came, if it was so. */
  readonly before?: DeviceView;
  /** When the device said that it had recovered, or when the settle time was over. */
  readonly settled?: DeviceView;
  /** After every later job. */
  readonly after?: DeviceView;
  /** Idle again after a power cut at the very end. */
  readonly afterPowerCut?: DeviceView;
}

export interface PulledDevice {
  readonly thingName: string;
  readonly pull: Pull;
  /** Everything, in order. */
  readonly events: readonly DeviceEvent[];
  readonly views: BoardViews;
  /** How long the device had to recover. */
  readonly settleMs: DurationMs;
  /** The job created again under the pulled job's id. */
  readonly again?: LaterJob;
  readonly canary?: LaterJob;
  /** The version that the later jobs leave the device with. */
  readonly expectedVersion?: string;
}
