/** How often each fault was injected, for the summary of a run. */
import type { FaultName } from './thing-faults.ts';

export interface Tally {
  add(name: FaultName): void;
  /** The most frequent first. */
  counts(): Readonly<Record<string, number>>;
}

export function createTally(): Tally {
  const counts = new Map<string, number>();
  return {
    add: (name) => counts.set(name, (counts.get(name) ?? 0) + 1),
    counts: () => Object.fromEntries([...counts].sort(([, a], [, b]) => b - a)),
  };
}
