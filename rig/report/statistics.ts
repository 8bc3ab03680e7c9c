/** Figures over a handful of samples: exact quantiles by nearest rank, not estimates; and samples that belong together. */

export interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** The smallest sample that at least the fraction `q` of all samples does not exceed; `undefined` without samples. */
export function quantile(samples: readonly number[], q: number): number | undefined {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
}

/** Median, 95th percentile and maximum; `undefined` without samples. */
export function spreadOf(samples: readonly number[]): Spread | undefined {
  const [p50, p95, max] = [quantile(samples, 0.5), quantile(samples, 0.95), quantile(samples, 1)];
  return p50 === undefined || p95 === undefined || max === undefined ? undefined : { p50, p95, max };
}

/** What has the same key, the largest group first. */
export function groupsOf<Item>(items: readonly Item[], keyOf: (item: Item) => string): readonly (readonly Item[])[] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups.values()].sort((a, b) => b.length - a.length);
}
