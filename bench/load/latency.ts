/** How long exchanges took, as percentiles. Recorded in whole microseconds, told in milliseconds. */
import { createHistogram } from 'node:perf_hooks';

export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface LatencyRecorder {
  record(durationMs: number): void;
  /** What was recorded since the last call. */
  take(): Latency;
}

export function createLatencyRecorder(): LatencyRecorder {
  const micros = createHistogram();
  const percentile = (percent: number) => micros.percentile(percent) / 1000;
  return {
    record: (durationMs) => micros.record(Math.max(1, Math.round(durationMs * 1000))),
    take: () => {
      const taken = {
        count: micros.count,
        p50: percentile(50),
        p95: percentile(95),
        p99: percentile(99),
        max: micros.max / 1000,
      };
      micros.reset();
      return taken;
    },
  };
}
