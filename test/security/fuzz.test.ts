/**
 * Odd inputs for every door of a running service, which is then killed and started again: no crash, no error, no loss. Here some
 * hundreds a door, since every test is to be quick; ten thousand with `JOBRIG_FUZZ_INPUTS`, as in continuous integration, and a
 * million with `npm run fuzz`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seededChance } from '../../faults/chance.ts';
import type { DoorName } from '../../bench/fuzz/doors.ts';
import type { fuzz as Fuzz } from '../../bench/fuzz/run.ts';
import { httpStory } from '../../bench/fuzz/http-inputs.ts';
import { mqttStory } from '../../bench/fuzz/mqtt-inputs.ts';

const inputs = Number(process.env['JOBRIG_FUZZ_INPUTS'] ?? 300);
const dist = '../../dist/bench/fuzz';
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'jobrig-fuzz-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

it('finds nothing', { timeout: 600_000 }, async () => {
  // As it was built: the service is a process of its own.
  const { fuzz } = (await import(`${dist}/run.js`)) as { readonly fuzz: typeof Fuzz };
  const { doorNames } = (await import(`${dist}/doors.js`)) as { doorNames: readonly DoorName[] };
  const { doors, found } = await fuzz({ seed: 1, inputs, doors: doorNames, directory });
  expect(found).toEqual([]);
  expect(doors.map(({ door }) => door)).toEqual(doorNames);
  for (const { inputs: told, latency } of doors) {
    expect(told).toBeGreaterThanOrEqual(inputs);
    expect(latency.whole.count).toBeGreaterThan(0);
  }
});

it.each([mqttStory, httpStory])('a seed tells the same story again', (story) => {
  const told = (seed: number) => story(seededChance(seed).fork('1')).pieces.map((piece) => piece.toString('hex'));
  expect(told(7)).toEqual(told(7));
  expect(told(7)).not.toEqual(told(8));
});
