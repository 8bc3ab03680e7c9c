/** A load run as data, for tests of what is made of it. */
import type { LoadRun } from '../../rig/load/contract.ts';
import { Latencies } from '../../rig/load/histograms.ts';

interface Sample {
  readonly updateMs?: readonly number[];
  readonly startedAt?: number;
  readonly slice?: LoadRun['slice'];
}

const megabyte = 1024 * 1024;

export function sampleLoadRun({ updateMs = [1, 2, 3], startedAt = 1_764_000_000_000, slice }: Sample = {}): LoadRun {
  const updates = new Latencies();
  for (const ms of updateMs) updates.record(ms);
  const things = updateMs.length;
  return {
    form: 'jobrig load run 1',
    jobrig: '0.1.0',
    seed: 1,
    shape: 'rollout',
    claim: 'Every thing finishes its executions, and none fails.',
    startedAt,
    endedAt: startedAt + 3000,
    things,
    ...(slice && { slice }),
    settings: {
      executions: 1,
      updates: 3,
      pacing: 'window 64',
      hardware: 'none',
      transport: 'tcp',
      endpoint: 'own service',
    },
    executions: { wanted: things, succeeded: things, failed: 0, pulled: 0 },
    executionsPerSecond: 120,
    exchangesPerSecond: 600,
    connectsPerSecond: 500,
    histograms: { update: updates.text() },
    timeline: [1000, 2000, 3000].map((atMs) => ({
      atMs,
      spanMs: 1000,
      connected: things,
      inProgress: 1,
      succeeded: 1,
      exchanges: 5,
      failures: 0,
      refusals: 0,
      latencyMs: { p50: 1, p95: 2, p99: 3, max: atMs / 100 },
      processes: [
        { name: 'service', cpu: 0.5, bytes: 60 * megabyte },
        { name: 'fleet', cpu: 0.2, bytes: 50 * megabyte },
      ],
    })),
    phases: [
      { name: 'connect', fromMs: 100, toMs: 1100 },
      { name: 'finishing update', fromMs: 1100, toMs: 3000 },
    ],
    processes: [
      {
        name: 'service',
        role: 'service',
        things: 0,
        idleBytes: 60 * megabyte - things * 32 * 1024,
        peakBytes: 60 * megabyte,
        cpuMs: 1500,
        busiest: 0.6,
      },
      {
        name: 'fleet',
        role: 'fleet',
        things,
        idleBytes: 50 * megabyte - things * 8 * 1024,
        peakBytes: 50 * megabyte,
        cpuMs: 600,
        busiest: 0.3,
      },
    ],
    failures: {},
    refusals: {},
    saturated: false,
    differs: [],
  };
}
