/** `jobrig merge RUN…`: the runs of shards as one. `jobrig show RUN`: where the report of a run is, and the report opened. */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { version } from '../package/package.ts';
import { present } from '../protocol/json.ts';
import { OperationalError } from '../protocol/operational-error.ts';
import { type CheckResult, verdictOfCheck } from '../rig/live/check/check-result.ts';
import { verdictOfLoad } from '../rig/load/verdict.ts';
import { checkJunit } from '../rig/report/check-junit.ts';
import { checkJson } from '../rig/report/check-summary.ts';
import { closingLines } from '../rig/report/check-terminal.ts';
import { type CommonOptions, jsonOption, quietOption } from './arguments.ts';
import { openInBrowser } from './browser.ts';
import { writeReport } from './check-report.ts';
import { readKept, runFile } from './check-runs.ts';
import { exitCodeOf, usageError } from './exit.ts';
import { type MergedLoad, keepLoad, mergeLoadRuns } from './load-runs.ts';
import { loadText } from './load-summary.ts';
import { keptOrNot, openOutput, writeOutput } from './output-folder.ts';
import { replayOf } from './check-replay.ts';

interface MergeFlags extends CommonOptions {
  readonly out: string;
}

export function mergeCommand(finish: (exitCode: number) => void): Command {
  return new Command('merge')
    .description('Merge the runs of shards or slices into one, with one verdict and one report.')
    .argument(
      '<run...>',
      'folders of `jobrig check --shard I/N --out DIR` or `jobrig load --slice I/N --out DIR`, or their run.json',
    )
    .option('--out <dir>', 'where the merged run is written', 'jobrig-report')
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText('after', '\nExample:\n  $ jobrig merge shard-1 shard-2 --out report\n')
    .action(async (runs: readonly string[], flags: MergeFlags) => {
      await mustBeOthers(runs, flags.out);
      const load = await mergeLoadRuns(runs);
      if (load !== undefined) return finish(printLoad(load, flags));
      const kept = await Promise.all(runs.map(readKept));
      const result = mergedCheck(kept.map((one) => one.result));
      openOutput(flags.out);
      const { kept: page, failure } = keptOrNot(() => {
        writeOutput(flags.out, 'junit.xml', checkJunit(result));
        return writeReport(flags.out, result, {}).page;
      });
      const text =
        flags.json === true
          ? JSON.stringify(checkJson(result, { jobrig: version }))
          : closingLines(result, {
              command: replayOf(result, flags.out),
              ...present({ page }),
            }).join('\n');
      process.stdout.write(`${text}\n`);
      if (failure !== undefined) throw failure;
      finish(exitCodeOf(verdictOfCheck(result)));
    });
}

/** The same run twice would count double, and one that is written over is lost. */
async function mustBeOthers(runs: readonly string[], out: string): Promise<void> {
  const files = await Promise.all(runs.map(async (run) => real(await runFile(run))));
  const twice = runs.find((_, index) => files.indexOf(files[index]!) !== index);
  if (twice !== undefined) throw usageError(`${twice} is named twice`);
  const own = runs[files.indexOf(real(join(out, 'run.json')))];
  if (own !== undefined) throw usageError(`--out ${out}: the run ${own} is there, and would be written over`);
}

function real(file: string): string {
  return existsSync(file) ? realpathSync(file) : resolve(file);
}

function printLoad({ run, thresholds }: MergedLoad, flags: MergeFlags): number {
  openOutput(flags.out);
  const { kept: page, failure } = keptOrNot(() => keepLoad(flags.out, run, thresholds));
  process.stdout.write(`${loadText(flags, run, thresholds, page)}\n`);
  if (failure !== undefined) throw failure;
  return exitCodeOf(verdictOfLoad(run, thresholds));
}

/** The same scenario in two runs counts as two runs of it. */
function mergedCheck(all: readonly CheckResult[]): CheckResult {
  const [first] = all;
  if (first === undefined) throw new RangeError('nothing to merge');
  const byId = new Map<string, CheckResult['results'][number]>();
  for (const each of all.flatMap(({ results }) => results)) {
    const known = byId.get(each.scenario.id);
    byId.set(each.scenario.id, known === undefined ? each : { ...known, runs: [...known.runs, ...each.runs] });
  }
  const sweep = all.flatMap((one) => one.sweep ?? []);
  const diagnosis = all.find((one) => one.diagnosis !== undefined)?.diagnosis;
  return {
    ...first,
    startedAt: Math.min(...all.map(({ startedAt }) => startedAt)),
    endedAt: Math.max(...all.map(({ endedAt }) => endedAt)),
    ...(diagnosis && { diagnosis }),
    results: [...byId.values()],
    ...(sweep.length > 0 && { sweep: sweep.sort((a, b) => a.atMs - b.atMs) }),
    isPartial: all.some(({ isPartial }) => isPartial),
  };
}

export function showCommand(): Command {
  return new Command('show')
    .description('Open the report of a run.')
    .argument('<run>', 'the folder of a run, or its run.json')
    .addHelpText('after', '\nExample:\n  $ jobrig show jobrig-report\n')
    .action(async (run: string) => {
      const folder = existsSync(run) && statSync(run).isDirectory() ? run : dirname(run);
      const page = resolve(join(folder, 'index.html'));
      if (!existsSync(page))
        throw new OperationalError('RUN_UNREADABLE', `${run}: there is no report (${join(folder, 'index.html')})`);
      process.stdout.write(`${page}\n`);
      // Without a desktop the path is all there is to give.
      await openInBrowser(page);
    });
}
