/**
 * What `notify` and `notify-next` of a thing would say now: for whoever has to tell it again, since an engine may have ended between
 * keeping a change and telling of it. Changes nothing, and does not decide whether anybody has missed anything.
 */
import type { NotifyEffect, NotifyNextEffect, Reply, RequestOf, ResponseOf } from './contract.ts';
import { nextIn, pendingIn } from './notifications.ts';
import { headOf } from './pending-queue.ts';
import { accept } from './reply.ts';
import { type PendingQueue, type Thing, queuesOf } from './state.ts';
import type { Turn } from './turn.ts';

export function describeNotifications(
  turn: Turn,
  { thingName, namespaceIds }: RequestOf<'jobrig:DescribeNotifications'>,
): Reply<ResponseOf<'jobrig:DescribeNotifications'>> {
  const thing = turn.state.things.get(thingName);
  const queues = thing === undefined ? [] : [...queuesOf(thing)];
  const known = new Set(queues.map(({ namespaceId }) => namespaceId));
  const empty = [undefined, ...namespaceIds]
    .filter((namespaceId) => !known.has(namespaceId))
    .map((namespaceId) => emptyQueue(thingName, namespaceId));
  const effects = [...queues, ...empty].flatMap((queue): (NotifyEffect | NotifyNextEffect)[] => {
    const pending = [...queue.inProgress, ...queue.queued].map(({ job }) => job.id);
    const notify = pendingIn(turn, queue, pending);
    return isNextTold(turn, thing, queue) ? [notify, nextIn(turn, queue)] : [notify];
  });
  return accept({ effects });
}

/** As notifications.ts has it (A42): where a namespace has no head of its own, nothing is said of it while plain jobs are pending. */
function isNextTold({ state }: Turn, thing: Thing | undefined, { namespaceId }: PendingQueue): boolean {
  if (state.profile.namespacedHead === 'told' || namespaceId === undefined || thing === undefined) return true;
  return headOf(thing.plainQueue) === undefined;
}

function emptyQueue(thingName: string, namespaceId: string | undefined): PendingQueue {
  return { thingName, namespaceId, inProgress: [], queued: [], hidden: [], touch: undefined };
}
