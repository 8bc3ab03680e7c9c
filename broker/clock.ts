/**
 * Service time: the wall clock, or one that runs faster so that timeouts of minutes can be watched in seconds. It starts at
 * the wall clock's instant and never goes back, whatever happens to the wall clock later.
 */
import { performance } from 'node:perf_hooks';
import { type EpochMs, longestTimerMs } from '../protocol/time.ts';

export interface Clock {
  now(): EpochMs;
  /** Calls `fire` once, when `at` is reached and never before it; soon, after waiting I/O, when it is past. Returns how to cancel. */
  setTimer(at: EpochMs, fire: () => void): () => void;
}

/**
 * @param factor service seconds per real second; 1 is real time.
 * @param notBefore where an earlier clock got to.
 */
export function scaledClock(factor = 1, notBefore: EpochMs = 0): Clock {
  const startedAt = Math.max(Date.now(), notBefore);
  const origin = performance.now();
  const now = (): EpochMs => startedAt + Math.floor((performance.now() - origin) * factor);

  function setTimer(at: EpochMs, fire: () => void): () => void {
    let cancel: () => void;
    // Longer waits than a timer can are made of several.
    const wait = (): void => {
      const remainingMs = (at - now()) / factor;
      if (remainingMs <= 0) {
        const immediate = setImmediate(fire);
        cancel = () => clearImmediate(immediate);
      } else {
        const timeout = setTimeout(wait, Math.min(Math.ceil(remainingMs), longestTimerMs));
        cancel = () => clearTimeout(timeout);
      }
    };
    wait();
    return () => cancel();
  }

  return { now, setTimer };
}
