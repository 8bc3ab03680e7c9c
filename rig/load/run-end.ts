/**
 * What ends a run before its end, and lets nothing wait any longer. Several may tell of one end, and the first that tells may know
 * least: who interrupts goes before a process that ended by it, and that before an answer that does not come for it.
 */
import { addAbortListener, setMaxListeners } from 'node:events';
import { OperationalError } from '../../protocol/operational-error.ts';
import type { DurationMs } from '../../protocol/time.ts';

/** The result so far is kept. */
export class EndedEarly extends Error {}

/** Within which who knows better says so. */
const momentMs: DurationMs = 100;
/** What ends a command reaches the whole process group, and a process that has just been started ends by it. */
const toldToEnd: ReadonlySet<string> = new Set(['SIGHUP', 'SIGINT', 'SIGTERM']);

export class RunEnd {
  readonly #stop = new AbortController();

  /** @param interruption by the user */
  constructor(interruption: AbortSignal) {
    setMaxListeners(0, this.#stop.signal);
    addAbortListener(interruption, () => this.come('interrupted'));
  }

  get hasCome(): boolean {
    return this.#stop.signal.aborted;
  }

  processEnded(name: string, how: string): void {
    const reason = `the ${name} process ended in the middle (${how})`;
    if (toldToEnd.has(how)) this.#comeAfter(momentMs, reason);
    else this.come(reason);
  }

  /** Something could not be done. */
  failed(error: unknown): void {
    if (error instanceof OperationalError) this.come(error);
    else this.#comeAfter(2 * momentMs, error);
  }

  come(reason: unknown): void {
    if (this.hasCome) return;
    const message = reason instanceof Error ? reason.message : String(reason);
    this.#stop.abort(reason instanceof OperationalError ? reason : new EndedEarly(message));
  }

  #comeAfter(ms: DurationMs, reason: unknown): void {
    setTimeout(() => this.come(reason), ms);
  }

  /** What is waited for, unless the end comes before. @throws {EndedEarly} or {OperationalError} then */
  orEnded<Result>(work: Promise<Result>): Promise<Result> {
    const { signal } = this.#stop;
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(signal.reason as Error);
      const listener = addAbortListener(signal, stop);
      work
        .then(resolve, (error: unknown) => {
          // A process that ends takes its answers with it: that it ended says more.
          setImmediate(() => (signal.aborted ? stop() : reject(error as Error)));
        })
        .finally(() => listener[Symbol.dispose]());
    });
  }
}

interface Resolvers {
  readonly promise: Promise<void>;
  resolve: () => void;
}

/** As `Promise.withResolvers`, which Node 20 has not. */
export function withResolvers(): Resolvers {
  const made: Partial<Resolvers> = {};
  const promise = new Promise<void>((resolve) => (made.resolve = resolve));
  return Object.assign(made as Resolvers, { promise });
}
