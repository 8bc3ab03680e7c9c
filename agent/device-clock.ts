/**
 * The clock of live devices: real time, or real time run faster, so that an image which takes a minute to flash can be
 * watched in seconds. Every device of a fleet reads the same clock; each keeps one timer on it. Not used in simulations,
 * where time is a number that the event queue moves.
 */
import { type EpochMs, longestTimerMs } from '../protocol/time.ts';

export interface DeviceClock {
  /** Device time; never goes back. */
  now(): EpochMs;
  /** Calls `ring` once `now()` has reached `at`; returns how to cancel. */
  setTimer(at: EpochMs, ring: () => void): () => void;
}

/**
 * A clock over `now`, which runs `timeScale` times as fast as the wall clock.
 * @param timeScale device seconds in a wall second; must be above zero
 * @param now another source of the same scaled time, so that a service and its devices can share one
 */
export function createDeviceClock(timeScale = 1, now: () => EpochMs = scaledNow(timeScale)): DeviceClock {
  const setTimer = (at: EpochMs, ring: () => void): (() => void) => {
    let timer: NodeJS.Timeout;
    // A farther deadline than a timer can wait for rings early and is set again.
    const wait = () => {
      const waitMs = Math.min(Math.max(0, Math.ceil((at - now()) / timeScale)), longestTimerMs);
      timer = setTimeout(() => (now() >= at ? ring() : wait()), waitMs);
    };
    wait();
    return () => clearTimeout(timer);
  };
  return { now, setTimer };
}

function scaledNow(timeScale: number): () => EpochMs {
  const wallStart = Date.now();
  const start = performance.now();
  return () => Math.floor(wallStart + (performance.now() - start) * timeScale);
}
