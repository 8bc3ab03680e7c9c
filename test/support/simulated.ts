/** Runs of the simulation with the hardware profiles that come with jobrig. */
import type { AgentBehaviour } from '../../agent/core/behaviour.ts';
import { readHardwareProfiles } from '../../agent/hardware-profiles.ts';
import type { Scenario } from '../../rig/scenario/contract.ts';
import { drawScenario } from '../../rig/scenario/swarm.ts';
import { type Played, play } from '../../rig/virtual/play.ts';
import { realSubjects, type Subjects } from '../../rig/virtual/subjects.ts';

const hardware = readHardwareProfiles('mix');

export const hardwareNames = hardware.map(({ name }) => name);

export function subjectsWith(agent?: AgentBehaviour): Subjects {
  return realSubjects(hardware, agent);
}

export function draw(seed: number): Scenario {
  return drawScenario(seed, { hardware: hardwareNames });
}

/** What broke, and what the script waited for in vain; empty when all is well. */
export function wrongIn({ violations, unfinished }: Played): readonly string[] {
  const broken = violations.map(({ broke, message, thingName = '' }) => `${broke} ${thingName} ${message}`);
  return unfinished === undefined ? broken : [...broken, `waits in vain for ${unfinished}`];
}

/** The first seed below `limit` whose run breaks something, and what it breaks. */
export function firstViolation(
  subjects: Subjects,
  limit: number,
): { readonly seed: number; readonly broke: readonly string[]; readonly played: Played } | undefined {
  for (let seed = 0; seed < limit; seed += 1) {
    const played = play(draw(seed), subjects);
    if (played.violations.length > 0) return { seed, broke: played.violations.map(({ broke }) => broke), played };
  }
  return undefined;
}
