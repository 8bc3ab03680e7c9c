/**
 * `npm run fuzz`: odd inputs for every door of a service, a million each, from a seed that plays them again. Exit code 1 when
 * something is found, or when the healthy device beside it waited for more than 100 ms at p99. Whoever fuzzes gives way to the service
 * and to that device, and the time in which those had no core does not count: how busy the machine is decides nothing.
 */
import { fork } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type DoorName, doorNames } from './doors.ts';
import { type DoorResult, fuzz, isTooBusy } from './run.ts';

const usage = `Usage: npm run fuzz -- [--inputs N] [--seed S] [--door NAME]... [--story N]

  --inputs N   for each door (default 1000000)
  --seed S     plays a run again (default: another one each time, which is told)
  --door NAME  ${doorNames.join(', ')}; may be repeated (default: all)
  --story N    only this one of the connections

Example: npm run fuzz -- --door wss --inputs 10000 --seed 7`;

const maxP99Ms = 100;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      inputs: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: String(randomInt(2 ** 32)) },
      door: { type: 'string', multiple: true, default: [...doorNames] },
      story: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const doors = values.door.map((name) => doorNames.find((known) => known === name));
  const [inputs, seed, only] = [values.inputs, values.seed, values.story ?? '0'].map(Number) as [
    number,
    number,
    number,
  ];
  if (doors.includes(undefined) || ![inputs, seed, only].every((value) => Number.isSafeInteger(value) && value >= 0)) {
    process.stderr.write(`${usage}\n`);
    process.exitCode = 2;
    return;
  }
  process.stderr.write(`seed ${seed}\n`);
  const [door, ...others] = doors as DoorName[];
  const isClean =
    others.length > 0
      ? await fuzzEach(doors as DoorName[], seed, inputs)
      : await fuzzDoor(door!, seed, inputs, values.story === undefined ? undefined : only);
  if (!isClean) process.exitCode = 1;
}

/** Each in a process of its own: one that has given way to others cannot take that back. */
async function fuzzEach(doors: readonly DoorName[], seed: number, inputs: number): Promise<boolean> {
  let isClean = true;
  for (const door of doors) {
    const options = ['--door', door, '--seed', String(seed), '--inputs', String(inputs)];
    const [code] = await once(fork(import.meta.filename, options), 'exit');
    isClean &&= code === 0;
  }
  return isClean;
}

/** A service of its own for each door, so that each says what it takes. @returns whether nothing was found */
async function fuzzDoor(door: DoorName, seed: number, inputs: number, only: number | undefined): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), 'jobrig-fuzz-'));
  endWhenTold(directory);
  const { doors: results, found } = await fuzz({
    seed,
    inputs,
    doors: [door],
    directory,
    maxP99Ms,
    givesWay: true,
    ...(only !== undefined && { only }),
    onStart: (url) => process.stderr.write(`${door}: a service at ${url}\n`),
    onProgress: (_, done) => process.stderr.write(`${door} ${done}\n`),
  });
  for (const result of results) process.stdout.write(`${lineOf(result)}\n`);
  for (const what of found) process.stdout.write(`FOUND: ${what}\n`);
  if (found.length > 0) {
    process.stdout.write(`the data directory is kept: ${directory}\n`);
    return false;
  }
  process.stdout.write(`${door}: nothing found: no crash, no error, no loss after SIGKILL and restart\n`);
  rmSync(directory, { recursive: true, force: true });
  return true;
}

/** By a signal, or because whoever started this process has ended: the service ends, too. */
function endWhenTold(directory: string): void {
  const end = (): never => {
    process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  process.once('disconnect', end);
  process.channel?.unref();
}

function lineOf({ door, inputs, connections, hung, seconds, latency, peakBytes }: DoorResult): string {
  const { own, whole, corelessShare } = latency;
  const share = `${(corelessShare * 100).toFixed(0)} %`;
  const isUnjudged = own.p99 > maxP99Ms && isTooBusy(latency);
  const neighbour = `neighbour p50 ${own.p50.toFixed(1)} p99 ${own.p99.toFixed(1)} max ${own.max.toFixed(0)} ms`;
  const host = `(p99 ${whole.p99.toFixed(1)} with waiting for a core, ${share} of the time${isUnjudged ? ': too busy to judge' : ''})`;
  const memory = `${Math.round(peakBytes / 1024 / 1024)} MB`;
  return `${door.padEnd(5)} ${inputs} inputs in ${connections} connections (${hung} hung), ${seconds.toFixed(0)} s, ${neighbour} ${host}, ${memory}`;
}

await main();
