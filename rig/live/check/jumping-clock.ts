/**
 * A service clock that leaps forward on demand, so that a timeout of a minute or a window of an hour need not be waited for. What
 * becomes due by a leap happens at once; later clocks over the same leaps (a restarted service) stand where the earlier ones did.
 */
import type { Clock } from '../../../broker/clock.ts';
import type { DurationMs } from '../../../protocol/time.ts';

export interface JumpingClock {
  over(steady: Clock): Clock;
  jump(byMs: DurationMs): void;
}

interface Timer {
  readonly at: number;
  readonly fire: () => void;
  cancel: () => void;
}

export function createJumpingClock(): JumpingClock {
  let aheadMs: DurationMs = 0;
  const timers = new Map<Timer, Clock>();

  function arm(timer: Timer, steady: Clock): void {
    timer.cancel = steady.setTimer(timer.at - aheadMs, () => {
      timers.delete(timer);
      timer.fire();
    });
  }

  return {
    over: (steady) => ({
      now: () => steady.now() + aheadMs,
      setTimer(at, fire) {
        const timer: Timer = { at, fire, cancel: () => {} };
        timers.set(timer, steady);
        arm(timer, steady);
        return () => {
          timer.cancel();
          timers.delete(timer);
        };
      },
    }),
    jump(byMs) {
      aheadMs += byMs;
      for (const [timer, steady] of timers) {
        timer.cancel();
        arm(timer, steady);
      }
    },
  };
}
