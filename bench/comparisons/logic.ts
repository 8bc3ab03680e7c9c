/**
 * What the Jobs service itself costs: our service beside a responder that sends the same packets through the same broker
 * without reading them. The fleet uses the bare codec, so that it hides neither; the same runs give the latencies.
 */
import type { Measurement, Size } from '../figures.ts';
import { medianOf, spreadOf } from '../rounds.ts';
import { compareLifecycles, type LifecycleSample } from './lifecycles.ts';

export async function compareWithoutLogic(size: Size, say: (text: string) => void): Promise<readonly Measurement[]> {
  const pairs = await compareLifecycles({ ours: 'jobs-service', theirs: 'canned-service' }, 'bare codec', size, say);
  const ours = pairs.map((pair) => pair.ours);
  const byTheClock = medianOf(pairs, (pair) => pair.ours.executionsPerSecond / pair.theirs.executionsPerSecond);
  const p50 = medianOf(ours, (sample) => sample.latency.p50);
  const p95 = medianOf(ours, (sample) => sample.latency.p95);
  const rate = medianOf(ours, (sample) => sample.executionsPerSecond);
  return [
    {
      figure: 'logic',
      value: spreadOf(pairs.map((pair) => pair.theirs.serviceMicros / pair.ours.serviceMicros)),
      note: `service CPU µs a lifecycle ${micros(ours)} : ${micros(pairs.map((pair) => pair.theirs))}; by the clock ${byTheClock.toFixed(2)}×`,
      samples: pairs,
    },
    {
      figure: 'p99',
      value: spreadOf(ours.map((sample) => sample.latency.p99)),
      note: `p50 ${p50.toFixed(2)}, p95 ${p95.toFixed(2)} ms at ${rate.toFixed(0)} executions/s`,
      samples: [],
    },
  ];
}

function micros(samples: readonly LifecycleSample[]): string {
  return medianOf(samples, (sample) => sample.serviceMicros).toFixed(0);
}
