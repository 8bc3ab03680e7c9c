/** Runs of the simulation with the hardware profiles that come with jobrig. */
import type { AgentBehaviour } from '../../agent/core/behaviour.ts';
import { readHardwareProfiles } from '../../agent/hardware-profiles.ts';
import type { RunConfiguration } from '../../rig/virtual/configuration.ts';
import { runSimulation, type RunResult } from '../../rig/virtual/run.ts';
import { realSubjects, type Subjects } from '../../rig/virtual/subjects.ts';
import { drawConfiguration } from '../../rig/virtual/swarm.ts';

const hardware = readHardwareProfiles('mix');

export const hardwareNames = hardware.map(({ name }) => name);

export function subjectsWith(agent?: AgentBehaviour): Subjects {
  return realSubjects(hardware, agent);
}

export function draw(seed: number): RunConfiguration {
  return drawConfiguration(seed, { hardware: hardwareNames });
}

/** The first seed below `limit` whose run breaks something, and what it breaks. */
export function firstViolation(
  subjects: Subjects,
  limit: number,
): { readonly seed: number; readonly broke: readonly string[]; readonly result: RunResult } | undefined {
  for (let seed = 0; seed < limit; seed += 1) {
    const result = runSimulation(draw(seed), subjects);
    if (result.violations.length > 0) return { seed, broke: result.violations.map(({ broke }) => broke), result };
  }
  return undefined;
}
