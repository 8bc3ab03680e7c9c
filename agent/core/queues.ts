/**
 * The pending queues that a device serves: the plain one and one for each namespace. Jobs of a namespace never show in the
 * plain queue, and what one queue's messages say holds for that queue only. Source: reference mqtt-api.md §7.
 */

/** The namespace, or {@link plainQueue}. */
export type Queue = string;

export const plainQueue: Queue = '';

export function queues({ namespaces }: { readonly namespaces: readonly string[] }): Queue[] {
  return [plainQueue, ...namespaces];
}

export function queueOf({ namespaceId }: { readonly namespaceId?: string }): Queue {
  return namespaceId ?? plainQueue;
}

/** The member that names the queue in requests and identities. */
export function inQueue(queue: Queue): { readonly namespaceId?: string } {
  return queue === plainQueue ? {} : { namespaceId: queue };
}
