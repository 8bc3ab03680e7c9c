/** What several processes of a fleet, or several jobs, have counted, added up. */
import { present } from '../../protocol/json.ts';
import type { DurationMs } from '../../protocol/time.ts';
import type { JobCounts } from './contract.ts';
import type { Edge, FleetReport } from './fleet-counts.ts';

export type Counts = Readonly<Record<string, number>>;

export const noCounts: JobCounts = { made: 0, started: 0, succeeded: 0, failed: 0, pulled: 0 };

export function sum(figures: readonly number[]): number {
  return figures.reduce((whole, figure) => whole + figure, 0);
}

/** Member by member; one that is missing counts nothing. */
export function sumOfCounts(all: readonly Counts[]): Counts {
  const names = new Set(all.flatMap((counts) => Object.keys(counts)));
  return Object.fromEntries([...names].map((name) => [name, sum(all.map((counts) => counts[name] ?? 0))]));
}

/** Of all jobs whose ids begin so. */
export function total(jobs: Readonly<Record<string, JobCounts>>, base: string): JobCounts {
  return sumOfJobs(Object.entries(jobs).flatMap(([jobId, counts]) => (jobId.startsWith(base) ? [counts] : [])));
}

function sumOfJobs(all: readonly JobCounts[]): JobCounts {
  return sumOfCounts([noCounts, ...all] as unknown as readonly Counts[]) as unknown as JobCounts;
}

/** Without latencies. */
export function sumOfFleets(fleets: readonly FleetReport[]): FleetReport {
  const jobIds = new Set(fleets.flatMap(({ jobs }) => Object.keys(jobs)));
  return {
    connected: sum(fleets.map(({ connected }) => connected)),
    connecting: sum(fleets.map(({ connecting }) => connecting)),
    paced: sum(fleets.map(({ paced }) => paced)),
    recovered: sum(fleets.map(({ recovered }) => recovered)),
    exchanges: sum(fleets.map(({ exchanges }) => exchanges)),
    jobs: Object.fromEntries(
      [...jobIds].map((jobId) => [jobId, sumOfJobs(fleets.map(({ jobs }) => jobs[jobId] ?? noCounts))]),
    ),
    failures: sumOfCounts(fleets.map(({ failures }) => failures)),
    refusals: sumOfCounts(fleets.map(({ refusals }) => refusals)),
    ...present({ hung: fleets.find(({ hung }) => hung !== undefined)?.hung }),
    ...edge('executionsFrom', Math.min, fleets),
    ...edge('executionsTo', Math.max, fleets),
    ...edge('connectsFrom', Math.min, fleets),
    ...edge('connectsTo', Math.max, fleets),
    histograms: {},
  };
}

function edge(
  name: Edge,
  choose: (...instants: DurationMs[]) => DurationMs,
  fleets: readonly FleetReport[],
): { readonly [Name in Edge]?: DurationMs } {
  const known = fleets.flatMap((fleet) => fleet[name] ?? []);
  return known.length === 0 ? {} : { [name]: choose(...known) };
}
