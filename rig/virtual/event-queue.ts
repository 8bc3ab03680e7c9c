/**
 * Virtual time: what is to happen, in order. A binary heap over (instant, sequence), so that what was scheduled first for an
 * instant happens first; the clock is the instant of the event last taken. Knows nothing of what the events mean.
 */
import type { EpochMs } from '../../protocol/time.ts';

export interface EventQueue<Event> {
  /** The instant of the event last taken; never goes back. */
  readonly now: EpochMs;
  readonly length: number;
  /** An instant that has passed already means now. */
  schedule(at: EpochMs, event: Event): void;
  /** When the next event is due. */
  nextAt(): EpochMs | undefined;
  /** Takes the next event and moves the clock to it. */
  take(): Event | undefined;
}

interface Entry<Event> {
  readonly at: EpochMs;
  readonly sequence: number;
  readonly event: Event;
}

export function createEventQueue<Event>(start: EpochMs): EventQueue<Event> {
  const heap: Entry<Event>[] = [];
  let now = start;
  let sequence = 0;
  return {
    get now() {
      return now;
    },
    get length() {
      return heap.length;
    },
    schedule(at, event) {
      sequence += 1;
      siftUp(heap, { at: Math.max(at, now), sequence, event });
    },
    nextAt: () => heap[0]?.at,
    take() {
      const first = heap[0];
      const last = heap.pop();
      if (first === undefined || last === undefined) return undefined;
      if (last !== first) siftDown(heap, last);
      now = first.at;
      return first.event;
    },
  };
}

function isBefore(a: Entry<unknown>, b: Entry<unknown>): boolean {
  return a.at === b.at ? a.sequence < b.sequence : a.at < b.at;
}

function siftUp<Event>(heap: Entry<Event>[], entry: Entry<Event>): void {
  let index = heap.length;
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex]!;
    if (!isBefore(entry, parent)) break;
    heap[index] = parent;
    index = parentIndex;
  }
  heap[index] = entry;
}

/** Puts `entry` in the place of the root and lets it sink. */
function siftDown<Event>(heap: Entry<Event>[], entry: Entry<Event>): void {
  let index = 0;
  for (;;) {
    let childIndex = 2 * index + 1;
    if (childIndex >= heap.length) break;
    if (childIndex + 1 < heap.length && isBefore(heap[childIndex + 1]!, heap[childIndex]!)) childIndex += 1;
    const child = heap[childIndex]!;
    if (!isBefore(child, entry)) break;
    heap[index] = child;
    index = childIndex;
  }
  heap[index] = entry;
}
