/**
 * What a run of the main job leaves behind, as plain data: `report.json` is this, the page and the JUnit file are drawn from
 * it, and the command line's JSON is its head. Instants inside device timelines are milliseconds of device time since the
 * run began.
 */
import type { Step } from '../../observation/execution.ts';
import type { DurationMs } from '../../protocol/time.ts';
import type { Finding } from '../live/demo/claims.ts';
import type { PullMechanism } from '../live/demo/evidence.ts';
import type { Spread } from './statistics.ts';
import type { Verdict } from '../live/demo/verdict.ts';

/** The members that every verb's JSON has, and those of `demo`; others script against these names. */
export interface DemoSummary {
  /** Version of jobrig. */
  readonly jobrig: string;
  readonly verb: 'demo';
  readonly seed: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly verdict: Verdict;
  readonly things: number;
  /** Device seconds in a wall second. */
  readonly timeScale: number;
  readonly pulls: readonly PullSummary[];
  readonly devices: { readonly valid: number; readonly invalid: number };
  readonly canary: { readonly succeeded: number; readonly failed: number };
  readonly documents: readonly DocumentSummary[];
  readonly hardware: readonly HardwareReport[];
  /** how often each fault of the plan was injected, e.g. `reply lost`; empty without a plan. */
  readonly faults: Readonly<Record<string, number>>;
  /** Path of the page, when one was written. */
  readonly report?: string;
}

export interface PullSummary {
  readonly step: Step;
  readonly pulled: number;
  readonly recovered: number;
  /** Device time; absent when none recovered. */
  readonly recoveryMs?: Spread;
}

/** How one job document of a real system fared. */
export interface DocumentSummary {
  readonly document: string;
  /** Executions by the status that a device which knows its limits gives them. */
  readonly expected: Readonly<Record<string, number>>;
  /** Executions by the status they ended in; `PENDING` for those that did not end. */
  readonly ended: Readonly<Record<string, number>>;
  /** Executions that ended otherwise than expected. */
  readonly mistaken: number;
}

export interface DemoReport extends DemoSummary {
  readonly deviceReports: readonly DeviceReport[];
}

/** A hardware profile that devices of the run had, and which of its figures nobody measured. */
export interface HardwareReport {
  readonly name: string;
  readonly description: string;
  readonly devices: number;
  readonly figures: number;
  /** `path` as in the profile, e.g. `flash.eraseSectorMs`. */
  readonly assumed: readonly { readonly path: string; readonly value: number; readonly source: string }[];
}

export type DeviceOutcome = 'recovered' | 'untouched' | 'invalid' | 'inconclusive';

export interface DeviceReport {
  readonly thingName: string;
  readonly hardware: string;
  readonly outcome: DeviceOutcome;
  /** In one sentence. */
  readonly reason: string;
  readonly runningVersion: string;
  readonly pull?: PullReport;
  readonly findings: readonly Finding[];
  readonly timeline: Timeline;
}

export interface PullReport {
  readonly step: Step;
  readonly mechanism: PullMechanism;
  readonly jobId: string;
  readonly executionNumber: number;
  readonly namespaceId?: string;
  readonly recoveryMs?: DurationMs;
}

export type Lane = 'operator' | 'service' | 'device';

/** An arrow between two lanes, or a mark on one (`from` equals `to`). */
export interface TimelineEntry {
  readonly at: DurationMs;
  readonly from: Lane;
  readonly to: Lane;
  readonly label: string;
  readonly topic?: string;
  readonly tone: 'plain' | 'good' | 'bad' | 'pull' | 'recovery' | 'fault';
  /** The step the device was at. */
  readonly step: Step | 'idle';
}

export interface Timeline {
  readonly entries: readonly TimelineEntry[];
  /** Entries that were left out at the end to keep the report small. */
  readonly omitted: number;
}
