/**
 * How often each execution had its side effect: an image tried, a handler started, a reboot that was the job. Counted by part,
 * because one execution may have several handlers; what counts for the execution is the part that happened most often.
 */
import { type ExecutionIdentity, identityKey } from '../../observation/execution.ts';

export class SideEffects {
  readonly #byExecution = new Map<string, number>();
  readonly #byPart = new Map<string, number>();
  /** What was handed out last; made anew after a count. */
  #shown: Readonly<Record<string, number>> | undefined;

  count(execution: ExecutionIdentity, part: string | number): void {
    const key = identityKey(execution);
    const times = (this.#byPart.get(`${key}/${part}`) ?? 0) + 1;
    this.#byPart.set(`${key}/${part}`, times);
    this.#byExecution.set(key, Math.max(this.#byExecution.get(key) ?? 0, times));
    this.#shown = undefined;
  }

  /** By `jobId#executionNumber@queuedAt`. */
  times(): Readonly<Record<string, number>> {
    return (this.#shown ??= Object.fromEntries(this.#byExecution));
  }
}
