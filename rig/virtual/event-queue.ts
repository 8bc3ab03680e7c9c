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

interface Entry<Event> {
  at: EpochMs;
  sequence: number;
  readonly event: Event;
  /** Its place in the heap, where it is in it. */
  index: number;
}

const nowhere = -1;

export function createEventQueue<Event>(start: EpochMs): EventQueue<Event> {
  return new Heap(start);
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
    this.#put({ at, sequence: 0, event, index: nowhere }, at);
  }

  alarm(event: Event): Alarm {
    const entry = { at: 0, sequence: 0, event, index: nowhere };
    const put = (at: EpochMs): void => this.#put(entry, at);
    const remove = (): void => this.#remove(entry);
    return {
      get at() {
        return entry.index === nowhere ? undefined : entry.at;
      },
      set: put,
      clear: remove,
    };
  }

  nextAt(): EpochMs | undefined {
    return this.#entries[0]?.at;
  }

  take(): Event | undefined {
    const first = this.#entries[0];
    if (first === undefined) return undefined;
    this.now = first.at;
    this.#remove(first);
    return first.event;
  }

  #put(entry: Entry<Event>, at: EpochMs): void {
    const due = Math.max(at, this.now);
    if (entry.index === nowhere) entry.index = this.#entries.push(entry) - 1;
    else if (entry.at === due) return;
    entry.at = due;
    entry.sequence = this.#sequence += 1;
    this.#settle(entry);
  }

  #remove(entry: Entry<Event>): void {
    const { index } = entry;
    if (index === nowhere) return;
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
  const left = entries[2 * index + 1];
  const right = entries[2 * index + 2];
  return left === undefined || right === undefined || !isBefore(right, left) ? left : right;
}

function isBefore(a: Entry<unknown>, b: Entry<unknown>): boolean {
  return a.at === b.at ? a.sequence < b.sequence : a.at < b.at;
}
