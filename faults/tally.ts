/** How often what struck, for whoever tells of a run. Keeps no order and no times. */
import type { StruckName } from './misfortunes.ts';

export interface Tally {
  add(name: StruckName): void;
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
