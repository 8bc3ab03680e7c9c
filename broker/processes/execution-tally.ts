/**
 * Counts what becomes of executions, alike ones together, for who wants to know how many and not which: a message for each of them would
 * cost the engine as much as all else that it does.
 */
import type { ObservationOf } from '../../observation/observation.ts';
import type { ExecutionCount } from './contract.ts';

export class ExecutionTally {
  #counts = new Map<string, { -readonly [Name in keyof ExecutionCount]: ExecutionCount[Name] }>();

  add({ execution: { jobId }, status, versionNumber }: ObservationOf<'execution'>): void {
    const key = `${status} ${versionNumber} ${jobId}`;
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { jobId, status, versionNumber, count: 1 });
    else known.count += 1;
  }

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  /** Since the last time. */
  take(): readonly ExecutionCount[] {
    const counts = [...this.#counts.values()];
    this.#counts = new Map();
    return counts;
  }
}
