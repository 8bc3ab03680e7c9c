/** What a load run comes to, without its histograms: memory of a thing, thresholds that were held against it, and one word for all. */
import { type LoadRun, hangs, noJobs } from './contract.ts';

export interface Memory {
  readonly servicePeakBytes: number;
  /** 0 where service and fleet are one process, which then is the service's. */
  readonly fleetPeakBytes: number;
  /** Service and fleet together, above what they had before anything was connected. */
  readonly perThingBytes: number;
}

export function memoryOf({ processes, things }: LoadRun): Memory {
  const peak = (roles: readonly string[]): number =>
    processes.filter(({ role }) => roles.includes(role)).reduce((whole, { peakBytes }) => whole + peakBytes, 0);
  const idle = processes.reduce((whole, { idleBytes }) => whole + idleBytes, 0);
  const all = processes.reduce((whole, { peakBytes }) => whole + peakBytes, 0);
  return {
    servicePeakBytes: peak(['service', 'service and fleet']),
    fleetPeakBytes: peak(['fleet']),
    perThingBytes: Math.max(0, Math.round((all - idle) / Math.max(1, things))),
  };
}

export type Unit = 'ms' | 'bytes' | '';

export interface JudgedThreshold {
  readonly expression: string;
  /** Milliseconds, bytes or a count; absent where the run has no such figure. */
  readonly value?: number;
  readonly unit: Unit;
  readonly held: boolean;
}

export function failuresOf({ failures }: LoadRun): number {
  return Object.values(failures).reduce((whole, count) => whole + count, 0);
}

export type LoadVerdict = 'pass' | 'fail' | 'inconclusive';

/** Although it was to roll out jobs, or wait for them. */
export function hasBegunNothing({ settings, executions: { wanted, pulled } }: LoadRun): boolean {
  return settings.pacing !== noJobs && wanted + pulled === 0;
}

/** A run that was cut short, or in which nothing happened, says nothing, but where a device that hangs was the reason. */
export function verdictOfLoad(run: LoadRun, thresholds: readonly JudgedThreshold[]): LoadVerdict {
  if (run.partial !== undefined) return run.failures[hangs] === undefined ? 'inconclusive' : 'fail';
  if (hasBegunNothing(run)) return 'inconclusive';
  const isBroken = run.executions.failed > 0 || failuresOf(run) > 0 || run.differs.length > 0;
  return isBroken || thresholds.some(({ held }) => !held) ? 'fail' : 'pass';
}
