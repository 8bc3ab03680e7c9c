/**
 * A check as people and scripts read it: failures grouped by cause, each with its claim in plain words, the decisive moment, the
 * known bug that it resembles and the command that plays just that again; the same as JSON, in the public shape.
 */
import type { Observation } from '../../observation/observation.ts';
import type { EpochMs } from '../../protocol/time.ts';
import {
  type CheckResult,
  type ScenarioResult,
  type ScenarioRun,
  type SweepPoint,
  exemplaryRun,
  verdictOfCheck,
  verdictOfRuns,
} from '../live/check/check-result.ts';
import { catalogName } from '../verdict/catalog.ts';
import { claimNames } from './claim-words.ts';
import { failureRates, wilson } from './failure-rates.ts';
import { decisiveOf, evidenceLines, failuresIn } from './evidence.ts';
import { lineOf, plainText } from './lines.ts';
import { groupsOf } from './statistics.ts';
import { spanText } from './words.ts';

/** Scenarios that failed for one reason. */
export interface Cause {
  /** The claim that broke, e.g. `V2`. */
  readonly claim: string;
  /** In plain words. */
  readonly sentence: string;
  readonly resembles: readonly string[];
  readonly results: readonly ScenarioResult[];
}

/** The most frequent first. */
export function causesOf({ results }: CheckResult): readonly Cause[] {
  const failed = results.filter(({ runs }) => verdictOfRuns(runs) === 'fail');
  return groupsOf(failed, causeIn).map((group): Cause => {
    const run = exemplaryRun(group[0]!);
    const resembles = [...new Set(group.flatMap((result) => exemplaryRun(result).resembles))];
    return { claim: run.broke[0] ?? '', sentence: run.reason, resembles, results: group };
  });
}

/** Without figures and job ids, which differ from scenario to scenario. */
function causeIn(result: ScenarioResult): string {
  const { broke, reason } = exemplaryRun(result);
  return `${broke[0] ?? ''}: ${reason.replaceAll(/\b[a-z]+-\d+\b|\d+(\.\d+)?/g, '#')}`;
}

/** The moment that decided, on one line. */
export function decisiveText(run: ScenarioRun): string | undefined {
  const seen = decisiveOf(failuresIn(run).find(({ claim }) => claim === run.broke[0]));
  return seen === undefined ? undefined : momentText(seen, run.startedAt);
}

/** When something was seen, and what, on one line. */
export function momentText(seen: Observation, startedAt: EpochMs): string | undefined {
  const line = lineOf(seen);
  if (line === undefined) return undefined;
  const after = spanText(Math.max(0, seen.at - startedAt));
  const who = line.actor === 'device' ? 'the device ' : '';
  return `${after} after the start: ${who}${plainText(line.text)}`;
}

export function resultLine(result: ScenarioResult): string {
  const run = exemplaryRun(result);
  const { id } = run.scenario;
  switch (verdictOfRuns(result.runs)) {
    case 'pass':
      return run.recoveryMs === undefined ? id : `${id}  recovered in ${spanText(run.recoveryMs)}`;
    case 'fail':
      return `${id}  ${run.reason}${knownAs(run.resembles)}${rateText(result)}`;
    case 'skip':
      return `${id}  ${run.reason}`;
    case 'inconclusive':
      return `${id}  ${run.reason}`;
  }
}

export function knownAs(resembles: readonly string[]): string {
  const [first] = resembles;
  return first === undefined ? '' : ` — known as ${catalogName(first)}`;
}

/** A race is a rate: how often of how many, with the interval that is likely. */
function rateText({ runs }: ScenarioResult): string {
  if (runs.length < 2) return '';
  const failed = runs.filter(({ verdict }) => verdict === 'fail').length;
  const { low, high } = wilson(failed, runs.length);
  return ` (fails ${failed} of ${runs.length}; ${percent(low)} to ${percent(high)} with 95 % confidence)`;
}

function percent(rate: number): string {
  return `${Math.round(rate * 100)} %`;
}

export interface Survival {
  readonly tried: number;
  readonly survived: number;
  readonly skipped: number;
  readonly inconclusive: number;
}

export function survivalOf(results: readonly ScenarioResult[]): Survival {
  const count = (wanted: string): number => results.filter(({ runs }) => verdictOfRuns(runs) === wanted).length;
  const survived = count('pass');
  return { tried: survived + count('fail'), survived, skipped: count('skip'), inconclusive: count('inconclusive') };
}

/** The public form of `--json`. */
export function checkJson(result: CheckResult, head: { readonly jobrig: string; readonly seed?: number }): object {
  return {
    jobrig: head.jobrig,
    verb: 'check',
    ...(head.seed !== undefined && { seed: head.seed }),
    startedAt: new Date(result.startedAt).toISOString(),
    endedAt: new Date(result.endedAt).toISOString(),
    verdict: verdictOfCheck(result),
    subject: result.subject,
    ...(result.isPartial && { partial: true }),
    ...(result.portrait && { portrait: result.portrait }),
    ...(result.diagnosis && { diagnosis: result.diagnosis }),
    scenarios: result.results.map(scenarioJson),
    ...(result.sweep && { sweep: sweepJson(result.sweep) }),
  };
}

function scenarioJson(result: ScenarioResult): object {
  const run = exemplaryRun(result);
  const { id, version, claim, catalog } = result.scenario;
  const failed = result.runs.filter(({ verdict }) => verdict === 'fail').length;
  return {
    id,
    version,
    claim,
    catalog,
    verdict: verdictOfRuns(result.runs),
    broke: run.broke,
    reason: run.reason,
    evidence: evidenceLines(run),
    durationMs: run.durationMs,
    ...(run.recoveryMs !== undefined && { recoveryMs: run.recoveryMs }),
    ...(run.resembles.length > 0 && { resembles: run.resembles }),
    ...(result.runs.length > 1 && { runs: result.runs.length, failed, ...wilson(failed, result.runs.length) }),
    findings: run.findings.map((finding) => ({
      claim: finding.claim,
      name: claimNames[finding.claim],
      outcome: finding.outcome,
      reason: finding.reason,
    })),
  };
}

function isFailed({ run }: SweepPoint): boolean {
  return run.verdict === 'fail';
}

function sweepJson(sweep: readonly SweepPoint[]): object {
  return {
    points: sweep.length,
    survived: sweep.filter(({ run }) => run.verdict === 'pass').length,
    failures: sweep.filter(isFailed).map(({ label, cross, atMs, run }) => ({
      point: label,
      cross,
      broke: run.broke,
      atMs,
      reason: run.reason,
    })),
    rates: failureRates(
      sweep.map((point) => ({ atMs: point.atMs, failed: isFailed(point) })),
      ratesInSweep,
    ),
  };
}

const ratesInSweep = 20;
