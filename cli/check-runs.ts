/**
 * Runs of a check on disk: `run.json` with all that was seen, and each failing scenario as a file of its own that plays it again.
 * Reads them back for `--last-failed`, `--replay`, `--resume`, `merge` and `show`.
 */
import { rmSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readForm } from '../protocol/form.ts';
import { OperationalError } from '../protocol/operational-error.ts';
import {
  type CheckResult,
  type ScenarioRun,
  checkForm,
  exemplaryRun,
  verdictOfRuns,
} from '../rig/live/check/check-result.ts';
import { mustEnd, whyUnreadable } from '../rig/files/named-file.ts';
import type { KeptWith } from '../rig/report/kept-run.ts';
import type { Scenario } from '../rig/scenario/contract.ts';
import { scenarioText } from '../rig/scenario/format/write.ts';
import { writeOutput } from './output-folder.ts';

/** What an earlier run found, as far as a later one needs it. */
export interface KeptCheck {
  readonly path: string;
  readonly result: CheckResult;
  /** Scenarios and moments of the sweep that failed, as they were played. */
  readonly failed: readonly Scenario[];
  /** Ids of moments of the sweep that were played. */
  readonly swept: ReadonlySet<string>;
}

/** As far as a run is read again; what its members hold otherwise is passed on. */
const runForm = z.looseObject({
  scenario: z.looseObject({ id: z.string() }),
  verdict: z.enum(['pass', 'fail', 'skip', 'inconclusive']),
});
const keptForm = z.looseObject({
  form: z.literal(checkForm, `is not ${JSON.stringify(checkForm)}`),
  results: z.array(z.looseObject({ scenario: z.looseObject({ id: z.string() }), runs: z.array(runForm) })),
  sweep: z.array(z.looseObject({ run: runForm })).optional(),
});

/** @param more what pages that open it need beside the result */
export function keepRun(directory: string, result: CheckResult, more: KeptWith = {}): void {
  writeOutput(directory, 'run.json', `${JSON.stringify({ form: checkForm, ...result, ...more })}\n`);
}

/** @returns by id of each scenario that failed, its file */
export function keepFailing(directory: string, result: CheckResult): ReadonlyMap<string, string> {
  const folder = join(directory, 'failing');
  rmSync(folder, { recursive: true, force: true });
  return new Map(
    failedRuns(result).map(({ scenario }) => [
      scenario.id,
      writeOutput(folder, `${scenario.id}.yaml`, scenarioText(scenario)),
    ]),
  );
}

/** The run that shows best what failed, for each scenario and moment. */
function failedRuns({ results, sweep = [] }: CheckResult): readonly ScenarioRun[] {
  const failing = results.filter(({ runs }) => verdictOfRuns(runs) === 'fail').map(exemplaryRun);
  return [...failing, ...sweep.map(({ run }) => run).filter(({ verdict }) => verdict === 'fail')];
}

/** @param run a folder, or its run.json. @throws {OperationalError} `RUN_UNREADABLE` */
export async function readKept(run: string): Promise<KeptCheck> {
  const path = await runFile(run);
  let value: unknown;
  try {
    mustEnd(path);
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new OperationalError('RUN_UNREADABLE', `${path} cannot be read: ${whyUnreadable(cause)}`, { cause });
  }
  const read = readForm(keptForm, value);
  if (!read.ok) {
    const [{ path: member, message } = { path: '', message: '' }] = read.problems;
    const what = member === '' ? '' : `: ${member} ${message}`;
    throw new OperationalError('RUN_UNREADABLE', `${path} is not the run of a check${what}`);
  }
  // Beyond what the form looks at, a run is as this version wrote it: that is what the name of its form says.
  const result = read.value as unknown as CheckResult;
  const failed = failedRuns(result).map(({ scenario }) => scenario);
  const swept = new Set((result.sweep ?? []).map(({ run: { scenario } }) => scenario.id));
  return { path, result, failed, swept };
}

/** @param run a folder, or its run.json, which need not be there */
export async function runFile(run: string): Promise<string> {
  const isFolder = await stat(run).then(
    (found) => found.isDirectory(),
    () => !run.endsWith('.json'),
  );
  return isFolder ? join(run, 'run.json') : run;
}

/** A sweep that went on where another was broken off, as one. */
export function withEarlierPulls(now: CheckResult, earlier: CheckResult): CheckResult {
  const sweep = [...(earlier.sweep ?? []), ...(now.sweep ?? [])].sort((a, b) => a.atMs - b.atMs);
  return { ...now, startedAt: earlier.startedAt, sweep };
}

/** What became of each failure of the earlier run. */
export function compareWithRun(kept: KeptCheck, now: CheckResult): readonly string[] {
  const words = {
    pass: 'FIXED',
    fail: 'STILL FAILS',
    inconclusive: 'NOT REPRODUCED (inconclusive)',
    skip: 'NOT REPRODUCED (skipped)',
  };
  const broke = new Map(failedRuns(kept.result).map(({ scenario, broke: [first] }) => [scenario.id, first]));
  return kept.failed.map(({ id }) => {
    const again = now.results.find(({ scenario }) => scenario.id === id);
    if (again === undefined) return `NOT REPRODUCED  ${id}  the scenario was not played`;
    const verdict = verdictOfRuns(again.runs);
    const isOther = verdict === 'fail' && exemplaryRun(again).broke[0] !== broke.get(id);
    const note = isOther ? `  by another claim: ${exemplaryRun(again).reason}` : '';
    return `${words[verdict]}  ${id}${note}`;
  });
}
