/**
 * How long a device waits for an answer, with a client so light that the time is the service's. Beside it, in the same rounds,
 * the same packets without logic: what they take is the machine's, and whatever else it does.
 */
import type { Measurement, Size } from '../figures.ts';
import { medianOf, spreadOf } from '../rounds.ts';
import { compareLifecycles, type LifecycleSample, micros } from './lifecycles.ts';

export async function measureLatency(size: Size, say: (text: string) => void): Promise<readonly Measurement[]> {
  const pairs = await compareLifecycles({ ours: 'jobs-service', theirs: 'canned-service' }, 'bare codec', size, say);
  const [ours, theirs] = [pairs.map((pair) => pair.ours), pairs.map((pair) => pair.theirs)];
  const rate = medianOf(ours, (sample) => sample.executionsPerSecond);
  return [
    {
      figure: 'p99',
      value: spreadOf(pairs.map((pair) => pair.ours.latency.p99 / pair.theirs.latency.p99)),
      note: `p50/p95/p99 ${percentiles(ours)} ms, without logic ${percentiles(theirs)}; ${rate.toFixed(0)} executions/s at CPU µs ${micros(ours)} : ${micros(theirs)}`,
      samples: pairs,
    },
  ];
}

function percentiles(samples: readonly LifecycleSample[]): string {
  const medians = (['p50', 'p95', 'p99'] as const).map((name) => medianOf(samples, ({ latency }) => latency[name]));
  return medians.map((value) => value.toFixed(1)).join('/');
}
