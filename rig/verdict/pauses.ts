/**
 * The pauses between tries of one thing that fails again and again: short ones must grow, and the first ones must not all be
 * alike. Chance in them shows only to a clock as exact as the device's own, so it is judged only where the inside is shown.
 */
import type { Observation } from '../../observation/observation.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import { type ClaimContext, seconds } from './claim.ts';

export class PauseWatch {
  readonly #context: ClaimContext;
  readonly #words: string;
  #what: string | undefined;
  #failedAt: EpochMs | undefined;
  #pauses = 0;
  #first: DurationMs = 0;
  #longest: DurationMs = 0;
  readonly #evidence: Observation[] = [];
  /** First pauses of each row of tries, the same so far. */
  #alike: { readonly pauseMs: DurationMs; times: number } | undefined;

  constructor(context: ClaimContext, words: string) {
    this.#context = context;
    this.#words = words;
  }

  /** A try of this thing begins. */
  tried(what: string, seen: Observation): void {
    if (this.#what !== what) this.#begin(what);
    else if (this.#failedAt !== undefined) this.#paused(seen.at - this.#failedAt, seen);
    this.#failedAt = undefined;
    this.#evidence.push(seen);
    if (this.#evidence.length > 12) this.#evidence.shift();
  }

  failed(at: EpochMs): void {
    if (this.#what !== undefined) this.#failedAt = at;
  }

  succeeded(): void {
    this.#begin(undefined);
  }

  #begin(what: string | undefined): void {
    this.#what = what;
    this.#pauses = 0;
    this.#evidence.length = 0;
    this.#failedAt = undefined;
  }

  #paused(pauseMs: DurationMs, seen: Observation): void {
    const { limits, broke, sights } = this.#context;
    this.#pauses += 1;
    if (this.#pauses === 1) {
      this.#first = pauseMs;
      this.#longest = pauseMs;
      if (sights.has('inside')) this.#compare(pauseMs, seen);
    }
    this.#longest = Math.max(this.#longest, pauseMs);
    if (this.#pauses < limits.repeatsWithoutGrowth) return;
    if (this.#longest >= limits.shortPauseMs || this.#longest > 2 * Math.max(1, this.#first)) return;
    broke({
      sign: 'pauses-do-not-grow',
      reason: `${this.#words} ${this.#pauses} times with pauses of ${seconds(this.#longest)} at most, which do not grow`,
      evidence: [...this.#evidence, seen],
    });
  }

  #compare(pauseMs: DurationMs, seen: Observation): void {
    const { limits, broke } = this.#context;
    if (this.#alike?.pauseMs !== pauseMs) this.#alike = { pauseMs, times: 0 };
    this.#alike.times += 1;
    // What comes at once was not put off.
    if (pauseMs < 10 || this.#alike.times < limits.equalPauses) return;
    broke({
      sign: 'pauses-without-chance',
      reason: `${this.#words} after ${seconds(pauseMs)} each time, to the millisecond: a fleet would return in step`,
      evidence: [seen],
    });
  }
}
