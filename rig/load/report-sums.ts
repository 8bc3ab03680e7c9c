/** What several processes of a fleet, or several jobs, have counted, added up. */
import type { DurationMs } from '../../protocol/time.ts';
import type { JobCounts } from './contract.ts';
import type { FleetReport } from './fleet-counts.ts';

export const noCounts: JobCounts = { made: 0, started: 0, succeeded: 0, failed: 0, pulled: 0 };

export const noFleet: FleetReport = {
  connected: 0,
  connecting: 0,
  recovered: 0,
  exchanges: 0,
  jobs: {},
  failures: {},
  refusals: {},
  histograms: {},
};

/** Of all jobs whose ids begin so. */
export function total(jobs: Readonly<Record<string, JobCounts>>, base: string): JobCounts {
  let all = noCounts;
  for (const [jobId, counts] of Object.entries(jobs)) {
    if (!jobId.startsWith(base)) continue;
    all = {
      made: all.made + counts.made,
      started: all.started + counts.started,
      succeeded: all.succeeded + counts.succeeded,
      failed: all.failed + counts.failed,
      pulled: all.pulled + counts.pulled,
    };
  }
  return all;
}

export function sum(figures: readonly number[]): number {
  return figures.reduce((whole, figure) => whole + figure, 0);
}

/** Without latencies. */
export function sumOfFleets(one: FleetReport, other: FleetReport): FleetReport {
  const jobIds = new Set([...Object.keys(one.jobs), ...Object.keys(other.jobs)]);
  const jobs = Object.fromEntries(
    [...jobIds].map((jobId) => [
      jobId,
      total({ a: one.jobs[jobId] ?? noCounts, b: other.jobs[jobId] ?? noCounts }, ''),
    ]),
  );
  return {
    connected: one.connected + other.connected,
    connecting: one.connecting + other.connecting,
    recovered: one.recovered + other.recovered,
    exchanges: one.exchanges + other.exchanges,
    jobs,
    failures: sumOfCounts(one.failures, other.failures),
    refusals: sumOfCounts(one.refusals, other.refusals),
    ...edge('executionsFrom', Math.min, one, other),
    ...edge('executionsTo', Math.max, one, other),
    ...edge('connectsFrom', Math.min, one, other),
    ...edge('connectsTo', Math.max, one, other),
    histograms: {},
  };
}

export function sumOfCounts(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...names].map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)]));
}

type Edge = 'executionsFrom' | 'executionsTo' | 'connectsFrom' | 'connectsTo';

function edge(
  name: Edge,
  choose: (a: DurationMs, b: DurationMs) => DurationMs,
  one: FleetReport,
  other: FleetReport,
): { readonly [Name in Edge]?: DurationMs } {
  const a = one[name] ?? other[name];
  const b = other[name] ?? one[name];
  return a === undefined || b === undefined ? {} : { [name]: choose(a, b) };
}
