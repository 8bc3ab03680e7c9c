/**
 * How many devices are put through their jobs at once: more while the process has time, fewer once it has not. What is let in
 * stays in.
 */
import { addAbortListener } from 'node:events';
import { type EventLoopUtilization, performance } from 'node:perf_hooks';

export interface Admission extends Disposable {
  /** Resolves when so many more may be let in, and lets them in. Whoever asked first is first. */
  enter(devices: number): Promise<void>;
  leave(devices: number): void;
}

const firstWindow = 96;
const leastWindow = 12;
const mostWindow = 600;
const step = 24;
const lookEveryMs = 250;
/** Of the process's time that is used: less leaves time for more devices, more makes each of them slow. */
const busyWhenIdle = 0.6;
const busyWhenFull = 0.9;

export function createAdmission(signal?: AbortSignal): Admission {
  let window = firstWindow;
  let inside = 0;
  const waiting: {
    readonly devices: number;
    readonly enter: () => void;
    readonly giveUp: (reason: unknown) => void;
  }[] = [];

  function admit(): void {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      // Who is alone is always let in.
      if (inside > 0 && inside + first.devices > window) return;
      waiting.shift();
      inside += first.devices;
      first.enter();
    }
  }

  let used: EventLoopUtilization = performance.eventLoopUtilization();

  function look(): void {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, used);
    used = now;
    if (utilization > busyWhenFull) {
      window = Math.max(leastWindow, Math.min(window, inside) - step);
    } else if (utilization < busyWhenIdle && waiting.length > 0) {
      window = Math.min(mostWindow, window + step);
      admit();
    }
  }

  const looking = setInterval(look, lookEveryMs);
  const heard =
    signal &&
    addAbortListener(signal, () => {
      for (const { giveUp } of waiting.splice(0)) giveUp(signal.reason);
    });
  return {
    enter: (devices) =>
      new Promise((enter, giveUp) => {
        if (signal?.aborted === true) return giveUp(signal.reason as Error);
        waiting.push({ devices, enter, giveUp });
        admit();
      }),
    leave(devices) {
      inside -= devices;
      admit();
    },
    [Symbol.dispose]() {
      clearInterval(looking);
      heard?.[Symbol.dispose]();
    },
  };
}
