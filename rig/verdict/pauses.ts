/**
 * The pauses between tries of what fails again and again: short ones must grow, and the first ones must not all be alike.
 * Chance in them shows only to a clock as exact as the device's own, so it is judged only where the inside is shown.
 */
import type { Observation } from '../../observation/observation.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import { type ClaimContext, seconds } from './claim.ts';

/** What is tried: by the members that tell it from other things. */
export interface Tried {
  readonly operation: string;
  readonly jobId?: string;
  readonly namespaceId?: string;
}

/** Tries of one thing since anything succeeded. */
interface Row {
  readonly what: Tried;
  failedAt: EpochMs | undefined;
  pauses: number;
  first: DurationMs;
  longest: DurationMs;
  readonly tries: Observation[];
}

const rememberedRows = 8;
const shownTries = 12;
/** What comes sooner was not put off. */
const leastPauseMs: DurationMs = 10;

export class PauseWatch {
  readonly #context: ClaimContext;
  readonly #words: string;
  /** Few, and most often one: found by looking at each. */
  #rows: Row[] = [];
  /** The first pause of the last rows, while they are all the same. */
  #alike: { readonly pauseMs: DurationMs; times: number } | undefined;

  constructor(context: ClaimContext, words: string) {
    this.#context = context;
    this.#words = words;
  }

  /** A try of this thing begins; others may come between two of them. */
  tried(what: Tried, seen: Observation): void {
    const row = this.#rowOf(what);
    if (row === undefined) {
      const first: Row = { what, failedAt: undefined, pauses: 0, first: 0, longest: 0, tries: [seen] };
      this.#rows = this.#rows.length === 0 ? [first] : [...this.#rows.slice(1 - rememberedRows), first];
      return;
    }
    if (row.failedAt !== undefined) this.#paused(row, seen.at - row.failedAt, seen);
    row.failedAt = undefined;
    row.tries.push(seen);
    if (row.tries.length > shownTries) row.tries.shift();
  }

  failed(what: Tried, at: EpochMs): void {
    const row = this.#rowOf(what);
    if (row !== undefined) row.failedAt = at;
  }

  /** Something went well: what is tried from now on is new. */
  succeeded(): void {
    if (this.#rows.length > 0) this.#rows = [];
  }

  #rowOf(what: Tried): Row | undefined {
    for (const row of this.#rows) if (isSame(row.what, what)) return row;
    return undefined;
  }

  #paused(row: Row, pauseMs: DurationMs, seen: Observation): void {
    const { limits, broke, sights } = this.#context;
    row.pauses += 1;
    if (row.pauses === 1) {
      row.first = pauseMs;
      if (sights.has('inside')) this.#compare(pauseMs, seen);
    }
    row.longest = Math.max(row.longest, pauseMs);
    if (row.pauses < limits.repeatsWithoutGrowth) return;
    if (row.longest >= limits.shortPauseMs || row.longest > 2 * Math.max(1, row.first)) return;
    broke('V6', {
      sign: 'pauses-do-not-grow',
      reason: `${this.#words} ${row.pauses} times with pauses of ${seconds(row.longest)} at most, which do not grow`,
      evidence: [...row.tries, seen],
    });
  }

  #compare(pauseMs: DurationMs, seen: Observation): void {
    const { limits, broke } = this.#context;
    if (this.#alike?.pauseMs !== pauseMs) this.#alike = { pauseMs, times: 0 };
    this.#alike.times += 1;
    if (pauseMs < leastPauseMs || this.#alike.times < limits.equalPauses) return;
    broke('V6', {
      sign: 'pauses-without-chance',
      reason: `${this.#words} after ${seconds(pauseMs)} each time, to the millisecond: a fleet would return in step`,
      evidence: [seen],
    });
  }
}

function isSame(one: Tried, other: Tried): boolean {
  return one.operation === other.operation && one.jobId === other.jobId && one.namespaceId === other.namespaceId;
}
