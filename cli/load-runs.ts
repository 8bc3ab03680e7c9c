/** Load runs on disk: `run.json`, read again for `jobrig merge`, and the page. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadRun } from '../rig/load/contract.ts';
import { type Threshold, judgeThresholds, parseThreshold } from '../rig/load/figures.ts';
import type { JudgedThreshold } from '../rig/load/verdict.ts';
import { mergeLoads } from '../rig/load/merge.ts';
import { type KeptLoad as KeptWithLoad, loadForm } from '../rig/report/kept-run.ts';
import { loadPage, shownLoad } from '../rig/report/pages.ts';
import { OperationalError } from '../protocol/operational-error.ts';
import { writeOutput } from './output-folder.ts';

type KeptLoad = LoadRun & KeptWithLoad;

/** @returns the page */
export async function keepLoad(
  directory: string,
  run: LoadRun,
  thresholds: readonly JudgedThreshold[],
): Promise<string> {
  const shown = shownLoad(run, thresholds);
  const { latencies: latencyMs, percentiles } = shown;
  await writeOutput(
    directory,
    'run.json',
    `${JSON.stringify({ ...run, thresholds, latencyMs, percentiles } satisfies KeptLoad)}\n`,
  );
  return writeOutput(directory, 'index.html', loadPage(shown));
}

/** @param run a folder, or its run.json. @returns `undefined` when it is no load run; whoever reads other runs says what is wrong */
async function readLoad(run: string): Promise<KeptLoad | undefined> {
  try {
    const isFolder = (await stat(run)).isDirectory();
    const kept = JSON.parse(await readFile(isFolder ? join(run, 'run.json') : run, 'utf8')) as Partial<KeptLoad> | null;
    return kept?.form === loadForm ? (kept as KeptLoad) : undefined;
  } catch {
    return undefined;
  }
}

export interface MergedLoad {
  readonly run: LoadRun;
  readonly thresholds: readonly JudgedThreshold[];
}

/**
 * The runs of slices as one, held against the thresholds that any of them had.
 * @returns `undefined` when none of them is a load run
 * @throws {OperationalError} `RUN_UNREADABLE`
 */
export async function mergeLoadRuns(runs: readonly string[]): Promise<MergedLoad | undefined> {
  const kept = await Promise.all(runs.map(readLoad));
  if (kept.every((run) => run === undefined)) return undefined;
  const other = kept.indexOf(undefined);
  if (other !== -1)
    throw new OperationalError('RUN_UNREADABLE', `${runs[other]} is not the run of a load, as others are`);
  const loads = kept as readonly KeptLoad[];
  const expressions = new Set(loads.flatMap((run) => (run.thresholds ?? []).map(({ expression }) => expression)));
  const thresholds = [...expressions].map(parseThreshold).filter((one): one is Threshold => typeof one !== 'string');
  const run = mergeLoads(loads.map(({ thresholds: _judged, latencyMs: _told, percentiles: _shown, ...each }) => each));
  return { run, thresholds: judgeThresholds(run, thresholds) };
}
