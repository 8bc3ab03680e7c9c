/**
 * The baseline of a firmware that starts with failures: a file with the scenarios that may fail, and by which claim. Only a new
 * failure fails the check; one that is mended is said, so that the file can shrink.
 */
import { existsSync } from 'node:fs';
import { z } from 'zod';
import { readForm } from '../protocol/form.ts';
import { type CheckResult, exemplaryRun, verdictOfRuns } from '../rig/live/check/check-result.ts';
import { claimIds } from '../rig/verdict/contract.ts';
import { readWrittenFile } from '../rig/files/written-file.ts';
import { writeFileOf } from './output-folder.ts';

export interface Baseline {
  /** Claims that may break, by scenario. */
  readonly known: Readonly<Record<string, readonly string[]>>;
}

const baselineForm: z.ZodType<Baseline> = z.strictObject(
  { known: z.record(z.string(), z.array(z.enum(claimIds))) },
  'must have one member, `known`: scenarios and the claims that they may break',
);

/** @returns nothing where the file is missing: this run makes it. @throws {OperationalError} `BASELINE_INVALID` */
export function readBaseline(file: string): Baseline | undefined {
  if (!existsSync(file)) return undefined;
  return readWrittenFile(file, 'BASELINE_INVALID', (value) => readForm(baselineForm, value));
}

export function writeBaseline(file: string, result: CheckResult): void {
  const failed = result.results.filter(({ runs }) => verdictOfRuns(runs) === 'fail');
  const known = Object.fromEntries(failed.map((each) => [each.scenario.id, exemplaryRun(each).broke]));
  writeFileOf('--baseline', file, `${JSON.stringify({ known }, undefined, 2)}\n`);
}

/** Failures that the baseline knows, by the same claims, count as passed with a note. */
export function applyBaseline(result: CheckResult, { known }: Baseline): CheckResult {
  return {
    ...result,
    results: result.results.map((each) => {
      const allowed = known[each.scenario.id];
      if (allowed === undefined || verdictOfRuns(each.runs) !== 'fail') return each;
      const isKnown = exemplaryRun(each).broke.every((claim) => allowed.includes(claim));
      if (!isKnown) return each;
      const runs = each.runs.map((run) =>
        run.verdict === 'fail'
          ? { ...run, verdict: 'skip' as const, reason: `fails as the baseline says: ${run.reason}` }
          : run,
      );
      return { ...each, runs };
    }),
  };
}
