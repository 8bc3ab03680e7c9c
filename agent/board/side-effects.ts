/**
 * How often each execution had its side effect: an image tried, a handler started, a reboot that was the job. Counted by part,
 * because one execution may have several handlers; what counts for the execution is the part that happened most often.
 */
import { type ExecutionIdentity, identityKey } from '../core/execution.ts';

export class SideEffects {
  /** Replaced at every count, so that it can be handed out as it is. */
  #byExecution: Readonly<Record<string, number>> = {};
  readonly #byPart = new Map<string, number>();

  count(execution: ExecutionIdentity, part: string | number): void {
    const key = identityKey(execution);
    const times = (this.#byPart.get(`${key}/${part}`) ?? 0) + 1;
    this.#byPart.set(`${key}/${part}`, times);
    this.#byExecution = { ...this.#byExecution, [key]: Math.max(this.#byExecution[key] ?? 0, times) };
  }

  /** By `jobId#executionNumber@queuedAt`. */
  times(): Readonly<Record<string, number>> {
    return this.#byExecution;
  }
}
