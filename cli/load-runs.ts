/** Load runs on disk: `run.json`, read again for `jobrig merge`, and the page. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { LoadRun } from '../rig/load/contract.ts';
import { type Threshold, judgeThresholds, parseThreshold } from '../rig/load/figures.ts';
import type { JudgedThreshold } from '../rig/load/verdict.ts';
import { mergeLoads } from '../rig/load/merge.ts';
import { type KeptLoad as KeptWithLoad, readKeptRun } from '../rig/report/kept-run.ts';
import { loadPage, shownLoad } from '../rig/report/pages.ts';
import { OperationalError } from '../protocol/operational-error.ts';
import { mustEnd, whyUnreadable } from '../rig/files/named-file.ts';
import { runFile } from './check-runs.ts';
import { writeOutput } from './output-folder.ts';

type KeptLoad = LoadRun & KeptWithLoad;

/** @returns the page */
export function keepLoad(directory: string, run: LoadRun, thresholds: readonly JudgedThreshold[]): string {
  const shown = shownLoad(run, thresholds);
  const { latencies: latencyMs, percentiles } = shown;
  writeOutput(
    directory,
    'run.json',
    `${JSON.stringify({ ...run, thresholds, latencyMs, percentiles } satisfies KeptLoad)}\n`,
  );
  return writeOutput(directory, 'index.html', loadPage(shown));
}

/**
 * @param run a folder, or its run.json
 * @returns why it is none, in words that stand behind its name
 * @throws {OperationalError} `RUN_UNREADABLE` for one that is none any more
 */
async function readLoad(run: string): Promise<KeptLoad | string> {
  let text: string;
  const file = await runFile(run);
  try {
    mustEnd(file);
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const isMissing = file !== run && (cause as NodeJS.ErrnoException).code === 'ENOENT';
    return isMissing ? `has no ${basename(file)}` : `cannot be read: ${whyUnreadable(cause)}`;
  }
  const kept = readKeptRun(text);
  if (typeof kept === 'string') {
    if (!text.includes('"jobrig load run ')) return kept;
    throw new OperationalError('RUN_UNREADABLE', `${run} ${kept}`);
  }
  return kept.kind === 'load' ? (JSON.parse(text) as KeptLoad) : notOfLoad;
}

const notOfLoad = 'is not the run of a load, as others are';

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
  const loads: KeptLoad[] = [];
  const others: string[] = [];
  for (const run of runs) {
    const kept = await readLoad(run);
    if (typeof kept !== 'string') loads.push(kept);
    else others.push(`${run} ${kept}`);
  }
  if (loads.length === 0) return undefined;
  if (others.length > 0) throw new OperationalError('RUN_UNREADABLE', others[0]!);
  const expressions = new Set(loads.flatMap((run) => (run.thresholds ?? []).map(({ expression }) => expression)));
  const thresholds = [...expressions].map(parseThreshold).filter((one): one is Threshold => typeof one !== 'string');
  const run = mergeLoads(loads.map(({ thresholds: _judged, latencyMs: _told, percentiles: _shown, ...each }) => each));
  return { run, thresholds: judgeThresholds(run, thresholds) };
}
