/**
 * Counts what becomes of executions, alike ones together, for who wants to know how many and not which: a message for each of them would
 * cost the engine as much as all else that it does.
 */
import type { ObservationOf } from '../../observation/observation.ts';
import type { ExecutionCount } from './contract.ts';

export class ExecutionTally {
  /** Somebody will be told of what is counted until then. */
  isTold = false;
  #counts = new Map<string, { -readonly [Name in keyof ExecutionCount]: ExecutionCount[Name] }>();

  add({ execution: { jobId }, status, versionNumber }: ObservationOf<'execution'>): void {
    const key = `${status} ${versionNumber} ${jobId}`;
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { jobId, status, versionNumber, count: 1 });
    else known.count += 1;
  }

  /** Since the last time: called when what tells of it is written. */
  toJSON(): readonly ExecutionCount[] {
    const counts = [...this.#counts.values()];
    this.#counts = new Map();
    this.isTold = false;
    return counts;
  }
}
