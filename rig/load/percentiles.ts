/** The latencies of each exchange by percentile, as far as there are samples to tell them apart. */
import type { DurationMs } from '../../protocol/time.ts';
import type { LoadRun } from './contract.ts';
import { latenciesOf } from './histograms.ts';

export interface Percentiles {
  /** Percent, ascending. */
  readonly of: readonly number[];
  /** Of each exchange, one for each percentile; the last of them may be missing. */
  readonly curves: readonly { readonly name: string; readonly ms: readonly DurationMs[] }[];
}

const shown = [
  0, 10, 25, 50, 65, 75, 85, 90, 93, 95, 97, 98, 99, 99.3, 99.5, 99.7, 99.8, 99.9, 99.95, 99.97, 99.99, 99.995, 99.999,
];

export function percentilesIn({ histograms }: LoadRun): Percentiles {
  const curves = Object.entries(histograms).map(([name, text]) => {
    const latencies = latenciesOf(text);
    const told = shown.filter((percent) => latencies.count * (1 - percent / 100) >= 1 || percent === 0);
    return { name, ms: told.map((percent) => latencies.percentile(percent === 0 ? 0.001 : percent)) };
  });
  return { of: shown.slice(0, Math.max(1, ...curves.map(({ ms }) => ms.length))), curves };
}
