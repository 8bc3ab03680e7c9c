/**
 * What a check found, as data: for each scenario its verdict with the decisive moment, beside the portrait of the device and
 * the sweep. The shapes of `--json`, `run.json` and every report come from here; members may be added, never renamed.
 */
import type { Observation } from '../../../observation/observation.ts';
import type { DurationMs, EpochMs } from '../../../protocol/time.ts';
import type { Scenario } from '../../scenario/contract.ts';
import type { ClaimId, Finding } from '../../verdict/contract.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Portrait } from './portrait.ts';

/** Of a `run.json`; members may be added to it. */
export const checkForm = 'jobrig check run 1';

export type ScenarioVerdict = 'pass' | 'fail' | 'skip' | 'inconclusive';

/** One run of one scenario. */
export interface ScenarioRun {
  readonly scenario: Scenario;
  readonly verdict: ScenarioVerdict;
  /** Claims that broke, the scenario's own first. */
  readonly broke: readonly ClaimId[];
  /** In one sentence; empty for a pass. */
  readonly reason: string;
  readonly findings: readonly Finding[];
  readonly observations: readonly Observation[];
  readonly startedAt: EpochMs;
  readonly durationMs: DurationMs;
  /** From the pull to the device at rest, where both were seen. */
  readonly recoveryMs?: DurationMs;
  /** Numbers of docs/recovery-bugs.md that a failure resembles. */
  readonly resembles: readonly string[];
}

/** All runs of one scenario: one, but for `--repeat`. */
export interface ScenarioResult {
  readonly scenario: Scenario;
  readonly runs: readonly ScenarioRun[];
}

export interface SweepPoint {
  /** Since the job was created, in the recorded update. */
  readonly atMs: DurationMs;
  /** What had just happened, in words. */
  readonly label: string;
  /** What else went wrong at that moment. */
  readonly cross: string;
  readonly run: ScenarioRun;
}

export interface CheckResult {
  /** What was checked, e.g. the command. */
  readonly subject: string;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs;
  readonly portrait?: Portrait;
  /** Of the plain job at the beginning; its observations are the record that the sweep is drawn along. */
  readonly handshake?: ScenarioRun;
  /** The handshake failed, so nothing else was tried. */
  readonly diagnosis?: Diagnosis;
  readonly results: readonly ScenarioResult[];
  readonly sweep?: readonly SweepPoint[];
  /** Ended early, by a signal or `--bail`. */
  readonly isPartial: boolean;
}

/** A scenario that was run several times has failed if it failed once. */
export function verdictOfRuns(runs: readonly ScenarioRun[]): ScenarioVerdict {
  for (const verdict of ['fail', 'inconclusive', 'pass'] as const) {
    if (runs.some((run) => run.verdict === verdict)) return verdict;
  }
  return 'skip';
}

/** The run that shows best what a result is about. */
export function exemplaryRun({ runs }: ScenarioResult): ScenarioRun {
  const verdict = verdictOfRuns(runs);
  return runs.find((run) => run.verdict === verdict)!;
}

export function verdictOfCheck({ diagnosis, results, sweep = [] }: CheckResult): 'pass' | 'fail' | 'inconclusive' {
  if (diagnosis !== undefined) return 'inconclusive';
  const verdicts = new Set([...results.map(({ runs }) => verdictOfRuns(runs)), ...sweep.map(({ run }) => run.verdict)]);
  if (verdicts.has('fail')) return 'fail';
  return verdicts.has('inconclusive') || !verdicts.has('pass') ? 'inconclusive' : 'pass';
}
