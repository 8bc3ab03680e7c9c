/**
 * What it costs to keep everything in PostgreSQL on the same machine: the same service with its rows there, in SQLite and in memory, in
 * turn, by the exchanges of `durable.ts`. Judged by the clock, which waits for the disk and for the database's own process; what
 * the database's process costs is not counted among the service's CPU time.
 */
import type { Measurement, Size } from '../figures.ts';
import { findPostgres } from '../postgres-user.ts';
import { medianOf, spreadOf } from '../rounds.ts';
import { type LifecycleSample, rotateLifecycles } from './lifecycles.ts';

const window = 256;
const names = ['postgres-service', 'durable-service', 'jobs-service'] as const;

export async function compareStores(size: Size, say: (text: string) => void): Promise<readonly Measurement[]> {
  if (findPostgres() === undefined) {
    say('left out: PostgreSQL is not installed (apt-get install postgresql)');
    return [];
  }
  const rounds = await rotateLifecycles(names, 'bare codec', { ...size, window }, say);
  const of = (index: number): readonly LifecycleSample[] => rounds.map((round) => round[index]!);
  const list = (digits: number, value: (sample: LifecycleSample) => number): string =>
    names.map((_, index) => medianOf(of(index), value).toFixed(digits)).join(' : ');
  const ratio = (over: number): readonly number[] =>
    rounds.map((round) => round[0]!.executionsPerSecond / round[over]!.executionsPerSecond);
  return [
    {
      figure: 'postgres',
      value: spreadOf(ratio(1)),
      note: `÷ in memory ${spreadOf(ratio(2)).median.toFixed(2)}×; PostgreSQL : SQLite : memory: executions/s ${list(0, (sample) => sample.executionsPerSecond)}; p99 ${list(1, (sample) => sample.latency.p99)} ms; service CPU µs a lifecycle ${list(0, (sample) => sample.serviceMicros)}`,
      samples: rounds.map(([postgres, sqlite, memory]) => ({ postgres, sqlite, memory })),
    },
  ];
}
