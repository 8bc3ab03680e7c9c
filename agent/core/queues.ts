/**
 * The pending queues that a device serves: the plain one and one for each namespace. Jobs of a namespace never show in the
 * plain queue, and what one queue's messages say holds for that queue only. Source: reference mqtt-api.md §7.
 */
import type { ExecutionIdentity } from '../../observation/execution.ts';

/** The namespace, or {@link plainQueue}. */
export type Queue = string;

export const plainQueue: Queue = '';

export function queues({ namespaces }: { readonly namespaces: readonly string[] }): Queue[] {
  return [plainQueue, ...namespaces];
}

export function queueOf({ namespaceId }: { readonly namespaceId?: string }): Queue {
  return namespaceId ?? plainQueue;
}

/** The identity of an execution that was heard of in this queue. */
export function identityIn(queue: Queue, { jobId, executionNumber, queuedAt }: ExecutionIdentity): ExecutionIdentity {
  return queue === plainQueue
    ? { jobId, executionNumber, queuedAt }
    : { jobId, executionNumber, queuedAt, namespaceId: queue };
}
