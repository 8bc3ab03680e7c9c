/**
 * `npm run bench`: measures what performance.md promises, prints one table and leaves every sample in `bench/results/`. Each
 * comparison runs its alternatives side by side in processes of their own, on loopback, one comparison at a time. The table goes
 * to stdout, progress to stderr; the exit code is 1 when a bar is missed. What the figures mean: README.md beside this file.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compareWithMemory } from './comparisons/durable.ts';
import { measureBesideCrowds } from './comparisons/crowd.ts';
import { measureCheck } from './comparisons/check.ts';
import { measureEngineAlone } from './comparisons/engine.ts';
import { measureLatency } from './comparisons/latency.ts';
import { measureInMemory } from './comparisons/in-memory.ts';
import { measureLink } from './comparisons/link.ts';
import { measureLoads } from './comparisons/load.ts';
import { compareWithoutLogic } from './comparisons/logic.ts';
import { compareWithMosquitto } from './comparisons/mosquitto.ts';
import { compareWithNaive } from './comparisons/naive.ts';
import { compareStores } from './comparisons/stores.ts';
import { measureTakeover } from './comparisons/takeover.ts';
import { measureSimulationAlone } from './comparisons/simulation.ts';
import { judge, type Measurement, type Size } from './figures.ts';
import { refusedByFileLimit } from './load/connect-all.ts';
import { formatTable } from './table.ts';

const comparisons = {
  mosquitto: compareWithMosquitto,
  naive: compareWithNaive,
  logic: compareWithoutLogic,
  latency: measureLatency,
  crowd: measureBesideCrowds,
  durable: compareWithMemory,
  stores: compareStores,
  takeover: measureTakeover,
  load: measureLoads,
  link: measureLink,
  'in-memory': measureInMemory,
  engine: measureEngineAlone,
  simulation: measureSimulationAlone,
  check: measureCheck,
} as const;
type ComparisonName = keyof typeof comparisons;

interface Options {
  readonly names: readonly ComparisonName[];
  readonly size: Size;
}

const usage = `Usage: npm run bench -- [--only NAME]... [--rounds N] [--things N] [--quick]

  --only NAME   ${Object.keys(comparisons).join(', ')}; may be repeated (default: all)
  --rounds N    pairs measured in each comparison (default 5; quick: 3)
  --things N    clients connected to each service (default 10000; quick: 1000)
  --quick       a size for continuous integration

Example: npm run bench -- --only logic --rounds 9`;

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return;
  const measurements: Measurement[] = [];
  for (const name of options.names) {
    const say = (text: string) => process.stderr.write(`${name}: ${text}\n`);
    measurements.push(...(await comparisons[name](options.size, say)));
  }
  process.stdout.write(`${formatTable(measurements)}\n`);
  process.stderr.write(`samples: ${writeResults(options.size, measurements)}\n`);
  if (measurements.some((measurement) => judge(measurement) === 'missed')) process.exitCode = 1;
}

/** @returns `undefined` when there is nothing to run: help was asked for, or something is wrong and has been said. */
function readOptions(): Options | undefined {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', multiple: true, default: Object.keys(comparisons) },
        rounds: { type: 'string' },
        things: { type: 'string' },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(`${usage}\n`);
      return undefined;
    }
    const things = count('--things', values.things ?? (values.quick ? '1000' : '10000'));
    const refusal = refusedByFileLimit(things);
    if (refusal !== undefined) throw new RangeError(refusal);
    const rounds = count('--rounds', values.rounds ?? (values.quick ? '3' : '5'));
    const size = {
      things,
      rounds,
      window: 64,
      executions: Math.min(things, 4000),
      exchanges: Math.min(5 * things, 30_000),
    };
    return { names: values.only.map(comparisonName), size };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
    return undefined;
  }
}

function comparisonName(text: string): ComparisonName {
  if (Object.hasOwn(comparisons, text)) return text as ComparisonName;
  throw new RangeError(`--only ${text}: there are ${Object.keys(comparisons).join(', ')}`);
}

function count(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new RangeError(`${flag} ${text}: a whole number above 0 is needed`);
}

function writeResults(size: Size, measurements: readonly Measurement[]): string {
  const folder = join('bench', 'results');
  mkdirSync(folder, { recursive: true });
  const at = new Date().toISOString();
  const file = join(folder, `${at.replaceAll(':', '-')}.json`);
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, load: loadavg() };
  writeFileSync(file, JSON.stringify({ at, machine, size, measurements }, undefined, 2));
  return file;
}

await main();
