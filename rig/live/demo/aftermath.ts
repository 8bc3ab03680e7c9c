/**
 * What followed a pull, picked out of everything that was seen of a device: the stretch until its next job, what it said
 * about the dead execution, when it was told, when it had recovered. Pure; the claims ask, this answers.
 */
import type { ExecutionIdentity, Step } from '../../../observation/execution.ts';
import type { DeviceTrace } from '../../../observation/inside.ts';
import { nextJobId } from '../../../protocol/topics.ts';
import type { DeviceMessage, DeviceRequest } from '../../../protocol/device-messages.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import type { DeviceEvent } from '../../../agent/device-events.ts';
import type { PulledDevice } from './evidence.ts';

/** The evidence on one device, cut to what the claims ask about. */
export interface Aftermath extends PulledDevice {
  /** From the pull until the operator gave the device another job, or the end. */
  readonly after: readonly DeviceEvent[];
  /** When the first message that shows the pull reached the device. */
  readonly toldAt: EpochMs | undefined;
  /**
   * When the device had no more reason to doubt it: it was refused, or answered; or it was told and asked nobody. An agent
   * that asks before it believes a notification cannot help how long the answer takes.
   */
  readonly knewAt: EpochMs | undefined;
  /** When the device said that it had recovered, if that was within the settle time. */
  readonly recoveredAt: EpochMs | undefined;
}

export function readAftermath(device: PulledDevice): Aftermath {
  const { pull, events, settleMs } = device;
  const nextJobAt = device.again?.givenAt ?? device.canary?.givenAt ?? Infinity;
  const after = events.filter(({ at }) => at >= pull.at && at < nextJobAt);
  const recovered = after.find((event) => isTraceOf(event, 'recovered', pull.execution));
  const signs = after.filter((event) => event.kind === 'received' && showsPull(event.message, pull.execution));
  const toldAt = signs[0]?.at;
  const proof = signs.find((event) => event.kind === 'received' && event.message.kind === 'reply');
  const asked = after.some((event) => event.kind === 'sent' && event.at >= (toldAt ?? Infinity));
  return {
    ...device,
    after,
    toldAt,
    knewAt: proof?.at ?? (asked ? undefined : toldAt),
    recoveredAt: recovered && recovered.at <= pull.at + settleMs ? recovered.at : undefined,
  };
}

/** A list or head without the execution, or a refusal to talk about it. */
function showsPull(message: DeviceMessage, dead: ExecutionIdentity): boolean {
  if (message.kind === 'reply' && message.outcome === 'rejected') return message.jobId === dead.jobId;
  if (message.namespaceId !== dead.namespaceId) return false;
  const shown = executionsIn(message);
  return shown !== undefined && !shown.some((execution) => isDead(execution, dead));
}

type Shown = Pick<ExecutionIdentity, 'jobId' | 'queuedAt'>;

/** What a message says is pending, or next; `undefined` when it says nothing of that. */
function executionsIn(message: DeviceMessage): readonly Shown[] | undefined {
  const { payload } = message;
  if (message.kind === 'reply' && message.operation === 'DescribeJobExecution' && message.jobId !== nextJobId)
    return undefined;
  if ('jobs' in payload) return [...(payload.jobs.IN_PROGRESS ?? []), ...(payload.jobs.QUEUED ?? [])];
  if ('queuedJobs' in payload) return [...payload.inProgressJobs, ...payload.queuedJobs];
  if (message.kind === 'reply' && message.operation === 'UpdateJobExecution') return undefined;
  return 'execution' in payload && payload.execution !== undefined ? [payload.execution] : [];
}

function isDead(execution: Shown, dead: ExecutionIdentity): boolean {
  return execution.jobId === dead.jobId && execution.queuedAt === dead.queuedAt;
}

function isTraceOf(event: DeviceEvent, kind: DeviceTrace['kind'], dead: ExecutionIdentity): boolean {
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
