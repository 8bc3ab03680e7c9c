/**
 * Starts so many things a second, evenly, however long each of them takes: the pace of connecting a fleet. What fell behind
 * because the process was busy is caught up with in small steps, not in one burst.
 */
import { addAbortListener } from 'node:events';

export interface Pace {
  readonly count: number;
  readonly perSecond: number;
  readonly start: (index: number) => void;
  /** Asked before each start; while it is false the pace waits and does not count that time as time behind. */
  readonly hasRoom?: () => boolean;
  /** Ends it early: the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const tickMs = 10;
/** Of the starts of one second, how many may come at once. */
const burstShare = 0.1;

/** @returns when the last of them has been started */
export function startPaced({ count, perSecond, start, hasRoom = () => true, signal }: Pace): Promise<void> {
  const burst = Math.max(1, Math.ceil(perSecond * burstShare));
  let started = 0;
  let dueSince = performance.now();
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearInterval(timer);
      listener?.[Symbol.dispose]();
    };
    const abort = (): void => {
      stop();
      reject(signal?.reason as Error);
    };
    const tick = (): void => {
      const now = performance.now();
      const due = 1 + Math.floor(((now - dueSince) * perSecond) / 1000);
      for (let some = 0; some < burst && started < Math.min(count, due); some += 1) {
        if (!hasRoom()) {
          dueSince = now - (started * 1000) / perSecond;
          break;
        }
        started += 1;
        start(started - 1);
      }
      if (started < count) return;
      stop();
      resolve();
    };
    const timer = setInterval(tick, tickMs);
    const listener = signal && addAbortListener(signal, abort);
    if (signal?.aborted !== true) tick();
  });
}
