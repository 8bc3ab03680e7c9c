/**
 * Counts lines that come again and again instead of writing them: the same line more than a few times in half a minute, and lines
 * of one kind more than a few in a second, as when a thousand devices connect. Nothing is lost: what was not written is counted in
 * a line of its own.
 */
import type { LogLine } from './log-lines.ts';

const sameLines = 3;
const sameMs = 30_000;
const linesOfKind = 10;
const kindMs = 1000;
/** Different lines remembered at a time. */
const maxRemembered = 1000;

interface Count {
  written: number;
  held: number;
  last: LogLine;
  readonly timer: NodeJS.Timeout;
}

export class RepeatedLines {
  readonly #write: (line: LogLine) => void;
  readonly #same = new Map<string, Count>();
  readonly #kinds = new Map<string, Count>();

  constructor(write: (line: LogLine) => void) {
    this.#write = write;
  }

  take(line: LogLine): void {
    if (!this.#counts(this.#same, line.text, sameLines, sameMs, line)) return;
    if (this.#counts(this.#kinds, line.kind, linesOfKind, kindMs, line)) this.#write(line);
  }

  /** Writes what was only counted so far. */
  finish(): void {
    for (const counts of [this.#same, this.#kinds]) for (const key of counts.keys()) this.#end(counts, key);
  }

  /** @returns whether it is to be written. */
  #counts(counts: Map<string, Count>, key: string, most: number, ms: number, line: LogLine): boolean {
    const count = counts.get(key);
    if (count === undefined) {
      const [oldest] = counts.size >= maxRemembered ? counts.keys() : [];
      if (oldest !== undefined) this.#end(counts, oldest);
      const timer = setTimeout(() => this.#end(counts, key), ms).unref();
      counts.set(key, { written: 1, held: 0, last: line, timer });
      return true;
    }
    count.last = line;
    if (count.written < most) {
      count.written += 1;
      return true;
    }
    count.held += 1;
    return false;
  }

  #end(counts: Map<string, Count>, key: string): void {
    const { held, last, timer } = counts.get(key)!;
    clearTimeout(timer);
    counts.delete(key);
    if (held === 0) return;
    const times = `${held} more like this`;
    const text = counts === this.#same ? `${times}: ${last.text}` : `${times}; the last: ${last.text}`;
    this.#write({ ...last, text, fields: { ...last.fields, repeated: held } });
  }
}
