/**
 * Counts what becomes of executions, alike ones together, for who wants to know how many and not which: a message for each of them would
 * cost the engine as much as all else that it does, and so would an observation.
 */
import type { Change } from '../engine/contract.ts';
import type { ExecutionRow } from '../engine/rows.ts';
import type { ExecutionCount } from './contract.ts';

type Counted = { -readonly [Name in keyof ExecutionCount]: ExecutionCount[Name] };

export class ExecutionTally {
  /** Somebody will be told of what is counted until then. */
  isTold = false;
  /** By job: few, for no key has to be put together. */
  #counts = new Map<string, Counted[]>();

  /** @returns whether any of these changes is one of an execution */
  add(changes: readonly Change[]): boolean {
    let hasAny = false;
    for (const { table, key, row } of changes) {
      if (table !== 'jobExecution') continue;
      hasAny = true;
      // Of one that is gone its key is all that there is, which begins with its job.
      if (row === undefined) this.#count(key.slice(0, key.indexOf('/')), 'DELETED', 0);
      else {
        const { jobId, status, versionNumber } = row as ExecutionRow;
        this.#count(jobId, status, versionNumber);
      }
    }
    return hasAny;
  }

  #count(jobId: string, status: Counted['status'], versionNumber: number): void {
    const ofJob = this.#counts.get(jobId);
    if (ofJob === undefined) this.#counts.set(jobId, [{ jobId, status, versionNumber, count: 1 }]);
    else {
      const alike = ofJob.find((each) => each.versionNumber === versionNumber && each.status === status);
      if (alike === undefined) ofJob.push({ jobId, status, versionNumber, count: 1 });
      else alike.count += 1;
    }
  }

  /** Since the last time: called when what tells of it is written. */
  toJSON(): readonly ExecutionCount[] {
    const counts = [...this.#counts.values()].flat();
    this.#counts = new Map();
    this.isTold = false;
    return counts;
  }
}
