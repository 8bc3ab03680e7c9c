/**
 * `runCheck` as a library on the agents of fixtures/agents and their like. How much is tried is said by `JOBRIG_AGENTS`: by default a few
 * agents and scenarios; `many` (as in `.ci/run`) tries all agents on the scenarios that tell most; `all` tries every scenario, which
 * takes an hour. Agents mostly wait, so they are checked side by side.
 */
import { resolve } from 'node:path';
import { type LibraryCheckOptions, runCheck } from '../../rig/live/check/scenario-check.ts';
import { type CheckResult, type ScenarioVerdict, verdictOfRuns } from '../../rig/live/check/check-result.ts';

const extent = process.env['JOBRIG_AGENTS'];
const isWhole = extent === 'all';

/** Those of a table that this run has time for. @param few those that are tried by default */
export function tried<Row>(table: readonly Row[], few: (row: Row) => boolean): readonly Row[] {
  return extent === undefined ? table.filter(few) : table;
}

/** @param telling the scenarios for a run that has no time for all */
export function scenariosOf(telling: readonly string[]): readonly string[] {
  return isWhole ? [] : telling;
}

/** For one agent. */
export const timeoutMs = isWhole ? 900_000 : 240_000;

/** A path in fixtures/agents. */
export function fixtureAgent(path: string): string {
  return resolve('fixtures/agents', path);
}

/** @param scenarios ids; none: all that come with jobrig */
export function check(
  command: readonly string[],
  scenarios: readonly string[],
  more: Partial<LibraryCheckOptions> = {},
): Promise<CheckResult> {
  return runCheck({
    subject: { kind: 'program', command },
    ...(scenarios.length > 0 && { scenarios }),
    parallel: scenarios.length === 0 ? 8 : scenarios.length,
    ...more,
  });
}

/** By scenario, but for those that were skipped: the verdict, with the reason where it is not a pass. */
export function verdicts({ results, diagnosis }: CheckResult): Readonly<Record<string, string>> {
  if (diagnosis !== undefined) return { handshake: JSON.stringify(diagnosis) };
  return Object.fromEntries(
    results.flatMap(({ scenario, runs }) => {
      const verdict: ScenarioVerdict = verdictOfRuns(runs);
      if (verdict === 'skip') return [];
      const reasons = runs.flatMap(({ reason, broke }) => (reason === '' ? [] : [` ${broke.join(' ')}: ${reason}`]));
      return [[scenario.id, `${verdict}${reasons.join(';')}`]];
    }),
  );
}

/** What a right agent is to show. */
export function allPass(result: CheckResult): Readonly<Record<string, string>> {
  const played = Object.keys(verdicts(result)).filter((id) => id !== 'handshake');
  return Object.fromEntries(played.map((id) => [id, 'pass']));
}
