/**
 * Plays a story and says which claims the device broke in it. A story is judged as every run is; since what happens in it is
 * known, the claims hold their own limits of time, and its job must come to the end that the story expects.
 */
import { runSimulation } from '../run.ts';
import type { Subjects } from '../subjects.ts';
import type { Claim } from '../violation.ts';
import { configurationOf, settledMs, type Story } from './story.ts';

export interface Breach {
  readonly broke: Claim;
  readonly message: string;
}

/** @returns what was broken first; empty when the device is well */
export function runStory(story: Story, subjects: Subjects): readonly Breach[] {
  const { expect, thingName } = story;
  const expectations = expect.map((one) => ({ withinMs: settledMs - 60_000, ...one, thingName }));
  return runSimulation(configurationOf(story), subjects, { expectations, limits: {} }).violations;
}
