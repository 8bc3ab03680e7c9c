/**
 * A load run as data: the shape that is asked for, what a run is made of, and what its processes tell each other. Shapes are
 * files (shape-file.ts); a run is what `run.json` holds, so that runs of slices can be merged without loss.
 */
import type { FaultPlan } from '../../faults/plan.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';

/** What is timed; the latency names of results and thresholds. */
export const exchanges = [
  /** From opening a connection to SUBACK. */
  'connect',
  /** Open loop: from the intended start of an execution to its notification. */
  'notify',
  'start-next',
  'update',
  /** DescribeJobExecution and GetPendingJobExecutions; only the agent proper asks so. */
  'get',
  /** PINGREQ to PINGRESP. */
  'ping',
  /** From its notification (open loop: its intended start) to SUCCEEDED accepted. */
  'execution',
  /** From the cut or the deletion until the service has said again what the device has to do. */
  'recovery',
] as const;
export type Exchange = (typeof exchanges)[number];

/** How a job reaches its things. */
export type Pacing =
  /** Closed loop: so many executions in flight; the next thing joins when one is done. */
  | { readonly kind: 'window'; readonly window: number }
  /** Open loop: things join at intended instants, whatever became of those before. */
  | { readonly kind: 'rate'; readonly perSecond: number }
  /** All things are in the group from the start: the service rolls out at its own rate, 1,000 a minute at most. */
  | { readonly kind: 'service' };

/** What a thing does for one execution; it reads this from the job document. */
export interface Work {
  /** Updates with IN_PROGRESS before the one with SUCCEEDED. */
  readonly updates: number;
  /** Between an answer and the next update. */
  readonly pauseMs: DurationMs;
  /** Stays IN_PROGRESS after its first update, until the job is taken away. */
  readonly holds: boolean;
}

export type ShapeDeed =
  | {
      readonly do: 'rollout';
      readonly job: string;
      /** Absent: as the run is paced. `all`: every thing in flight at once. */
      readonly window?: number | 'all';
      readonly by: 'joining' | 'service';
      readonly work: Partial<Work>;
    }
  /** All connections, or a share of them, are cut at once. */
  | { readonly do: 'link'; readonly percent: number }
  | { readonly do: 'cancel-job'; readonly job: string; readonly force: boolean }
  | { readonly do: 'delete-job'; readonly job: string; readonly force: boolean };

/** Percentages are of the things, those of a job of the executions that it has made. */
export type ShapeTrigger =
  | { readonly on: 'connected'; readonly percent: number }
  | { readonly on: 'in-progress' | 'finished'; readonly job: string; readonly percent: number }
  | { readonly on: 'recovered'; readonly percent: number }
  | { readonly on: 'idle'; readonly forMs: DurationMs };

export interface ShapeEntry {
  readonly when?: ShapeTrigger;
  readonly deeds: readonly ShapeDeed[];
}

export interface LoadShape {
  readonly id: string;
  readonly version: number;
  readonly claim: string;
  readonly given: {
    readonly things: number;
    /** For each thing. */
    readonly executions: number;
    readonly window: number;
    readonly work: Work;
    readonly connectRate: number;
    readonly keepAliveMs: DurationMs;
    readonly durationMs?: DurationMs;
    /** Devices come back after a pause drawn from zero to this. */
    readonly reconnectMs: DurationMs;
    /** Of the service, counted from its start. */
    readonly faults: FaultPlan;
  };
  /** The script is played again until the duration is over. */
  readonly repeats: boolean;
  readonly script: readonly ShapeEntry[];
}

/** What of one job was seen, at one end. */
export interface JobCounts {
  readonly made: number;
  readonly started: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Taken away by the operator before they were over. */
  readonly pulled: number;
}

/** One second of the run, or more of them in a long one. */
export interface LoadSample {
  /** Since the start of the run, at the end of this span. */
  readonly atMs: DurationMs;
  readonly spanMs: DurationMs;
  readonly connected: number;
  readonly inProgress: number;
  /** Within the span. */
  readonly succeeded: number;
  readonly exchanges: number;
  readonly failures: number;
  readonly refusals: number;
  /** Of updates and start-next together; absent where none was answered. */
  readonly latencyMs?: { readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number };
  readonly processes: readonly { readonly name: string; readonly cpu: number; readonly bytes: number }[];
}

export interface LoadPhase {
  readonly name: string;
  readonly fromMs: DurationMs;
  readonly toMs: DurationMs;
}

export interface LoadProcess {
  readonly name: string;
  readonly role: 'service' | 'fleet' | 'service and fleet';
  readonly things: number;
  readonly idleBytes: number;
  readonly peakBytes: number;
  readonly cpuMs: DurationMs;
  /** Share of the busiest second in which its event loop was never idle. */
  readonly busiest: number;
}

export interface LoadRun {
  readonly form: 'jobrig load run 1';
  readonly jobrig: string;
  readonly seed: number;
  readonly shape: string;
  readonly claim: string;
  /** What measures the same again; absent in runs that were kept before it was. */
  readonly command?: string;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs;
  readonly things: number;
  readonly slice?: { readonly index: number; readonly of: number };
  readonly settings: {
    readonly executions: number;
    readonly updates: number;
    readonly pacing: string;
    readonly hardware: string;
    readonly transport: string;
    readonly endpoint: string;
  };
  /** As the fleet counted them. */
  readonly executions: {
    readonly wanted: number;
    readonly succeeded: number;
    readonly failed: number;
    readonly pulled: number;
  };
  readonly executionsPerSecond: number;
  readonly exchangesPerSecond: number;
  readonly connectsPerSecond: number;
  /** HDR histograms in microseconds, compressed, in base64; only of what occurred. */
  readonly histograms: Readonly<Partial<Record<Exchange, string>>>;
  readonly timeline: readonly LoadSample[];
  readonly phases: readonly LoadPhase[];
  readonly processes: readonly LoadProcess[];
  readonly failures: Readonly<Record<string, number>>;
  /** Requests that the shape lets the service refuse, by code; devices ask again. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly saturated: boolean;
  /** What service and fleet counted differently, in words. */
  readonly differs: readonly string[];
  /** What it has not done of that for which its shape is, in words; absent: nothing. */
  readonly notes?: readonly string[];
  /** Why it ended before its end; absent: it did not. */
  readonly partial?: string;
}

/** Kind of failure: a call into a device did not return. */
export const hangs = 'device hangs';

/** As the pacing of a run without any. */
export const noJobs = 'no jobs';
