/**
 * How often each execution had its side effect: an image tried, a handler started, a reboot that was the job. Counted by part,
 * because one execution may have several handlers; what counts for the execution is the part that happened most often.
 */
import { type ExecutionIdentity, identityKey } from '../../observation/execution.ts';

export class SideEffects {
  readonly #byExecution = new Map<string, Map<string, number>>();
  /** What was handed out last; made anew after a count. */
  #times: Readonly<Record<string, number>> | undefined;
  #parts: Readonly<Record<string, readonly string[]>> | undefined;

  count(execution: ExecutionIdentity, part: string | number): void {
    const key = identityKey(execution);
    let parts = this.#byExecution.get(key);
    if (parts === undefined) this.#byExecution.set(key, (parts = new Map()));
    const name = String(part);
    parts.set(name, (parts.get(name) ?? 0) + 1);
    this.#times = undefined;
    this.#parts = undefined;
  }

  /** By `jobId#executionNumber@queuedAt`. */
  times(): Readonly<Record<string, number>> {
    return (this.#times ??= this.#each((parts) => Math.max(...parts.values())));
  }

  /** By the same key. */
  parts(): Readonly<Record<string, readonly string[]>> {
    return (this.#parts ??= this.#each((parts) => [...parts.keys()]));
  }

  #each<Shown>(show: (parts: ReadonlyMap<string, number>) => Shown): Readonly<Record<string, Shown>> {
    return Object.fromEntries([...this.#byExecution].map(([key, parts]) => [key, show(parts)]));
  }
}
