/**
 * A check as a JUnit file: one suite, a case for each scenario and each moment of a sweep; a failure carries its sentence as
 * message and, in its text, the claim and what was said, each once. Source: the de-facto schema of Jenkins and Surefire.
 */
import {
  type CheckResult,
  type ScenarioResult,
  type SweepPoint,
  exemplaryRun,
  verdictOfRuns,
} from '../live/check/check-result.ts';
import { knownAs } from './check-summary.ts';
import { evidenceText } from './evidence.ts';
import { type Case, junitFile } from './junit.ts';

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
  const verdict = verdictOfRuns(result.runs);
  return {
    name: id,
    className: `jobrig.check${theme === undefined ? '' : `.${theme.replaceAll(/\W+/g, '-')}`}`,
    seconds: run.durationMs / 1000,
    ...(verdict === 'fail' && {
      failure: [`${run.broke.join(', ')}: ${run.reason}${knownAs(run.resembles)}`, claim, ...evidenceText(run)].join(
        '\n',
      ),
    }),
    ...(verdict === 'skip' && { skipped: run.reason }),
    ...(verdict === 'inconclusive' && { error: run.reason }),
  };
}

function sweepCase({ label, cross, run }: SweepPoint): Case {
  return {
    name: `${label}, ${cross}`,
    className: 'jobrig.check.sweep',
    seconds: run.durationMs / 1000,
    ...(run.verdict === 'fail' && {
      failure: [`${run.broke.join(', ')}: ${run.reason}`, ...evidenceText(run)].join('\n'),
    }),
    ...(run.verdict === 'inconclusive' && { error: run.reason }),
  };
}
