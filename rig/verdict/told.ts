/**
 * What a message tells a device about an execution that is gone. A notification is a hint: it may be late or a copy, and a
 * device may ask before it believes it. An answer is proof. A list or head speaks for its own namespace only.
 * Source: docs/reference/notifications.md §1 and §3, docs/reference/mqtt-api.md §6.
 */
import { type ExecutionIdentity, isSameExecution } from '../../observation/execution.ts';
import type { DeviceMessage } from '../../protocol/device-messages.ts';
import { isPending } from '../../protocol/status.ts';
import { nextJobId } from '../../protocol/topics.ts';

/** Codes that say that an execution is gone, whatever the device asked of it. */
export const goneCodes: ReadonlySet<string> = new Set([
  'ResourceNotFound',
  'InvalidStateTransition',
  'TerminalStateReached',
]);

type Shown = Pick<ExecutionIdentity, 'jobId' | 'queuedAt' | 'executionNumber'>;

/** @param gone an execution that is over at the service */
export function showsGone(message: DeviceMessage, gone: ExecutionIdentity): 'proof' | 'hint' | undefined {
  // What was written before the execution was made says nothing of it.
  if (message.payload.timestamp < gone.queuedAt || message.namespaceId !== gone.namespaceId) return undefined;
  if (message.kind === 'notification') {
    if (message.name === 'JobExecutionsChanged') {
      const { IN_PROGRESS = [], QUEUED = [] } = message.payload.jobs;
      return isAmong(IN_PROGRESS, gone) || isAmong(QUEUED, gone) ? undefined : 'hint';
    }
    return headShowsGone(message.payload.execution, gone) ? 'hint' : undefined;
  }
  if (message.outcome === 'rejected') {
    return message.jobId === gone.jobId && goneCodes.has(message.payload.code) ? 'proof' : undefined;
  }
  switch (message.operation) {
    case 'GetPendingJobExecutions': {
      const { inProgressJobs, queuedJobs } = message.payload;
      return isAmong(inProgressJobs, gone) || isAmong(queuedJobs, gone) ? undefined : 'proof';
    }
    case 'StartNextPendingJobExecution':
      return headShowsGone(message.payload.execution, gone) ? 'proof' : undefined;
    case 'DescribeJobExecution': {
      const { execution } = message.payload;
      if (message.jobId === nextJobId) return headShowsGone(execution, gone) ? 'proof' : undefined;
      if (message.jobId !== gone.jobId || execution === undefined) return undefined;
      return !isSameExecution(execution, gone) || !isPending(execution.status) ? 'proof' : undefined;
    }
    case 'UpdateJobExecution':
      return undefined;
  }
}

/** One that was started comes before all that wait, so it is not behind one that waits; it may be behind another started one. */
function headShowsGone(head: (Shown & { readonly status: string }) | undefined, gone: ExecutionIdentity): boolean {
  return head === undefined || (!isSameExecution(head, gone) && head.status !== 'IN_PROGRESS');
}

export function isAmong(shown: readonly Shown[], gone: ExecutionIdentity): boolean {
  return shown.some((one) => isSameExecution(one, gone));
}

/** Jobs that a message says are there to be worked on: a reason to try, even where it is an old message that came late. */
export function eachJobNamedBy(message: DeviceMessage, note: (jobId: string) => void): void {
  const isUpdated =
    message.kind === 'reply' && message.outcome === 'accepted' && message.operation === 'UpdateJobExecution';
  if (!isUpdated) for (const { jobId } of executionsNamedBy(message)) note(jobId);
  else if (message.jobId !== undefined) note(message.jobId);
}

/** The same, each execution by all that tells it from another; an answer to an update names the job alone. */
export function executionsNamedBy(message: DeviceMessage): readonly Shown[] {
  if (message.kind === 'notification') {
    if (message.name === 'NextJobExecutionChanged') return oneOrNone(message.payload.execution);
    const { IN_PROGRESS = none, QUEUED = none } = message.payload.jobs;
    if (QUEUED.length === 0) return IN_PROGRESS;
    return IN_PROGRESS.length === 0 ? QUEUED : [...IN_PROGRESS, ...QUEUED];
  }
  if (message.outcome === 'rejected') return none;
  if (message.operation === 'GetPendingJobExecutions') {
    return [...message.payload.inProgressJobs, ...message.payload.queuedJobs];
  }
  return 'execution' in message.payload ? oneOrNone(message.payload.execution) : none;
}

const none: readonly [] = [];

function oneOrNone(execution: Shown | undefined): readonly Shown[] {
  return execution === undefined ? none : [execution];
}
