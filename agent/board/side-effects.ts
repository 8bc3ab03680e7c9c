/**
 * How often each execution had its side effect: an image tried, a handler started, a reboot that was the job. Counted by part,
 * because one execution may have several handlers; what counts for the execution is the part that happened most often.
 */
import { type ExecutionIdentity, identityKey } from '../../observation/execution.ts';

export class SideEffects {
  readonly #byExecution = new Map<string, Map<string, number>>();
  /** Replaced at every count, so that they can be handed out as they are. */
  #times: Readonly<Record<string, number>> = {};
  #parts: Readonly<Record<string, readonly string[]>> = {};

  count(execution: ExecutionIdentity, part: string | number): void {
    const key = identityKey(execution);
    let parts = this.#byExecution.get(key);
    if (parts === undefined) this.#byExecution.set(key, (parts = new Map()));
    const name = String(part);
    const times = (parts.get(name) ?? 0) + 1;
    parts.set(name, times);
    this.#times = { ...this.#times, [key]: Math.max(times, this.#times[key] ?? 0) };
    if (times === 1) this.#parts = { ...this.#parts, [key]: [...parts.keys()] };
  }

  /** By `jobId#executionNumber@queuedAt`. */
  times(): Readonly<Record<string, number>> {
    return this.#times;
  }

  /** By the same key. */
  parts(): Readonly<Record<string, readonly string[]>> {
    return this.#parts;
  }
}
