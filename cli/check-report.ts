/** What a check, a simulation or a merge leaves in `--out`: `run.json`, the page, and each failing scenario as a file. */
import type { CheckResult } from '../rig/live/check/check-result.ts';
import { checkPage } from '../rig/report/pages.ts';
import { type SimulatedSubject, besideBy, rememberBeside } from './beside.ts';
import { keepFailing, keepRun } from './check-runs.ts';
import { writeOutput } from './output-folder.ts';

export interface ReportAbout {
  readonly verb?: 'simulate';
  /** What plays the failures again. */
  readonly command?: string | undefined;
  /** Absent: a device from outside, of which nobody sees the inside. */
  readonly subject?: SimulatedSubject | undefined;
}

/** @returns the page: its path and its text */
export function writeReport(
  out: string,
  result: CheckResult,
  { verb, command, subject = { hardware: [] } }: ReportAbout,
): { readonly page: string; readonly text: string } {
  const { besideOf, besides } = rememberBeside(besideBy(subject));
  const about = { ...(verb && { verb }), ...(command !== undefined && { command }) };
  const text = checkPage(result, { ...about, besideOf });
  keepRun(out, result, { ...about, besides });
  keepFailing(out, result);
  return { page: writeOutput(out, 'index.html', text), text };
}
