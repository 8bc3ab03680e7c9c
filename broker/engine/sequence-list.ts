/**
 * A list in order of creation, from which anything can go at any time and any page can be read from a cursor, at a cost that
 * does not grow with its length: items sit in chunks, and what goes moves no more than the rest of its chunk. A walk may go
 * on while items go, because it finds its next step by sequence.
 */
import { assert } from './assert.ts';

export interface Sequenced {
  readonly sequence: number;
}

const chunkSize = 512;

export class SequenceList<T extends Sequenced> {
  /** None is empty. */
  #chunks: T[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  append(item: T): void {
    const last = this.#chunks[this.#chunks.length - 1];
    const isNext = last === undefined || last[last.length - 1]!.sequence < item.sequence;
    assert(isNext, 'a sequence list grows at its end only');
    if (last === undefined || last.length === chunkSize) this.#chunks.push([item]);
    else last.push(item);
    this.#size += 1;
  }

  remove(item: T): void {
    const index = this.#chunkBefore(item.sequence + 1);
    const chunk = this.#chunks[index];
    const place = chunk === undefined ? -1 : countBefore(chunk, item.sequence);
    assert(chunk?.[place] === item, 'what is removed from a sequence list is in it');
    chunk.splice(place, 1);
    if (chunk.length === 0) this.#chunks.splice(index, 1);
    this.#size -= 1;
  }

  /** Oldest first, only what was created after `sequence`. */
  *after(sequence: number): Generator<T, void, undefined> {
    for (let item = this.#firstAfter(sequence); item !== undefined; item = this.#firstAfter(item.sequence)) yield item;
  }

  /** Newest first, only what was created before `sequence`. */
  *before(sequence: number): Generator<T, void, undefined> {
    for (let item = this.#lastBefore(sequence); item !== undefined; item = this.#lastBefore(item.sequence)) yield item;
  }

  [Symbol.iterator](): Generator<T, void, undefined> {
    return this.after(0);
  }

  #firstAfter(sequence: number): T | undefined {
    const index = Math.max(0, this.#chunkBefore(sequence + 1));
    const chunk = this.#chunks[index];
    if (chunk === undefined) return undefined;
    return chunk[countBefore(chunk, sequence + 1)] ?? this.#chunks[index + 1]?.[0];
  }

  #lastBefore(sequence: number): T | undefined {
    const chunk = this.#chunks[this.#chunkBefore(sequence)];
    return chunk?.[countBefore(chunk, sequence) - 1];
  }

  /** Index of the last chunk that begins before `sequence`; -1 when none does. */
  #chunkBefore(sequence: number): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#chunks[middle]![0]!.sequence < sequence) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** How many of the items were created before `sequence`: a binary search. */
function countBefore(items: readonly Sequenced[], sequence: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (items[middle]!.sequence < sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
