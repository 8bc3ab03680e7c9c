/**
 * The clock of a live run in which service, operator and devices share one process: scaled time that gives way to the machine. The
 * process looks at the wall clock at every beat, and of the time between two beats no more than {@link longestTurnMs} counts. So
 * a machine that is too slow, or busy with other things, makes the run longer; it makes no device late by the run's own time.
 */
import type { DeviceClock } from '../../agent/device-clock.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';

export interface HostClock extends DeviceClock, Disposable {
  /** Run seconds in a wall second that were wanted. */
  readonly timeScale: number;
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
  readonly wall?: () => number;
}

/** Of the run's time. What takes a few turns of the process, like a request and its answer, is then late by a second or two at most. */
export const longestTurnMs: DurationMs = 400;
/** Node's longest timer; a farther deadline rings early and is set again. */
const longestTimerMs: DurationMs = 2 ** 31 - 1;

export function createHostClock(options: HostClockOptions): HostClock {
  const { timeScale, startAt = Date.now(), wall = () => performance.now() } = options;
  const longestWallMs = longestTurnMs / timeScale;
  const begun = wall();
  let beatAt = begun;
  /** The run's time at the last beat, since its start. */
  let counted: DurationMs = 0;
  let lost: DurationMs = 0;

  function beat(): void {
    const at = wall();
    const passed = at - beatAt;
    counted += Math.min(passed, longestWallMs) * timeScale;
    lost += Math.max(0, passed - longestWallMs);
    beatAt = at;
  }

  function now(): EpochMs {
    return startAt + Math.floor(counted + Math.min(wall() - beatAt, longestWallMs) * timeScale);
  }

  function setTimer(at: EpochMs, ring: () => void): () => void {
    let cancel: (() => void) | undefined;
    const wait = (): void => {
      const remainingMs = (at - now()) / timeScale;
      if (remainingMs <= 0) {
        const immediate = setImmediate(ring);
        cancel = () => clearImmediate(immediate);
      } else {
        const timeout = setTimeout(wait, Math.min(Math.ceil(remainingMs), longestTimerMs));
        cancel = () => clearTimeout(timeout);
      }
    };
    wait();
    return () => cancel?.();
  }

  const beating = setInterval(beat, Math.max(1, Math.floor(longestWallMs / 2)));
  return {
    timeScale,
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
