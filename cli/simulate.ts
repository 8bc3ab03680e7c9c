/**
 * `jobrig simulate`: every seed a different bad day, in virtual time, without sockets. Runs seeds one after the other, shows
 * how far it is, and for each violation prints the seed, what was drawn from it and the command that replays it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Command, Option } from 'commander';
import type { RunConfiguration } from '../rig/virtual/configuration.ts';
import type { KeptRun } from '../rig/virtual/kept-run.ts';
import { minimize } from '../rig/virtual/minimize.ts';
import { runSimulation } from '../rig/virtual/run.ts';
import type { RunResult } from '../rig/virtual/run.ts';
import { type Subjects, realSubjects } from '../rig/virtual/subjects.ts';
import { drawConfiguration } from '../rig/virtual/swarm.ts';
import { agentOption, readAgent, referenceName } from './agent.ts';
import { duration, jsonOption, quietOption, wholeNumber } from './arguments.ts';
import type { CommonOptions } from './arguments.ts';
import { exitCodes } from './exit.ts';
import { interruptible } from './interruption.ts';
import { hardwareOption, readHardware } from './hardware.ts';
import { readKeptRun, writeKeptRun } from './kept-run.ts';
import { createProgress } from './progress.ts';
import type { Account, Found, Totals } from './simulate-report.ts';
import { simulationJson, simulationSummary, violationsText } from './simulate-report.ts';

interface SimulateFlags extends CommonOptions {
  readonly seeds: number;
  readonly seed?: number;
  readonly things?: number;
  readonly agent: string;
  readonly hardware: string;
  readonly timeBudget?: number;
  readonly replay?: string;
  readonly minimize?: true;
  readonly out?: string;
}

const mostSeeds = 100_000_000;
const mostThings = 1000;
/** Between two looks at the clock, at Ctrl-C and at the terminal. */
const turnMs = 50;
const keptRuns = 'jobrig-seeds';

export function simulateCommand(finish: (exitCode: number) => void): Command {
  return new Command('simulate')
    .description(
      'Run the service and simulated devices through bad days in virtual time, a different one for each seed.',
    )
    .addOption(new Option('--seeds <n>', 'run the seeds 1 to n').default(1000).argParser(wholeNumber(1, mostSeeds)))
    .addOption(
      new Option('--seed <n>', 'run this seed only')
        .argParser(wholeNumber(0, Number.MAX_SAFE_INTEGER))
        .conflicts('seeds'),
    )
    .addOption(
      new Option('--things <n>', 'number of devices (default: drawn from the seed)').argParser(
        wholeNumber(1, mostThings),
      ),
    )
    .addOption(
      new Option('--replay <file>', 'run the configuration that --minimize kept').conflicts([
        'seeds',
        'seed',
        'things',
      ]),
    )
    .addOption(agentOption())
    .addOption(hardwareOption('mix'))
    .addOption(new Option('--time-budget <time>', 'stop after this, e.g. 30s').argParser(duration))
    .option('--minimize', 'make the configuration of the first violation as small as it gets, and keep it')
    .option('--out <dir>', `where the configuration of the first violation is kept (with --minimize: ${keptRuns})`)
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText('after', '\nExample:\n  $ jobrig simulate --seeds 5000 --minimize\n')
    .action(async (flags: SimulateFlags) => {
      finish(await interruptible((signal) => simulate(flags, signal)));
    });
}

async function simulate(flags: SimulateFlags, signal: AbortSignal): Promise<number> {
  const startedAt = new Date();
  const startedAtMs = performance.now();
  const hardware = readHardware(flags.hardware);
  const names = hardware.map(({ name }) => name);
  const subjects = realSubjects(hardware, readAgent(flags.agent));
  const replayed = flags.replay === undefined ? undefined : readKeptRun(flags.replay, names).configuration;
  const draw = (seed: number): RunConfiguration =>
    replayed ??
    drawConfiguration(seed, { hardware: names, ...(flags.things !== undefined && { things: flags.things }) });
  const progress = createProgress(flags.quiet === true);
  const totals: Totals = {
    runs: 0,
    executions: 0,
    simulatedMs: 0,
    deviceMs: 0,
    traceHash: '',
    faults: {},
    violations: [],
  };
  const wallMs = (): number => performance.now() - startedAtMs;
  const only = replayed?.seed ?? flags.seed;
  const seeds = only === undefined ? flags.seeds : 1;
  let turnEndsAtMs = turnMs;
  for (let index = 0; index < seeds; index += 1) {
    if (index > 0 && wallMs() >= (flags.timeBudget ?? Infinity)) break;
    const configuration = draw(only ?? index + 1);
    add(totals, runSimulation(configuration, subjects), configuration.things.length);
    if (wallMs() < turnEndsAtMs) continue;
    progress.show('simulating', `${totals.runs} of ${seeds} seeds · ${totals.violations.length} violations`);
    await nextTurn();
    signal.throwIfAborted();
    turnEndsAtMs = wallMs() + turnMs;
  }
  progress.done();
  const wallSeconds = wallMs() / 1000;
  const [first] = totals.violations;
  const kept = first && shown(flags, first, draw(first.seed), subjects);
  const file = kept && (await keep(flags, kept));
  const account: Account = {
    totals,
    seed: only ?? 1,
    single: only !== undefined,
    startedAt,
    wallSeconds,
    replayOf: ({ seed }) =>
      replayCommand(flags, flags.replay === undefined ? `--seed ${seed}` : `--replay ${flags.replay}`),
    ...(file !== undefined && { kept: { file, replay: replayCommand(flags, `--replay ${file}`) } }),
  };
  process.stdout.write(flags.json ? simulationJson(account) : textOf(flags, account, kept));
  return first === undefined ? exitCodes.ok : exitCodes.failed;
}

function add(
  totals: Totals,
  { seed, executions, simulatedMs, traceHash, faults, violations }: RunResult,
  things: number,
): void {
  totals.runs += 1;
  totals.executions += executions;
  totals.simulatedMs += simulatedMs;
  totals.deviceMs += simulatedMs * things;
  totals.traceHash = traceHash;
  for (const [kind, count] of Object.entries(faults)) totals.faults[kind] = (totals.faults[kind] ?? 0) + count;
  totals.violations.push(...violations.map((violation) => ({ seed, ...violation })));
}

function replayCommand({ agent, things, hardware }: SimulateFlags, what: string): string {
  const ofThings = things === undefined || what.startsWith('--replay') ? '' : ` --things ${things}`;
  const ofAgent = agent === referenceName ? '' : ` --agent ${agent}`;
  const onHardware = hardware === 'mix' ? '' : ` --hardware ${hardware}`;
  return `npx jobrig simulate ${what}${ofThings}${ofAgent}${onHardware}`;
}

/** What is shown of a violation, and kept: the run as it was drawn, or made small if that was asked for. */
function shown(flags: SimulateFlags, { broke, message }: Found, drawn: RunConfiguration, subjects: Subjects): KeptRun {
  const fails = (candidate: RunConfiguration): boolean =>
    runSimulation(candidate, subjects).violations.some((violation) => violation.broke === broke);
  return { why: message, broke, configuration: flags.minimize ? minimize(drawn, fails) : drawn };
}

/** @returns the file's path; `undefined` when nothing is to be kept */
function keep({ minimize: made, out }: SimulateFlags, kept: KeptRun): Promise<string> | undefined {
  const directory = out ?? (made ? keptRuns : undefined);
  return directory === undefined ? undefined : writeKeptRun(directory, kept);
}

function textOf(flags: SimulateFlags, account: Account, first: KeptRun | undefined): string {
  const texts = [simulationSummary(account), violationsText(account)];
  if (first !== undefined) {
    const { configuration, broke } = first;
    const title = flags.minimize ? `the smallest configuration that breaks ${broke}` : 'its whole configuration';
    texts.push(`\nseed ${configuration.seed}, ${title}:\n${JSON.stringify(configuration, undefined, 2)}\n`);
  }
  if (account.kept !== undefined) texts.push(`kept in ${account.kept.file}\n  replay: ${account.kept.replay}\n`);
  return texts.join('');
}
