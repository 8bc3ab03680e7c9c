/** Service time that stands still until a test moves it, so that what happens in slices or by deadline can be looked at. */
import type { Clock } from '../../broker/clock.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';

export interface ManualClock extends Clock {
  /** Moves time on and fires what has become due, in order, also what that sets anew. */
  advance(byMs: DurationMs): void;
}

export function createManualClock(start: EpochMs = 1_700_000_000_000): ManualClock {
  let now = start;
  const timers = new Set<{ readonly at: EpochMs; readonly fire: () => void }>();
  const earliest = (until: EpochMs) =>
    [...timers].filter(({ at }) => at <= until).sort((one, other) => one.at - other.at)[0];
  return {
    now: () => now,
    setTimer(at, fire) {
      const timer = { at, fire };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(byMs) {
      const until = now + byMs;
      for (let due = earliest(until); due !== undefined; due = earliest(until)) {
        timers.delete(due);
        now = Math.max(now, due.at);
        due.fire();
      }
      now = until;
    },
  };
}
