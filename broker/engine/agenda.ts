/**
 * When something is due: one binary heap over running timers and waiting bulk work, ordered by instant and then by age,
 * so that a rebuilt engine does the same things in the same order. What is rescheduled or called off stays in the heap as
 * a dead entry until it comes up, or until dead entries outnumber the living and the heap is built anew.
 */
import type { EpochMs } from '../../protocol/time.ts';

/** Something that can be due at one instant at a time. */
export interface Timed {
  readonly sequence: number;
  /** Kept by the agenda: the one live entry. */
  due: { readonly at: EpochMs } | undefined;
}

interface Entry<Subject> {
  readonly at: EpochMs;
  readonly subject: Subject;
}

/** Below this many entries, dead ones do no harm. */
const smallestRebuilt = 64;

export class Agenda<Subject extends Timed> {
  #heap: Entry<Subject>[] = [];
  #deadCount = 0;

  /** Makes `subject` due at `at` and at no other instant; `undefined` calls it off. */
  schedule(subject: Subject, at: EpochMs | undefined): void {
    if (subject.due?.at === at) return;
    if (subject.due !== undefined) this.#deadCount += 1;
    subject.due = undefined;
    if (at !== undefined) {
      const entry = { at, subject };
      subject.due = entry;
      this.#heap.push(entry);
      this.#rise(this.#heap.length - 1);
    }
    if (this.#heap.length >= smallestRebuilt && this.#deadCount * 2 > this.#heap.length) this.#rebuild();
  }

  /** The earliest instant at which something is due. */
  get next(): EpochMs | undefined {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (isLive(first)) return first.at;
      this.#removeFirst();
      this.#deadCount -= 1;
    }
    return undefined;
  }

  /** Takes out what is due first, if that is not after `now`. */
  takeDue(now: EpochMs): Subject | undefined {
    const at = this.next;
    if (at === undefined || at > now) return undefined;
    const { subject } = this.#heap[0]!;
    this.#removeFirst();
    subject.due = undefined;
    return subject;
  }

  #removeFirst(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rebuild(): void {
    this.#heap = this.#heap.filter(isLive);
    this.#deadCount = 0;
    for (let index = (this.#heap.length >>> 1) - 1; index >= 0; index -= 1) this.#sink(index);
  }

  #rise(start: number): void {
    const heap = this.#heap;
    const entry = heap[start]!;
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  #sink(start: number): void {
    const heap = this.#heap;
    const entry = heap[start]!;
    let index = start;
    for (let child = 2 * index + 1; child < heap.length; child = 2 * index + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, entry)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = entry;
  }
}

function isLive<Subject extends Timed>(entry: Entry<Subject>): boolean {
  return entry.subject.due === entry;
}

function isBefore<Subject extends Timed>(a: Entry<Subject>, b: Entry<Subject>): boolean {
  return a.at < b.at || (a.at === b.at && a.subject.sequence < b.subject.sequence);
}
