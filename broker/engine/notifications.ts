/**
 * When a thing is told something: `notify` when the set of its pending executions changed (N1), `notify-next` when another
 * execution, or none, became the head (N2); `notify` first (N3). Each queue is compared with itself once per command,
 * before the first touch and after the last, so many changes make one message. Whether a namespace has a head of its own while
 * other jobs are pending is a switch (A42).
 * Source: reference notifications.md §1 and §2.
 */
import type { NotifyEffect, NotifyNextEffect } from './contract.ts';
import { documentFor } from './job-document.ts';
import { firstOf, headOf, shownOf } from './pending-queue.ts';
import { type PendingQueue, type QueueTouch, findRegistration, queuesOf } from './state.ts';
import type { Turn } from './turn.ts';

const none: string[] = [];

/** Remembers how the queue stood, before the first change of it in this turn. */
export function touch(turn: Turn, queue: PendingQueue): QueueTouch {
  queue.touch ??= remember(turn, queue);
  return queue.touch;
}

function remember(turn: Turn, queue: PendingQueue): QueueTouch {
  if (turn.touched === undefined) turn.touched = [queue];
  else turn.touched.push(queue);
  return { headBefore: firstOf(queue), changedJobIds: none };
}

/** An execution of this job has entered or left the set of those that the device is told of. */
export function noteChanged(touched: QueueTouch, jobId: string): void {
  // Most have one, and a list of one takes far less room than one that is pushed to.
  if (touched.changedJobIds.length === 0) touched.changedJobIds = [jobId];
  else touched.changedJobIds.push(jobId);
}

/** Makes the notifications of everything touched so far. Called twice in one turn only where AWS tells two steps apart. */
export function announce(turn: Turn): void {
  if (turn.touched === undefined) return;
  for (const queue of turn.touched) announceQueue(turn, queue);
  turn.touched = undefined;
}

function announceQueue(turn: Turn, queue: PendingQueue): void {
  const { headBefore, changedJobIds } = queue.touch!;
  queue.touch = undefined;
  const { thingName, namespaceId } = queue;
  if (changedJobIds.length > 0) turn.notify(pendingIn(turn, queue, changedJobIds));
  const head = headOf(queue);
  if (head === headBefore) return;
  const { thing } = findRegistration(turn.state, thingName) ?? {};
  if (thing === undefined || turn.state.profile.namespacedHead === 'told') return tellNext(turn, queue);
  if (namespaceId !== undefined) {
    if (headOf(thing.plainQueue) === undefined) tellNext(turn, queue);
    return;
  }
  tellNext(turn, queue);
  // Assumed: what had to wait behind plain jobs is told of when there are none any more.
  if (head !== undefined) return;
  for (const other of queuesOf(thing)) if (other !== queue && headOf(other) !== undefined) tellNext(turn, other);
}

function tellNext(turn: Turn, queue: PendingQueue): void {
  turn.notify(nextIn(turn, queue));
}

/** What `notify` says of a queue now. */
export function pendingIn(turn: Turn, queue: PendingQueue, changedJobIds: readonly string[]): NotifyEffect {
  const { thingName, namespaceId } = queue;
  const { inProgress, queued } = shownOf(queue);
  return { kind: 'notify', thingName, namespaceId, at: turn.now, inProgress, queued, changedJobIds };
}

/** What `notify-next` says of a queue now. */
export function nextIn(turn: Turn, queue: PendingQueue): NotifyNextEffect {
  const { thingName, namespaceId } = queue;
  const head = headOf(queue);
  const jobDocument = head && documentFor(turn.state, head);
  return { kind: 'notify-next', thingName, namespaceId, at: turn.now, head: head?.row, jobDocument };
}
