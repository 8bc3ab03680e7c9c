/**
 * What is to come at a station, in order of time; of one instant, what was noted first comes first. There are few entries at a
 * time, so a sorted list is the fastest way to keep them.
 */
import type { EpochMs } from '../../protocol/time.ts';

export interface TimetableEntry {
  readonly at: EpochMs;
  /** @returns true when it must be called again, once what came between is done */
  readonly happen: () => boolean | void;
  /** The connection to which it belongs, if to one. */
  readonly over: object | undefined;
}

export class Timetable {
  readonly #entries: TimetableEntry[] = [];

  get first(): TimetableEntry | undefined {
    return this.#entries[0];
  }

  add(at: EpochMs, happen: TimetableEntry['happen'], over?: object): void {
    const entries = this.#entries;
    let index = entries.length;
    while (index > 0 && entries[index - 1]!.at > at) index -= 1;
    if (index === entries.length) entries.push({ at, happen, over });
    else entries.splice(index, 0, { at, happen, over });
  }

  takeFirst(): void {
    this.#entries.shift();
  }

  putBack(entry: TimetableEntry): void {
    this.#entries.unshift(entry);
  }
}
