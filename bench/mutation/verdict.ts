/**
 * The verdict alone, as a test that a mutant must fail: seeds of the swarm and every scenario, with the reference agent and the
 * real engine. Not part of the suite; `npm run mutate` runs it against each mutant.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readHardwareProfiles } from '../../agent/hardware-profiles.ts';
import { readScenario } from '../../rig/scenario/format/read.ts';
import { whySkipped } from '../../rig/scenario/needs.ts';
import { drawScenario } from '../../rig/scenario/swarm.ts';
import { virtualOffer } from '../../rig/virtual/offer.ts';
import { play } from '../../rig/virtual/play.ts';
import { realSubjects } from '../../rig/virtual/subjects.ts';

const hardware = readHardwareProfiles('mix');
const subjects = realSubjects(hardware);
const names = hardware.map(({ name }) => name);
const seeds = 300;
const folder = join(import.meta.dirname, '../../fixtures/scenarios');

it('finds nothing wrong in any scenario', () => {
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.yaml')) continue;
    const read = readScenario(readFileSync(join(folder, file), 'utf8'));
    if (!read.ok) throw new Error(`${file}: ${read.problems[0]?.message}`);
    if (whySkipped(read.scenario, virtualOffer) !== undefined) continue;
    const { violations, unfinished } = play(read.scenario, subjects);
    expect({ violations, unfinished }, file).toEqual({ violations: [], unfinished: undefined });
  }
});

it(`finds nothing wrong in ${seeds} seeds`, () => {
  for (let seed = 0; seed < seeds; seed += 1) {
    const { violations } = play(drawScenario(seed, { hardware: names }), subjects);
    expect(violations, `seed ${seed}`).toEqual([]);
  }
});
