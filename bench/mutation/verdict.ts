/**
 * The verdict alone, as a test that a mutant must fail: seeds of the swarm and every story, with the reference agent and the
 * real engine. Not part of the suite; `npm run mutate` runs it against each mutant.
 */
import { expect, it } from 'vitest';
import { readHardwareProfiles } from '../../agent/hardware-profiles.ts';
import { runSimulation } from '../../rig/virtual/run.ts';
import { runStory } from '../../rig/virtual/stories/run-story.ts';
import { stories } from '../../rig/virtual/stories/stories.ts';
import { realSubjects } from '../../rig/virtual/subjects.ts';
import { drawConfiguration } from '../../rig/virtual/swarm.ts';

const hardware = readHardwareProfiles('mix');
const subjects = realSubjects(hardware);
const names = hardware.map(({ name }) => name);
const seeds = 300;

it('finds nothing wrong in any story', () => {
  for (const story of stories) expect(runStory(story, subjects), story.id).toEqual([]);
});

it(`finds nothing wrong in ${seeds} seeds`, () => {
  for (let seed = 0; seed < seeds; seed += 1) {
    const { violations } = runSimulation(drawConfiguration(seed, { hardware: names }), subjects);
    expect(violations, `seed ${seed}`).toEqual([]);
  }
});
