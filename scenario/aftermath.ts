/**
 * What followed a pull, picked out of everything that was seen of a device: the stretch until its next job, what it said
 * about the dead execution, when it was told, when it had recovered. Pure; the claims ask, this answers.
 */
import { nextJobId } from '../protocol/topics.ts';
import type { DeviceMessage, DeviceRequest } from '../protocol/device-messages.ts';
import type { EpochMs } from '../protocol/time.ts';
import type { BoardTrace, ExecutionIdentity, Step } from '../agent/board/contract.ts';
import type { DeviceEvent } from '../agent/live-device.ts';
import type { PulledDevice } from './evidence.ts';

/** The evidence on one device, cut to what the claims ask about. */
export interface Aftermath extends PulledDevice {
  /** From the pull until the operator gave the device another job, or the end. */
  readonly after: readonly DeviceEvent[];
  /** When the first message that shows the pull reached the device. */
  readonly toldAt: EpochMs | undefined;
  /** When the device said that it had recovered, if that was within the settle time. */
  readonly recoveredAt: EpochMs | undefined;
}

export function readAftermath(device: PulledDevice): Aftermath {
  const { pull, events, settleMs } = device;
  const nextJobAt = device.again?.givenAt ?? device.canary?.givenAt ?? Infinity;
  const after = events.filter(({ at }) => at >= pull.at && at < nextJobAt);
  const recovered = after.find((event) => isTraceOf(event, 'recovered', pull.execution));
  return {
    ...device,
    after,
    toldAt: after.find((event) => event.kind === 'received' && showsPull(event.message, pull.execution))?.at,
    recoveredAt: recovered && recovered.at <= pull.at + settleMs ? recovered.at : undefined,
  };
}

/** A list or head without the execution, or a refusal to talk about it. */
function showsPull(message: DeviceMessage, dead: ExecutionIdentity): boolean {
  if (message.kind === 'reply') return message.outcome === 'rejected' && message.jobId === dead.jobId;
  if (message.namespaceId !== dead.namespaceId) return false;
  if (message.name === 'NextJobExecutionChanged') return !isDead(message.payload.execution, dead);
  const { IN_PROGRESS: inProgress = [], QUEUED: queued = [] } = message.payload.jobs;
  return ![...inProgress, ...queued].some((execution) => isDead(execution, dead));
}

function isDead(
  execution: Pick<ExecutionIdentity, 'jobId' | 'queuedAt'> | undefined,
  dead: ExecutionIdentity,
): boolean {
  return execution?.jobId === dead.jobId && execution.queuedAt === dead.queuedAt;
}

function isTraceOf(event: DeviceEvent, kind: BoardTrace['kind'], dead: ExecutionIdentity): boolean {
  if (event.kind !== 'trace' || event.trace.kind !== kind) return false;
  return 'execution' in event.trace && isDead(event.trace.execution, dead);
}

/** Work on the dead execution at one of these steps. */
export function workAt({ after, pull }: Aftermath, worked: readonly Step[]): readonly DeviceEvent[] {
  return after.filter(
    (event) =>
      event.kind === 'trace' &&
      event.trace.kind === 'step' &&
      worked.includes(event.trace.step) &&
      isTraceOf(event, 'step', pull.execution),
  );
}

/** What the device still reported about the dead execution. */
export function deadUpdates({ after, pull }: Aftermath): readonly DeviceEvent[] {
  return after.filter(
    (event) =>
      event.kind === 'sent' &&
      event.request.operation === 'UpdateJobExecution' &&
      event.request.jobId === pull.execution.jobId,
  );
}

export function rejectedUpdates({ after }: Aftermath): readonly DeviceEvent[] {
  return after.filter(
    (event) =>
      event.kind === 'received' &&
      event.message.kind === 'reply' &&
      event.message.outcome === 'rejected' &&
      event.message.operation === 'UpdateJobExecution',
  );
}

/** Where the device asked what there is to do. */
export function asksForWork({ after }: Aftermath): readonly DeviceEvent[] {
  return after.filter((event) => event.kind === 'sent' && asks(event.request));
}

function asks({ operation, jobId }: DeviceRequest): boolean {
  if (operation === 'UpdateJobExecution') return false;
  return operation !== 'DescribeJobExecution' || jobId === nextJobId;
}
