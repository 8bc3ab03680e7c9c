/**
 * Which execution, and how far: the words that everyone who looks at an agent shares. The identity of an execution is what
 * AWS never reuses: it hands out job ids and execution numbers again after a delete, so the queueing time belongs to it.
 * Source: reference lifecycle.md §3 (executionNumber), docs/recovery-bugs.md R17 and R19.
 */
import type { EpochSeconds } from '../protocol/time.ts';

/** The steps of a job, in order. Each can be interrupted; agent/core/recovery.ts says what then happens. */
export const steps = [
  'receive',
  'download',
  'verify',
  'write',
  'activate',
  'reboot',
  'self-test',
  'confirm',
  'report',
] as const;
export type Step = (typeof steps)[number];

/** Which execution: the number alone is not enough, AWS hands it out again after a delete. */
export interface ExecutionIdentity {
  readonly jobId: string;
  readonly executionNumber: number;
  /** Epoch seconds, as it came over the wire. */
  readonly queuedAt: EpochSeconds;
  readonly namespaceId?: string;
}

export function isSameExecution(
  one: Omit<ExecutionIdentity, 'namespaceId'>,
  other: Omit<ExecutionIdentity, 'namespaceId'>,
): boolean {
  return one.jobId === other.jobId && one.executionNumber === other.executionNumber && one.queuedAt === other.queuedAt;
}

/** The execution asked about last: who hears of one asks for its key one after the other. */
let latest: ExecutionIdentity | undefined;
let latestKey = '';

/** `jobId#executionNumber@queuedAt`, for maps and reports. */
export function identityKey(execution: ExecutionIdentity): string {
  if (execution !== latest) {
    latest = execution;
    latestKey = `${execution.jobId}#${execution.executionNumber}@${execution.queuedAt}`;
  }
  return latestKey;
}
