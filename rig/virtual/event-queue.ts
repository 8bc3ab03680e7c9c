/**
 * Virtual time: what is to happen, in order. A binary heap over (instant, sequence), so that what was scheduled first for an
 * instant happens first; the clock is the instant of the event last taken. What recurs has an alarm, which is moved within the
 * heap, so that nothing is taken in vain. Knows nothing of what the events mean.
 */
import type { EpochMs } from '../../protocol/time.ts';

export interface EventQueue<Event> {
  /** The instant of the event last taken; never goes back. */
  readonly now: EpochMs;
  readonly length: number;
  /** An instant that has passed already means now. */
  schedule(at: EpochMs, event: Event): void;
  /** For an event that is due at one instant at a time; not set yet. */
  alarm(event: Event): Alarm;
  /** When the next event is due. */
  nextAt(): EpochMs | undefined;
  /** Takes the next event and moves the clock to it. */
  take(): Event | undefined;
}

export interface Alarm {
  /** Absent: not set, or its event was taken. */
  readonly at: EpochMs | undefined;
  /** Its event is due at this instant and at no other; an instant that has passed already means now. */
  set(at: EpochMs): void;
  clear(): void;
}

const nowhere = -1;

export function createEventQueue<Event>(start: EpochMs): EventQueue<Event> {
  return new Heap(start);
}

/** What is to happen once, or an alarm. */
class Entry<Event> implements Alarm {
  dueAt: EpochMs = 0;
  sequence = 0;
  readonly event: Event;
  /** Its place in the heap, where it is in it. */
  index = nowhere;
  readonly #heap: Heap<Event>;

  constructor(event: Event, heap: Heap<Event>) {
    this.event = event;
    this.#heap = heap;
  }

  get at(): EpochMs | undefined {
    return this.index === nowhere ? undefined : this.dueAt;
  }

  set(at: EpochMs): void {
    this.#heap.put(this, at);
  }

  clear(): void {
    if (this.index !== nowhere) this.#heap.remove(this);
  }
}

class Heap<Event> implements EventQueue<Event> {
  now: EpochMs;
  readonly #entries: Entry<Event>[] = [];
  #sequence = 0;

  constructor(start: EpochMs) {
    this.now = start;
  }

  get length(): number {
    return this.#entries.length;
  }

  schedule(at: EpochMs, event: Event): void {
    this.put(new Entry(event, this), at);
  }

  alarm(event: Event): Alarm {
    return new Entry(event, this);
  }

  nextAt(): EpochMs | undefined {
    return this.#entries[0]?.dueAt;
  }

  take(): Event | undefined {
    const first = this.#entries[0];
    if (first === undefined) return undefined;
    this.now = first.dueAt;
    this.remove(first);
    return first.event;
  }

  /** Adds an entry, or moves it to another instant. */
  put(entry: Entry<Event>, at: EpochMs): void {
    const due = Math.max(at, this.now);
    if (entry.index === nowhere) entry.index = this.#entries.push(entry) - 1;
    else if (entry.dueAt === due) return;
    entry.dueAt = due;
    entry.sequence = this.#sequence += 1;
    this.#settle(entry);
  }

  /** An entry that is in the heap. */
  remove(entry: Entry<Event>): void {
    const { index } = entry;
    entry.index = nowhere;
    const last = this.#entries.pop()!;
    if (last === entry) return;
    last.index = index;
    this.#settle(last);
  }

  /** Moves an entry from its place to where it belongs. */
  #settle(entry: Entry<Event>): void {
    const entries = this.#entries;
    let { index } = entry;
    while (index > 0) {
      const parent = entries[(index - 1) >> 1]!;
      if (!isBefore(entry, parent)) break;
      index = place(entries, parent, index);
    }
    for (let child = firstChild(entries, index); child !== undefined; child = firstChild(entries, index)) {
      if (!isBefore(child, entry)) break;
      index = place(entries, child, index);
    }
    entries[index] = entry;
    entry.index = index;
  }
}

/** Puts an entry at an index. @returns the index at which it was */
function place<Event>(entries: Entry<Event>[], entry: Entry<Event>, index: number): number {
  const before = entry.index;
  entries[index] = entry;
  entry.index = index;
  return before;
}

/** The child of this place that comes first. */
function firstChild<Event>(entries: readonly Entry<Event>[], index: number): Entry<Event> | undefined {
  const child = 2 * index + 1;
  if (child >= entries.length) return undefined;
  const left = entries[child]!;
  if (child + 1 === entries.length) return left;
  const right = entries[child + 1]!;
  return isBefore(right, left) ? right : left;
}

function isBefore(a: Entry<unknown>, b: Entry<unknown>): boolean {
  return a.dueAt === b.dueAt ? a.sequence < b.sequence : a.dueAt < b.dueAt;
}
