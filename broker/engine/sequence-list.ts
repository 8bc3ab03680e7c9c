/**
 * A list in order of creation, from which anything can go at any time and any page can be read from a cursor, at a cost
 * that does not grow with its length. What goes is only marked; the array is packed when half of it is gone.
 */
import { assert } from './assert.ts';

export interface Sequenced {
  readonly sequence: number;
  /** Set by the owner just before {@link SequenceList.noteGone}. */
  gone: boolean;
}

/** Below this length, packing is not worth while. */
const smallestPacked = 16;

export class SequenceList<T extends Sequenced> {
  #items: T[] = [];
  #goneCount = 0;

  get size(): number {
    return this.#items.length - this.#goneCount;
  }

  append(item: T): void {
    const last = this.#items[this.#items.length - 1];
    assert(last === undefined || last.sequence < item.sequence, 'a sequence list grows at its end only');
    this.#items.push(item);
  }

  /** One item has just been marked as gone. */
  noteGone(): void {
    this.#goneCount += 1;
    if (this.#items.length < smallestPacked || this.#goneCount * 2 <= this.#items.length) return;
    this.#items = this.#items.filter((item) => !item.gone); // a new array: an iteration under way keeps the old one
    this.#goneCount = 0;
  }

  /** Oldest first, only what was created after `sequence`. */
  *after(sequence: number): Generator<T, void, undefined> {
    const items = this.#items;
    for (let index = firstAfter(items, sequence); index < items.length; index += 1) {
      const item = items[index]!;
      if (!item.gone) yield item;
    }
  }

  /** Newest first, only what was created before `sequence`. */
  *before(sequence: number): Generator<T, void, undefined> {
    const items = this.#items;
    for (let index = firstAfter(items, sequence - 1) - 1; index >= 0; index -= 1) {
      const item = items[index]!;
      if (!item.gone) yield item;
    }
  }

  [Symbol.iterator](): Generator<T, void, undefined> {
    return this.after(0);
  }
}

/** Index of the first item whose sequence is greater: a binary search. */
function firstAfter(items: readonly Sequenced[], sequence: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (items[middle]!.sequence <= sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
