/**
 * `jobrig simulate`: every seed a different bad day, in virtual time, without sockets. Runs seeds one after the other, shows
 * how far it is, and for each violation prints the seed, what was drawn from it and the command that replays it.
 */
import { createRequire } from 'node:module';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Command, Option } from 'commander';
import type { RunConfiguration } from '../simulation/configuration.ts';
import { minimize } from '../simulation/minimize.ts';
import { runSimulation } from '../simulation/run.ts';
import type { RunResult } from '../simulation/run.ts';
import { type Subjects, realSubjects } from '../simulation/subjects.ts';
import { drawConfiguration } from '../simulation/swarm.ts';
import { type Violation, claims } from '../simulation/violation.ts';
import { agentOption, readAgent, referenceName } from './agent.ts';
import { duration, jsonOption, quietOption, wholeNumber } from './arguments.ts';
import type { CommonOptions } from './arguments.ts';
import { exitCodes } from './exit.ts';
import { interruptible } from './interruption.ts';
import { hardwareOption, readHardware } from './hardware.ts';
import { createProgress } from './progress.ts';

interface SimulateFlags extends CommonOptions {
  readonly seeds: number;
  readonly seed?: number;
  readonly things?: number;
  readonly agent: string;
  readonly hardware: string;
  readonly timeBudget?: number;
  readonly minimize?: true;
}

const mostSeeds = 100_000_000;
const mostThings = 1000;
/** Between two looks at the clock, at Ctrl-C and at the terminal. */
const turnMs = 50;

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
    .addOption(agentOption())
    .addOption(hardwareOption('mix'))
    .addOption(new Option('--time-budget <time>', 'stop after this, e.g. 30s').argParser(duration))
    .option('--minimize', 'make the configuration of the first violation as small as it gets')
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText('after', '\nExample:\n  $ jobrig simulate --seeds 5000 --minimize\n')
    .action(async (flags: SimulateFlags) => {
      finish(await interruptible((signal) => simulate(flags, signal)));
    });
}

/** What all runs together came to. */
interface Totals {
  runs: number;
  executions: number;
  simulatedMs: number;
  /** Simulated time times devices. */
  deviceMs: number;
  traceHash: string;
  readonly faults: Record<string, number>;
  readonly violations: Found[];
}

interface Found extends Violation {
  readonly seed: number;
}

async function simulate(flags: SimulateFlags, signal: AbortSignal): Promise<number> {
  const startedAt = new Date();
  const startedAtMs = performance.now();
  const hardware = readHardware(flags.hardware);
  const subjects = realSubjects(hardware, readAgent(flags.agent));
  const draw = (seed: number): RunConfiguration =>
    drawConfiguration(seed, {
      hardware: hardware.map(({ name }) => name),
      ...(flags.things !== undefined && { things: flags.things }),
    });
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
  const seeds = flags.seed === undefined ? flags.seeds : 1;
  let turnEndsAtMs = turnMs;
  for (let index = 0; index < seeds; index += 1) {
    if (index > 0 && wallMs() >= (flags.timeBudget ?? Infinity)) break;
    const configuration = draw(flags.seed ?? index + 1);
    add(totals, runSimulation(configuration, subjects), configuration.things.length);
    if (wallMs() < turnEndsAtMs) continue;
    progress.show('simulating', `${totals.runs} of ${seeds} seeds · ${totals.violations.length} violations`);
    await nextTurn();
    signal.throwIfAborted();
    turnEndsAtMs = wallMs() + turnMs;
  }
  progress.done();
  const wallSeconds = wallMs() / 1000;
  if (flags.json) printJson(flags, totals, startedAt, wallSeconds);
  else process.stdout.write(summary(flags, totals, wallSeconds));
  if (!flags.json) for (const text of explanations(flags, totals, draw, subjects)) process.stdout.write(text);
  return totals.violations.length > 0 ? exitCodes.failed : exitCodes.ok;
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

function replayCommand({ agent, things, hardware }: SimulateFlags, seed: number): string {
  const ofAgent = agent === referenceName ? '' : ` --agent ${agent}`;
  const onHardware = hardware === 'mix' ? '' : ` --hardware ${hardware}`;
  const ofThings = things === undefined ? '' : ` --things ${things}`;
  return `npx jobrig simulate --seed ${seed}${ofThings}${ofAgent}${onHardware}`;
}

function printJson(flags: SimulateFlags, totals: Totals, startedAt: Date, wallSeconds: number): void {
  const { version } = createRequire(import.meta.url)('jobrig/package.json') as { readonly version: string };
  const result = {
    jobrig: version,
    verb: 'simulate',
    seed: flags.seed ?? 1,
    startedAt: startedAt.toISOString(),
    endedAt: new Date().toISOString(),
    verdict: totals.violations.length > 0 ? 'fail' : 'pass',
    runs: totals.runs,
    executions: totals.executions,
    simulatedSeconds: totals.simulatedMs / 1000,
    wallSeconds,
    faults: totals.faults,
    violations: totals.violations.map(({ seed, broke, message, thingName, atMs }) => ({
      seed,
      broke,
      message,
      replay: replayCommand(flags, seed),
      ...(thingName !== undefined && { thingName }),
      atMs,
    })),
    ...(flags.seed !== undefined && { traceHash: totals.traceHash }),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

function summary(flags: SimulateFlags, totals: Totals, wallSeconds: number): string {
  const { runs, executions, deviceMs, faults, violations, traceHash } = totals;
  const hours = (deviceMs / 3_600_000).toFixed(1);
  const struck = Object.entries(faults)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `  ${String(count).padStart(8)}  ${kind}\n`);
  return [
    `${runs} ${runs === 1 ? 'run' : 'runs'}, ${hours} device-hours, ${executions} executions, ${wallSeconds.toFixed(1)} s\n`,
    struck.length === 0 ? 'no misfortune struck\n' : `misfortunes\n${struck.join('')}`,
    flags.seed === undefined ? '' : `trace hash ${traceHash}\n`,
    violations.length === 0 ? 'no violation\n' : `failed: ${failedSeeds(violations).join(', ')}\n`,
  ].join('');
}

function failedSeeds(violations: readonly Found[]): readonly number[] {
  return [...new Set(violations.map(({ seed }) => seed))];
}

/** For people: what broke, in which configuration, and how to see it again. The first is made small if that was asked for. */
function* explanations(
  flags: SimulateFlags,
  { violations }: Totals,
  draw: (seed: number) => RunConfiguration,
  subjects: Subjects,
): Generator<string> {
  for (const { seed, broke, message, thingName, atMs } of violations) {
    const where = thingName === undefined ? '' : ` ${thingName}`;
    yield `\n✗ seed ${seed}${where} broke ${broke} (${claims[broke]})\n  after ${atMs} ms: ${message}\n`;
    yield `  replay: ${replayCommand(flags, seed)}\n`;
  }
  const [first] = violations;
  if (first === undefined) return;
  const drawn = draw(first.seed);
  const fails = (candidate: RunConfiguration): boolean =>
    runSimulation(candidate, subjects).violations.some(({ broke }) => broke === first.broke);
  const shown = flags.minimize ? minimize(drawn, fails) : drawn;
  const title = flags.minimize ? `the smallest configuration that breaks ${first.broke}` : 'drawn from it';
  yield `\nseed ${first.seed}, ${title}:\n${JSON.stringify(shown, undefined, 2)}\n`;
}
