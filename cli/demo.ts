/**
 * `jobrig demo`: the main job on this machine. Starts a service on free loopback ports, runs the story of rig/live/demo
 * against it, shows a table, writes the report.
 */
import { join } from 'node:path';
import { Command } from 'commander';
import colors from 'picocolors';
import { createBoard } from '../agent/board/board.ts';
import { junitReport } from '../rig/report/junit.ts';
import { reportPage } from '../rig/report/page.ts';
import { countWords, spanText } from '../rig/report/words.ts';
import type { DemoReport, DemoSummary, HardwareReport } from '../rig/report/run-report.ts';
import { agentOption, readAgent } from './agent.ts';
import { jsonOption, quietOption, seedOption, thingsOption, timeScaleOption } from './arguments.ts';
import type { CommonOptions } from './arguments.ts';
import { exitCodeOf } from './exit.ts';
import { interruptible, whenAborted } from './interruption.ts';
import { onlyPlain } from './own-service.ts';
import { faultsOption, readFaults } from './faults.ts';
import { hardwareOption, readHardware } from './hardware.ts';
import { openOutput, writeOutput } from './output-folder.ts';
import { createProgress } from './progress.ts';
import { formatTable } from './table.ts';
import type { Column } from './table.ts';

interface DemoFlags extends CommonOptions {
  readonly things: number;
  readonly seed: number;
  readonly timeScale: number;
  readonly agent: string;
  readonly hardware: string;
  readonly faults?: string;
  readonly out: string;
  readonly serve?: true;
}

/** Each thing costs two file descriptors of this one process. */
const mostThings = 9000;
const region = 'us-east-1';

export function demoCommand(finish: (exitCode: number) => void): Command {
  return new Command('demo')
    .description(
      'Run the main job: a fleet updates its firmware while jobs are deleted under it. Does every device recover?',
    )
    .addOption(thingsOption(100, mostThings))
    .addOption(seedOption())
    .addOption(faultsOption())
    .addOption(timeScaleOption(20))
    .addOption(agentOption())
    .addOption(hardwareOption('mix'))
    .option('--out <dir>', 'where index.html, report.json and junit.xml are written', 'jobrig-report')
    .option('--serve', 'keep the dashboard up at the end, until Ctrl-C')
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText('after', '\nExample:\n  $ jobrig demo --things 20 --out report\n')
    .action(async (flags: DemoFlags) => {
      finish(await interruptible((signal) => demo(flags, signal)));
    });
}

async function demo(flags: DemoFlags, signal: AbortSignal): Promise<number> {
  const hardware = readHardware(flags.hardware);
  const faults = flags.faults === undefined ? undefined : readFaults(flags.faults);
  const agent = readAgent(flags.agent);
  openOutput(flags.out);
  // Loaded when wanted: the AWS SDK and the broker take a second, which `--help` should not.
  const { startService } = await import('../broker/start-service.ts');
  const { runDemo } = await import('../rig/live/demo/run-demo.ts');
  const { things, seed, timeScale } = flags;
  await using service = await startService({ ...onlyPlain, region, timeScale, faults, seed });
  const { mqttUrl = '', httpUrl = '', onFault } = service;
  const progress = createProgress(flags.quiet === true);
  const report = await runDemo({
    service: { mqttUrl, httpUrl, region, onFault },
    things,
    seed,
    timeScale,
    hardware,
    ...(faults && { faults }),
    boardOf: (options) => createBoard({ ...options, agent }),
    signal,
    onProgress: ({ act, connected, pulled, recovered, canaries }) =>
      progress.show(
        act,
        `${connected}/${things} connected · ${pulled} pulled · ${recovered} recovered · ${canaries} canaries`,
      ),
  });
  progress.done();
  const page = await writeReport(flags.out, report);
  const { deviceReports: _everyDevice, ...head } = report;
  const summary: DemoSummary = { ...head, report: page };
  process.stdout.write(flags.json ? `${JSON.stringify(summary)}\n` : `${summaryText(summary)}\n`);
  if (flags.serve) {
    if (!flags.quiet) process.stderr.write(`dashboard at ${httpUrl}/ until Ctrl-C\n`);
    await whenAborted(signal);
  }
  return exitCodeOf(report.verdict);
}

async function writeReport(directory: string, report: DemoReport): Promise<string> {
  const page = join(directory, 'index.html');
  const complete: DemoReport = { ...report, report: page };
  await Promise.all([
    writeOutput(directory, 'index.html', reportPage(complete)),
    writeOutput(directory, 'report.json', `${JSON.stringify(complete)}\n`),
    writeOutput(directory, 'junit.xml', junitReport(complete)),
  ]);
  return page;
}

function summaryText(summary: DemoSummary): string {
  const { pulls, devices, canary, documents, hardware, faults, verdict, report, things } = summary;
  const asExpected = documents.filter(({ mistaken }) => mistaken === 0);
  const badge = { pass: colors.green('pass'), fail: colors.red('fail'), inconclusive: colors.yellow('inconclusive') };
  return [
    '',
    pullTable(pulls),
    '',
    `devices    ${devices.valid} of ${things} valid at the end`,
    `canaries   ${canary.succeeded} of ${things} succeeded`,
    `documents  ${asExpected.length} of ${documents.length} as expected`,
    `hardware   ${hardwareText(hardware)}`,
    `faults     ${countWords(faults) || 'none'}`,
    `report     ${report ?? ''}`,
    `verdict    ${badge[verdict]}`,
  ].join('\n');
}

function hardwareText(hardware: readonly HardwareReport[]): string {
  const figures = hardware.reduce((total, profile) => total + profile.figures, 0);
  const assumed = hardware.reduce((total, profile) => total + profile.assumed.length, 0);
  const profiles = hardware.length === 1 ? 'profile' : 'profiles';
  return `${hardware.length} ${profiles}; ${assumed} of ${figures} figures are assumed`;
}

const pullColumns: readonly Column[] = [
  { title: 'pulled at' },
  { title: 'devices', align: 'right' },
  { title: 'recovered', align: 'right' },
  { title: 'p50', align: 'right' },
  { title: 'p95', align: 'right' },
  { title: 'max', align: 'right' },
];

function pullTable(pulls: DemoSummary['pulls']): string {
  const rows = pulls.map(({ step, pulled, recovered, recoveryMs }) => [
    step,
    `${pulled}`,
    `${recovered}`,
    ...[recoveryMs?.p50, recoveryMs?.p95, recoveryMs?.max].map((ms) => (ms === undefined ? '–' : spanText(ms))),
  ]);
  return formatTable(pullColumns, rows);
}
