/**
 * A check as a JUnit file: one suite, a case for each scenario and each moment of a sweep; a failure carries its sentence as
 * message and, in its text, the claim and what was said, each once. Source: the de-facto schema of Jenkins and Surefire.
 */
import {
  type CheckResult,
  type ScenarioResult,
  type ScenarioRun,
  type SweepPoint,
  exemplaryRun,
  verdictOfRuns,
} from '../live/check/check-result.ts';
import { knownAs } from './check-summary.ts';
import { evidenceText } from './evidence.ts';
import { type Case, caseOf, junitFile } from './junit.ts';

export function checkJunit(result: CheckResult): string {
  const { results, sweep, diagnosis, startedAt } = result;
  const suites = [
    ...(diagnosis === undefined
      ? []
      : [
          {
            name: 'handshake',
            cases: [{ name: 'a plain job', className: 'jobrig.handshake', seconds: 0, error: diagnosis.cause }],
          },
        ]),
    { name: 'scenarios', cases: results.map(scenarioCase) },
    ...(sweep === undefined ? [] : [{ name: 'sweep', cases: sweep.map(sweepCase) }]),
  ];
  return junitFile('jobrig check', suites, new Date(startedAt).toISOString());
}

function scenarioCase(result: ScenarioResult): Case {
  const run = exemplaryRun(result);
  const { id, theme, claim } = result.scenario;
  const className = `jobrig.check${theme === undefined ? '' : `.${theme.replaceAll(/\W+/g, '-')}`}`;
  const about = { name: id, className, seconds: run.durationMs / 1000 };
  return caseOf(about, verdictOfRuns(result.runs), () => failureText(run, knownAs(run.resembles), claim), run.reason);
}

function sweepCase({ label, cross, run }: SweepPoint): Case {
  const about = { name: `${label}, ${cross}`, className: 'jobrig.check.sweep', seconds: run.durationMs / 1000 };
  return caseOf(about, run.verdict, () => failureText(run), run.reason);
}

function failureText(run: ScenarioRun, known = '', ...claim: readonly string[]): string {
  return [`${run.broke.join(', ')}: ${run.reason}${known}`, ...claim, ...evidenceText(run)].join('\n');
}
