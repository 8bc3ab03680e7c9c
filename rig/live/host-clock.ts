/**
 * The clock of a live run in which service, operator and devices share one process: scaled time that gives way to the machine. The
 * process looks at the wall clock at every beat, and of the time between two beats no more than {@link longestTurnMs} counts. So
 * a machine that is too slow, or busy with other things, makes the run longer; it makes no device late by the run's own time.
 */
import type { DeviceClock } from '../../agent/device-clock.ts';
import { type DurationMs, type EpochMs, longestTimerMs } from '../../protocol/time.ts';

export interface HostClock extends DeviceClock, Disposable {
  /** Run seconds in a wall second that are wanted. */
  readonly timeScale: number;
  /** From now on; 0 lets time stand still. */
  setTimeScale(timeScale: number): void;
  /** The same as it was so far. */
  pace(): number;
  /** Wall time that did not count, so far. */
  behindMs(): DurationMs;
}

export interface HostClockOptions {
  readonly timeScale: number;
  /** Where the run's time begins. Default: now. */
  readonly startAt?: EpochMs;
  /** Milliseconds of the wall clock, which never goes back; another one for tests. */
  readonly wall?: (() => number) | undefined;
}

/** Of the run's time. What takes a few turns of the process, like a request and its answer, is then late by a second or two at most. */
export const longestTurnMs: DurationMs = 400;

export function createHostClock(options: HostClockOptions): HostClock {
  const { startAt = Date.now(), wall = () => performance.now() } = options;
  let { timeScale } = options;
  let longestWallMs = longestTurnMs / timeScale;
  /** Waits that are to be counted anew when the scale changes. */
  const waits = new Set<() => void>();
  const begun = wall();
  let beatAt = begun;
  /** The run's time at the last beat, since its start. */
  let counted: DurationMs = 0;
  let lost: DurationMs = 0;

  function beat(): void {
    const at = wall();
    const passed = at - beatAt;
    counted += countedOf(passed);
    lost += Math.max(0, passed - longestWallMs);
    beatAt = at;
  }

  function countedOf(passedMs: DurationMs): DurationMs {
    return timeScale === 0 ? 0 : Math.min(passedMs, longestWallMs) * timeScale;
  }

  function now(): EpochMs {
    return startAt + Math.floor(counted + countedOf(wall() - beatAt));
  }

  function setTimer(at: EpochMs, ring: () => void): () => void {
    let cancel: (() => void) | undefined;
    const stop = (): void => {
      cancel?.();
      waits.delete(wait);
    };
    const wait = (): void => {
      cancel?.();
      const remainingMs = at - now();
      if (remainingMs <= 0) {
        const immediate = setImmediate(() => {
          stop();
          ring();
        });
        cancel = () => clearImmediate(immediate);
      } else if (timeScale === 0) cancel = undefined;
      else {
        const timeout = setTimeout(wait, Math.min(Math.ceil(remainingMs / timeScale), longestTimerMs));
        cancel = () => clearTimeout(timeout);
      }
    };
    waits.add(wait);
    wait();
    return stop;
  }

  const beats = (): NodeJS.Timeout => setInterval(beat, Math.max(1, Math.min(100, Math.floor(longestWallMs / 2))));
  let beating = beats();
  return {
    get timeScale() {
      return timeScale;
    },
    setTimeScale(next) {
      beat();
      timeScale = next;
      longestWallMs = next === 0 ? Infinity : longestTurnMs / next;
      clearInterval(beating);
      beating = beats();
      for (const wait of waits) wait();
    },
    now,
    setTimer,
    pace() {
      const wallMs = wall() - begun;
      return wallMs <= 0 ? timeScale : (now() - startAt) / wallMs;
    },
    behindMs: () => lost,
    [Symbol.dispose]: () => clearInterval(beating),
  };
}
