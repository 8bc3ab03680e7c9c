/**
 * How many parts of the demo are played at once: more while the process has time, fewer once it has not. What has begun goes on.
 */
import { performance } from 'node:perf_hooks';
import PQueue from 'p-queue';

/** Parts of some dozen devices each. */
const firstWidth = 8;
const mostWidth = 50;
const step = 2;
const lookEveryMs = 250;
/** Of the process's time that is used: less leaves time for more devices, more makes each of them slow. */
const busyWhenIdle = 0.6;
const busyWhenFull = 0.9;

export class Admission implements Disposable {
  readonly #queue = new PQueue({ concurrency: firstWidth });
  readonly #looking = setInterval(() => this.#look(), lookEveryMs);
  #used = performance.eventLoopUtilization();

  /** Whoever asked first is first. @throws the signal's reason, for a part that has not begun; one that has ends by itself */
  play<Result>(part: () => Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
    return this.#queue.add(() => {
      signal?.throwIfAborted();
      return part();
    });
  }

  #look(): void {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#used);
    this.#used = now;
    const { concurrency, pending, size } = this.#queue;
    if (utilization > busyWhenFull) this.#queue.concurrency = Math.max(1, Math.min(concurrency, pending) - step);
    else if (utilization < busyWhenIdle && size > 0) {
      this.#queue.concurrency = Math.min(mostWidth, concurrency + step);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#looking);
  }
}
