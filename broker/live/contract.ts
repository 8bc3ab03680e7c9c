/**
 * What the live page is told and may ask for, as plain JSON: the words that the feed of the service and the page in a browser
 * share. A snapshot comes first and whenever a browser has fallen behind; then deltas, at most ten a second. Members may be
 * added, never renamed: a page that was opened before an update of the rig may read a newer feed for a moment.
 */
import { steps } from '../../observation/execution.ts';
import type { DeviceView } from '../../observation/inside.ts';
import type { Observation } from '../../observation/observation.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';

/** What a tile shows of a device. `working`: at an execution, at a step that nobody tells. `broken`: judged so. */
export const deviceStates = [
  'gone',
  'away',
  'waiting',
  'working',
  ...steps,
  'succeeded',
  'failed',
  'pulled',
  'recovered',
  'broken',
] as const;
export type DeviceState = (typeof deviceStates)[number];

/** One letter for each state, so that ten thousand of them are ten thousand letters. */
export const stateLetters = 'abcdefghijklmnopqr';

export interface Counters {
  readonly things: number;
  readonly connected: number;
  readonly atWork: number;
  /** Executions by how they ended, since the feed began. */
  readonly succeeded: number;
  readonly failed: number;
  readonly pulled: number;
  readonly recovered: number;
  /** Devices that a judge found broken. */
  readonly broken: number;
  /** Of the pulls that were recovered from; absent: of none. */
  readonly medianRecoveryMs?: DurationMs;
}

/** Before anything was seen. */
export const noCounters: Counters = {
  things: 0,
  connected: 0,
  atWork: 0,
  succeeded: 0,
  failed: 0,
  pulled: 0,
  recovered: 0,
  broken: 0,
};

/** One second of the wall clock. */
export interface ChartPoint {
  readonly at: EpochMs;
  /** Executions that ended, by second of service time. */
  readonly finishedPerSecond: number;
  /** Requests of devices, by second of the wall clock. */
  readonly exchangesPerSecond: number;
  /** From a request until its answer, wall clock, of those answered in this second. */
  readonly answerP50Ms?: number;
  readonly answerP99Ms?: number;
  readonly pulls: number;
  readonly connected: number;
  readonly memoryMb: number;
}

/** A job that devices have pending executions of. */
export interface PendingJob {
  readonly jobId: string;
  readonly namespaceId?: string;
  readonly pending: number;
  readonly inProgress: number;
}

/** What the run can do beside what the service itself can. */
export type RunDeed = 'power-cut' | 'drop-link' | 'speed' | 'start';

/** What is running, for the bar at the top and for what can be done. */
export interface RunHead {
  readonly verb: string;
  /** e.g. `seed 1 · faults: none` */
  readonly about: string;
  readonly deeds: readonly RunDeed[];
  /** Service seconds in a wall second; 0 is paused. */
  readonly speed: number;
  /** What is going on, in one line. */
  readonly act?: string;
  /** What went on before that, the latest first. */
  readonly before?: readonly string[];
  /** The device of which a judge found last that a claim is broken, and what it does, in words. */
  readonly found?: { readonly thing: string; readonly reason: string };
  /** Waits for somebody to press the start button. */
  readonly awaitsStart?: boolean;
  /** Ended, and how; the service is still there. */
  readonly verdict?: 'pass' | 'fail' | 'inconclusive';
  /** Of a check. */
  readonly scenarios?: readonly ScenarioLine[];
}

export interface ScenarioLine {
  readonly id: string;
  readonly state: 'waits' | 'runs' | 'pass' | 'fail' | 'skip' | 'inconclusive';
  readonly reason?: string;
}

export interface Snapshot {
  readonly kind: 'snapshot';
  /** Another value: another service, and another page to load. */
  readonly service: string;
  /** To be named when the page says what it looks at. */
  readonly viewer: number;
  readonly at: EpochMs;
  /** Times are shown from here. */
  readonly startedAt: EpochMs;
  readonly endpoints: Readonly<Record<string, string>>;
  readonly run: RunHead;
  readonly names: readonly string[];
  /** A letter for each name. */
  readonly states: string;
  readonly counters: Counters;
  readonly jobs: readonly PendingJob[];
  readonly chart: readonly ChartPoint[];
  /** Things that there are beside those that are shown. */
  readonly unseen: number;
  readonly device?: DeviceFrame;
}

export interface Delta {
  readonly kind: 'delta';
  readonly at: EpochMs;
  readonly run?: RunHead;
  /** Behind those that there were. */
  readonly joined?: readonly string[];
  /** Index and letter of what changed. */
  readonly moved?: readonly (readonly [number, string])[];
  readonly counters?: Counters;
  readonly jobs?: readonly PendingJob[];
  readonly point?: ChartPoint;
  readonly unseen?: number;
  readonly device?: DeviceFrame;
}

export type Frame = Snapshot | Delta;

/** Something that was said or seen, and the how manieth of its device it is. */
export type Told = Observation & { readonly n: number };

export interface QueuedExecution {
  readonly jobId: string;
  readonly namespaceId?: string;
  readonly executionNumber: number;
  readonly status: string;
  readonly versionNumber: number;
}

/** What is odd about what a device says; how often it was seen. */
const remarkCodes = [
  'no-client-token',
  'notify-without-next',
  'goes-on-after-gone',
  'asks-after-gone',
  'not-json',
  'denied-subscription',
  'refused-publish',
  'no-such-operation',
] as const;
export type RemarkCode = (typeof remarkCodes)[number];

export interface PullSeen {
  readonly at: EpochMs;
  readonly jobId: string;
  readonly state: DeviceState;
  readonly recoveredMs?: DurationMs;
}

export interface DeviceFrame {
  readonly name: string;
  readonly state: DeviceState;
  readonly online: boolean;
  /** What was said since the last frame; with `anew`, all that is kept. */
  readonly told: readonly Told[];
  readonly anew?: boolean;
  /** Only pending executions. The first is the head. */
  readonly queue: readonly QueuedExecution[];
  readonly pull?: PullSeen;
  readonly verdict?: string;
  readonly remarks: readonly (readonly [RemarkCode, number])[];
  readonly hardware?: string;
  readonly protocol?: string;
  /** Of a simulated device: its inside, and as it was when it was pulled. */
  readonly view?: DeviceView;
  readonly viewAtPull?: DeviceView;
}

/** What a page asks for. `things`: these; `job`: all of it. */
export type ActionTarget = { readonly things: readonly string[] } | { readonly job: string };

export type PageAction =
  | { readonly do: 'pull' | 'cancel'; readonly target: ActionTarget }
  | { readonly do: 'power-cut' | 'drop-link'; readonly things: readonly string[]; readonly forMs: DurationMs }
  | { readonly do: 'throttle'; readonly forMs: DurationMs }
  | {
      readonly do: 'create-job';
      readonly jobId: string;
      readonly document: string;
      /** Absent: all that are connected. */
      readonly things?: readonly string[];
    }
  | { readonly do: 'speed'; readonly factor: number }
  | { readonly do: 'start' };

/** What came of an action, in one line. */
export interface ActionOutcome {
  readonly ok: boolean;
  readonly text: string;
}

/** A job document that comes with jobrig. */
export interface OfferedDocument {
  readonly name: string;
  readonly text: string;
}
