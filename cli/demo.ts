/**
 * `jobrig demo`: the main job on this machine, as rig/live/demo runs it. Shows a table and what broke, writes the report.
 */
import { join } from 'node:path';
import { Command, Option } from 'commander';
import colors from 'picocolors';
import { readHardwareProfiles } from '../agent/hardware-profiles.ts';
import { junitReport } from '../rig/report/junit.ts';
import { keptDemo } from '../rig/report/kept-run.ts';
import { demoPage } from '../rig/report/pages.ts';
import type { CheckResult } from '../rig/live/check/check-result.ts';
import { knownAs, momentText } from '../rig/report/check-summary.ts';
import { countWords, shellWord, spanText } from '../rig/report/words.ts';
import type { CauseReport, DemoReport, DemoSummary, HardwareReport } from '../rig/report/run-report.ts';
import { readAgent } from '../rig/live/agents.ts';
import { agentOption, sameDevices } from './agent.ts';
import { besideBy, rememberBeside } from './beside.ts';
import { jsonOption, quietOption, seedOption, thingsOption, timeScaleOption, wholeNumber } from './arguments.ts';
import type { CommonOptions } from './arguments.ts';
import { keepFailing, keepRun } from './check-runs.ts';
import { openInBrowser, openOption } from './browser.ts';
import { complain, exitCodeOf } from './exit.ts';
import { Interruption, interruptible, whenAborted } from './interruption.ts';
import { faultsOption, readFaults } from './faults.ts';
import { hardwareOption, readHardware } from './hardware.ts';
import { keptOrNot, openOutput, writeOutput } from './output-folder.ts';
import { createProgress } from './progress.ts';
import { selectScenarios } from '../rig/live/scenario-files.ts';
import { formatTable } from './table.ts';

interface DemoFlags extends CommonOptions {
  readonly things: number;
  readonly seed: number;
  readonly seeds: number;
  readonly timeScale: number;
  readonly agent: string;
  readonly hardware: string;
  readonly faults?: string;
  readonly out: string;
  readonly serve?: true;
  readonly open?: true;
  readonly stage?: true;
}

/** Each thing costs two file descriptors of this one process. */
const mostThings = 9000;
const mostSeeds = 1_000_000;
/** Of the zoo: one device on the stage goes on flashing what is gone, which a judge is certain of within seconds. */
const stageBug = 'r10-cannot-be-stopped-in-a-transfer';

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
    .option(
      '--seeds <n>',
      'how many seeds the second act plays in virtual time, beside the scenarios',
      wholeNumber(0, mostSeeds),
      500,
    )
    .option('--out <dir>', 'where index.html, report.json, run.json and junit.xml are written', 'jobrig-report')
    .option('--serve', 'keep the live page and its devices at the end, until Ctrl-C')
    .addOption(
      new Option(
        '--stage',
        'for an audience: wait for the start button of the live page, go slowly, keep all at the end',
      )
        .implies({ serve: true, open: true, timeScale: 5, seeds: 50 })
        .conflicts('json'),
    )
    .addOption(openOption())
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText('after', '\nExample:\n  $ jobrig demo --things 20 --out report\n')
    .action(async (flags: DemoFlags) => {
      finish(await interruptible((signal) => demo(flags, signal)));
    });
}

async function demo(flags: DemoFlags, signal: AbortSignal): Promise<number> {
  const hardware = readHardware(flags.hardware);
  const faults = flags.faults === undefined ? undefined : await readFaults(flags.faults);
  const agent = readAgent(flags.agent);
  const scenarios = selectScenarios([]);
  openOutput(flags.out);
  // Loaded when wanted: the AWS SDK and the broker take a second, which `--help` should not.
  const { openDemo } = await import('../rig/live/demo/run-demo.ts');
  const { things, seed, seeds, timeScale } = flags;
  const progress = createProgress(flags.quiet === true);
  await using stage = await openDemo({
    things,
    seed,
    seeds,
    timeScale,
    hardware,
    scenarios,
    known: readHardwareProfiles('mix'),
    agent,
    ...(faults && { faults }),
    keepsDevices: flags.serve === true,
    ...(flags.stage && { audience: { bug: readAgent(stageBug) } }),
    signal,
    onBroken(thingName, found) {
      if (!flags.quiet) progress.say(`${colors.red('✗')} ${thingName}: ${found}`, 'stderr');
    },
    onProgress: ({ act, connected, pulled, recovered, canaries, played }) =>
      progress.show(
        act,
        played ?? `${connected}/${things} connected · ${pulled} pulled · ${recovered} recovered · ${canaries} canaries`,
      ),
  });
  // Who is waited for has to know where, quiet or not.
  if (!flags.quiet || flags.stage) progress.say(`live page at ${stage.pageUrl}`, 'stderr');
  if (flags.open) void openInBrowser(stage.pageUrl);
  if (flags.stage) progress.say('It begins when somebody presses Start there', 'stderr');
  const report = await stage.run();
  progress.done();
  const { kept = report, failure } = keptOrNot(() => writeReport(flags, report));
  const { deviceReports: _everyDevice, runs: _everyRun, ...summary } = kept;
  process.stdout.write(flags.json ? `${JSON.stringify(summary)}\n` : `${summaryText(summary, kept)}\n`);
  if (failure !== undefined) throw failure;
  if (report.partial === true && signal.reason instanceof Interruption) {
    complain(`${signal.reason.message}: the result so far is in ${join(flags.out, 'report.json')}`);
    return signal.reason.exitCode;
  }
  if (flags.serve) {
    process.stderr.write(`dashboard at ${stage.pageUrl} until Ctrl-C\n`);
    await whenAborted(signal);
  }
  return exitCodeOf(report.verdict);
}

/** The command that runs the same again. */
function againBy(flags: DemoFlags): string {
  const ofFaults = flags.faults === undefined ? '' : ` --faults ${shellWord(flags.faults)}`;
  return `npx jobrig demo --things ${flags.things} --seed ${flags.seed}${sameDevices(flags)}${ofFaults}`;
}

/** @returns the report with the path of its page and with commands that play again what broke */
function writeReport(flags: DemoFlags, report: DemoReport): DemoReport {
  const { out, agent, hardware } = flags;
  const runs = runsOf(report, agent);
  const written = keepFailing(out, runs);
  const replayOf = ({ scenario }: CauseReport): { readonly replay: string } => {
    const file = written.get(scenario);
    const replay =
      file === undefined ? againBy(flags) : `npx jobrig simulate --scenario ${shellWord(file)}${sameDevices(flags)}`;
    return { replay };
  };
  const page = join(out, 'index.html');
  const causes = report.causes.map((cause) => ({ ...cause, ...replayOf(cause) }));
  const complete: DemoReport = { ...report, causes, report: page };
  const { runs: _inAFileOfTheirOwn, ...rest } = complete;
  const { besideOf, besides } = rememberBeside(besideBy({ hardware: readHardware(hardware), agent: readAgent(agent) }));
  const text = demoPage(complete, besideOf);
  keepRun(out, runs, { verb: 'demo', demo: keptDemo(complete), besides });
  writeOutput(out, 'report.json', `${JSON.stringify(rest)}\n`);
  writeOutput(out, 'junit.xml', junitReport(complete));
  writeOutput(out, 'index.html', text);
  return complete;
}

/** What was played, as any other run that is kept. */
function runsOf({ runs, startedAt, endedAt, partial }: DemoReport, agent: string): CheckResult {
  return {
    subject: `${agent} agent`,
    startedAt: Date.parse(startedAt),
    endedAt: Date.parse(endedAt),
    results: runs.map((run) => ({ scenario: run.scenario, runs: [run] })),
    isPartial: partial === true,
  };
}

function summaryText(summary: DemoSummary, report: DemoReport): string {
  const { pulls, devices, canary, documents, hardware, faults, verdict, partial, things, coverage, causes } = summary;
  const asExpected = documents.filter(({ mistaken }) => mistaken === 0);
  const badge = { pass: colors.green('pass'), fail: colors.red('fail'), inconclusive: colors.yellow('inconclusive') };
  return [
    '',
    ...causes.slice(0, causesShown).flatMap((cause) => causeLines(cause, decisiveMoment(report, cause))),
    ...(causes.length > causesShown ? [`and ${causes.length - causesShown} more causes in the report`, ''] : []),
    pullTable(pulls),
    '',
    `coverage   ${coverage.steps} of 9 steps pulled live; ${coverage.scenarios} scenarios, ${coverage.seeds} seeds in virtual time`,
    `devices    ${devices.valid} of ${things} valid at the end`,
    `canaries   ${canary.succeeded} of ${things} succeeded`,
    `documents  ${asExpected.length} of ${documents.length} as expected`,
    `hardware   ${hardwareText(hardware)}`,
    `faults     ${countWords(faults) || 'none'}`,
    ...hostLines(summary),
    ...(summary.report === undefined ? [] : [`report     ${summary.report}`]),
    `verdict    ${badge[verdict]}${partial === true ? ' (ended early)' : ''}`,
  ].join('\n');
}

const causesShown = 5;
const subjectsShown = 8;

function causeLines(cause: CauseReport, decisive: string | undefined): readonly string[] {
  const { act, claim, claimText, reason, found, in: where, resembles, replay } = cause;
  const shown = where.slice(0, subjectsShown);
  const more = found > shown.length ? ` and ${found - shown.length} more` : '';
  return [
    `${colors.red('✗')} ${colors.bold(reason)} (${claim}: ${claimText})${knownAs(resembles)}`,
    `  found ${act === 'live' ? 'live' : 'in virtual time'} in ${shown.join(', ')}${more}`,
    ...(decisive === undefined ? [] : [`  decided ${decisive}`]),
    ...(replay === undefined ? [] : [`  play it    ${replay}`]),
    '',
  ];
}

/** Of the device, or of the scenario in virtual time, that shows a cause. */
function decisiveMoment({ deviceReports, runs }: DemoReport, { act, claim, in: where, scenario }: CauseReport) {
  const story =
    act === 'live'
      ? deviceReports.find(({ thingName }) => thingName === where[0])
      : runs.find((run) => run.scenario.id === scenario);
  const failed = story?.findings.find((finding) => finding.outcome === 'fail' && finding.claim === claim);
  const seen = failed?.decisive ?? failed?.evidence.at(-1);
  return story === undefined || seen === undefined ? undefined : momentText(seen, story.startedAt);
}

/** Only where the machine did not keep up. */
function hostLines({ host, timeScale }: DemoSummary): readonly string[] {
  if (host.advice !== undefined) return [`host       ${host.advice}`];
  return host.pace < timeScale / 2 ? [`host       busy: device time ran ${host.pace}×, not ${timeScale}×`] : [];
}

function hardwareText(hardware: readonly HardwareReport[]): string {
  const figures = hardware.reduce((total, profile) => total + profile.figures, 0);
  const assumed = hardware.reduce((total, profile) => total + profile.assumed.length, 0);
  const profiles = hardware.length === 1 ? 'profile' : 'profiles';
  return `${hardware.length} ${profiles}; ${assumed} of ${figures} figures are assumed`;
}

function pullTable(pulls: DemoSummary['pulls']): string {
  const rows = pulls.map(({ step, pulled, recovered, recoveryMs }) => [
    step,
    `${pulled}`,
    `${recovered}`,
    ...[recoveryMs?.p50, recoveryMs?.p95, recoveryMs?.max].map((ms) => (ms === undefined ? '–' : spanText(ms))),
  ]);
  return formatTable(['pulled at', 'devices', 'recovered', 'p50', 'p95', 'max'], rows, 1);
}
