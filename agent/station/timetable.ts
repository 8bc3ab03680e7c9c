/**
 * What is to come at a station, in order of time; of one instant, what was noted first comes first. There are few entries at a
 * time, so a sorted list is the fastest way to keep them.
 */
import type { EpochMs } from '../../protocol/time.ts';

export interface TimetableEntry<What = unknown> {
  readonly at: EpochMs;
  /** @returns true when it must be called again, once what came between is done */
  readonly happen: (what: What) => boolean | void;
  readonly what: What;
  /** The connection to which it belongs, if to one. */
  readonly over: object | undefined;
}

export class Timetable {
  readonly #entries: TimetableEntry[] = [];

  get first(): TimetableEntry | undefined {
    return this.#entries[0];
  }

  add<What>(entry: TimetableEntry<What>): void {
    const entries = this.#entries;
    let index = entries.length;
    while (index > 0 && entries[index - 1]!.at > entry.at) index -= 1;
    // What happens is called with what stands beside it, whatever that is.
    if (index === entries.length) entries.push(entry as TimetableEntry);
    else entries.splice(index, 0, entry as TimetableEntry);
  }

  takeFirst(): void {
    this.#entries.shift();
  }

  putBack(entry: TimetableEntry): void {
    this.#entries.unshift(entry);
  }
}
