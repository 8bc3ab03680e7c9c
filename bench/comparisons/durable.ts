/**
 * What durability costs: the same service twice, once with everything on disk before it is answered (fsync) and once in memory.
 * Judged by the clock, since waiting for the disk is what it is about, and at a window of 256, at which commits are shared as
 * they are in a busy service.
 */
import type { Measurement, Size } from '../figures.ts';
import { medianOf, spreadOf } from '../rounds.ts';
import { compareLifecycles, type LifecycleSample } from './lifecycles.ts';

const window = 256;

export async function compareWithMemory(size: Size, say: (text: string) => void): Promise<readonly Measurement[]> {
  const compared = { ours: 'durable-service', theirs: 'jobs-service' } as const;
  const pairs = await compareLifecycles(compared, 'bare codec', { ...size, window }, say);
  const [ours, theirs] = [pairs.map((pair) => pair.ours), pairs.map((pair) => pair.theirs)];
  return [
    {
      figure: 'durable',
      value: spreadOf(pairs.map((pair) => pair.ours.executionsPerSecond / pair.theirs.executionsPerSecond)),
      note: `executions/s ${rate(ours)} : ${rate(theirs)}; p99 ${p99(ours)} : ${p99(theirs)} ms; service CPU µs a lifecycle ${micros(ours)} : ${micros(theirs)}`,
      samples: pairs,
    },
  ];
}

function rate(samples: readonly LifecycleSample[]): string {
  return medianOf(samples, (sample) => sample.executionsPerSecond).toFixed(0);
}

function micros(samples: readonly LifecycleSample[]): string {
  return medianOf(samples, (sample) => sample.serviceMicros).toFixed(0);
}

function p99(samples: readonly LifecycleSample[]): string {
  return medianOf(samples, (sample) => sample.latency.p99).toFixed(1);
}
