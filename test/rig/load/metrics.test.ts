/** What a load run tells Prometheus: counters that only grow, each with what it counts, in base units. */
import { expect, it } from 'vitest';
import { serveMetrics } from '../../../rig/load/metrics.ts';
import type { Tally } from '../../../rig/load/tally.ts';

function tallyOf(count: number): Tally {
  const jobs = { j: { made: count, started: count, succeeded: count, failed: 0, pulled: 0 } };
  const processes = [{ name: 'fleet', cpu: 0.5, bytes: 1000 * count }];
  const sample = { latencyMs: { p50: 1, p95: 2, p99: 3, max: 4 }, processes };
  return {
    fleet: { connected: 3, exchanges: 5 * count, jobs, refusals: { RequestThrottled: count } },
    failuresByKind: { 'no answer': count },
    samples: [sample],
    processes: { results: () => [{ name: 'fleet', cpuMs: 1500 * count }] },
  } as unknown as Tally;
}

it('tells what has been counted as counters, and what is as gauges', async () => {
  await using metrics = await serveMetrics(0);
  const read = async (): Promise<string> => (await fetch(metrics.url, { headers: { connection: 'close' } })).text();
  for (const count of [1, 2, 2]) {
    metrics.tell(tallyOf(count));
    const text = await read();
    const figures = new Map(
      text
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
    );
    expect(Object.fromEntries(figures)).toMatchObject({
      jobrig_load_connected: 3,
      jobrig_load_exchanges_total: 5 * count,
      'jobrig_load_executions_total{outcome="succeeded"}': count,
      'jobrig_load_failures_total{kind="no answer"}': count,
      'jobrig_load_refusals_total{code="RequestThrottled"}': count,
      'jobrig_load_latency_seconds{quantile="0.99"}': 0.003,
      'jobrig_load_process_resident_bytes{process="fleet"}': 1000 * count,
      'jobrig_load_process_cpu_seconds_total{process="fleet"}': 1.5 * count,
    });
    for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
      expect([name, type]).toEqual([name, name!.endsWith('_total') ? 'counter' : 'gauge']);
      expect(text).toMatch(new RegExp(`^# HELP ${name} \\S`, 'm'));
    }
  }
});
