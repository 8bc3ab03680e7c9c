/**
 * What keeps a loop without end in an agent, a board or an engine from hanging the run. Only who has a clock can cut such a call, and
 * this room has none: whoever makes the subjects hands in a {@link Bounded}, and the player does everything within it, some events
 * at a time.
 */
import type { DurationMs } from '../../protocol/time.ts';

/** Does something that takes milliseconds. @throws {Overrun} when it took far longer, and was cut */
export type Bounded = <Value>(act: () => Value) => Value;

/** Of processor time, where milliseconds are enough. */
const surelyTooMuchMs: DurationMs = 1000;

/** What was being done was cut in the middle: nothing of it can be gone on with. */
export class Overrun extends Error {
  readonly wallMs: DurationMs;
  /** Processor time. Far less than `wallMs`: the host was busy with other things, and nothing is known about the call. */
  readonly busyMs: DurationMs;

  constructor(wallMs: DurationMs, busyMs: DurationMs) {
    super(`cut after ${wallMs} ms, ${busyMs} ms of which were processor time`);
    this.wallMs = wallMs;
    this.busyMs = busyMs;
  }

  /** Whether the call itself is to blame: it computed far longer than any does. */
  get isLoop(): boolean {
    return this.busyMs >= Math.min(surelyTooMuchMs, this.wallMs / 2);
  }
}

/** Without a clock nothing is cut. */
export const unbounded: Bounded = (act) => act();

/** Each takes as long as it is allowed to: after so many runs that had to be cut the others are not played. */
export const mostCutRuns = 3;
