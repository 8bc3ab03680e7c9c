/**
 * How many devices are put through their jobs at once: more while the machine has time, fewer once it has not. What is let in
 * stays in. Looks at how busy the process is and at how much of the wall time its clock could count.
 */
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { HostClock } from '../host-clock.ts';

export interface Admission extends Disposable {
  /** Resolves when so many more may be let in, and lets them in. Whoever asked first is first. */
  enter(devices: number): Promise<void>;
  leave(devices: number): void;
}

export interface AdmissionOptions {
  readonly clock: HostClock;
  readonly signal?: AbortSignal;
}

const firstWindow = 96;
const leastWindow = 12;
const mostWindow = 600;
const step = 24;
const lookEveryMs = 250;
/** Of a turn of the process that is used: less leaves time for more, more is too much. */
const busyWhenIdle = 0.6;
const busyWhenFull = 0.9;
/** Of the wall time, what the clock has counted at least while the machine keeps up. */
const keepsUp = 0.95;
const fallsBehind = 0.85;

export function createAdmission({ clock, signal }: AdmissionOptions): Admission {
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
  let behindMs = clock.behindMs();
  let lookedAt = performance.now();

  function look(): void {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, used);
    const counted = 1 - (clock.behindMs() - behindMs) / Math.max(1, performance.now() - lookedAt);
    used = now;
    behindMs = clock.behindMs();
    lookedAt = performance.now();
    if (utilization > busyWhenFull || counted < fallsBehind) {
      window = Math.max(leastWindow, Math.min(window, inside) - step);
    } else if (utilization < busyWhenIdle && counted > keepsUp && waiting.length > 0) {
      window = Math.min(mostWindow, window + step);
      admit();
    }
  }

  const looking = setInterval(look, lookEveryMs);
  signal?.addEventListener('abort', () => {
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
    [Symbol.dispose]: () => clearInterval(looking),
  };
}
