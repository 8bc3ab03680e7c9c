/**
 * What a run of the main job leaves behind, as plain data: the page and the JUnit file are drawn from it, `report.json` is this
 * but for its runs, which are in `run.json`, and the command line's JSON is its head. Findings and observations are those of
 * rig/verdict and observation; instants in them are milliseconds of device time since the epoch.
 */
import type { Step } from '../../observation/execution.ts';
import type { Observation } from '../../observation/observation.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { ScenarioRun } from '../live/check/check-result.ts';
import type { Finding, Verdict } from '../verdict/contract.ts';
import type { Spread } from './statistics.ts';

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
  /** It was interrupted: what was found until then, and never `pass`. */
  readonly partial?: true;
  readonly things: number;
  /** Device seconds in a wall second that were asked for. */
  readonly timeScale: number;
  readonly coverage: CoverageReport;
  readonly pulls: readonly PullSummary[];
  readonly devices: { readonly valid: number; readonly invalid: number };
  readonly canary: { readonly succeeded: number; readonly failed: number };
  readonly documents: readonly DocumentSummary[];
  /** What broke in either act, grouped, the most frequent first; empty when all is well. */
  readonly causes: readonly CauseReport[];
  readonly hardware: readonly HardwareReport[];
  /** How often each fault of the plan was injected, e.g. `reply lost`; empty without a plan. */
  readonly faults: Readonly<Record<string, number>>;
  readonly host: HostReport;
  /** Path of the page, when one was written. */
  readonly report?: string;
}

/** What was tried. */
export interface CoverageReport {
  /** Steps at which a job was pulled live, of nine. */
  readonly steps: number;
  /** Scenarios and seeds that were played in virtual time. */
  readonly scenarios: number;
  readonly seeds: number;
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

/** What broke, told once, however often it was found. */
export interface CauseReport {
  /** On sockets, or in virtual time. */
  readonly act: 'live' | 'virtual';
  /** V1 to V10 of a device, E1 to E9 of the service's engine, R1 and R2 of the run itself. */
  readonly claim: string;
  /** What the claim says, e.g. `no zombie work: stops working for …`. */
  readonly claimText: string;
  /** What was found, in one sentence. */
  readonly reason: string;
  readonly found: number;
  /** Things (live), or scenarios and seeds (virtual), the first of them. */
  readonly in: readonly string[];
  /** Numbers of docs/recovery-bugs.md. */
  readonly resembles: readonly string[];
  /** Id of the scenario that shows it, one of {@link DemoReport.runs} but for rare causes. */
  readonly scenario: string;
  /** The command that plays it again, when its file was written. */
  readonly replay?: string;
}

/** How well this machine kept up. */
export interface HostReport {
  /** Device seconds in a wall second as they were. */
  readonly pace: number;
  /** Wall time that did not count as device time, since the machine was busy. */
  readonly behindMs: DurationMs;
  /** The longest that a device waited for an answer without any fault, in device time. */
  readonly longestAnswerMs: DurationMs;
  /** Findings are inconclusive for that reason; what to do. */
  readonly advice?: string;
}

export interface DemoReport extends DemoSummary {
  readonly deviceReports: readonly DeviceReport[];
  /**
   * The documents and the waves, with what was seen of the devices that are told of; then, of each cause that was found in virtual
   * time, the smallest scenario with all that was seen of it.
   */
  readonly runs: readonly ScenarioRun[];
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
  /** V1 to V10, in order. */
  readonly findings: readonly Finding[];
  /** When its part began: the instants of its story count from here. */
  readonly startedAt: EpochMs;
  /** What was seen of it: of those that are not valid, and of some of the others, to keep the report small. */
  readonly observations: readonly Observation[];
  /** Observations that were left out at the end. */
  readonly omitted: number;
}

export type PullMechanism = 'DeleteJobExecution' | 'DeleteJob';

export interface PullReport {
  readonly step: Step;
  readonly mechanism: PullMechanism;
  readonly jobId: string;
  readonly executionNumber: number;
  readonly namespaceId?: string;
  readonly at: EpochMs;
  /** Device time from the pull to the device being idle again; absent when that was not seen. */
  readonly recoveryMs?: DurationMs;
}
