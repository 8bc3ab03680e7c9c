/**
 * The verdict alone, as a function of the code under it: every scenario of virtual time, then seeds of the swarm, then odd documents
 * and a pull at every moment, with the reference agent and the real engine. Ends at the first thing that is wrong. {@link file://./bundle.ts}
 * makes one text of it and all that it needs, with a mutant in it.
 */
import type { HardwareProfile } from '../../agent/device/profile.ts';
import type { Scenario } from '../../rig/scenario/contract.ts';
import { drawScenario } from '../../rig/scenario/swarm.ts';
import { play } from '../../rig/virtual/play.ts';
import { realSubjects } from '../../rig/virtual/subjects.ts';
import { oddDocumentRuns, sweepRuns, sweptDocuments } from '../../rig/virtual/sweep.ts';

export interface VerdictInput {
  readonly hardware: readonly HardwareProfile[];
  readonly scenarios: readonly Scenario[];
  /** The seeds 1 to this. */
  readonly seeds: number;
  /** A pull at every moment of an update, which takes longest. */
  readonly pulls: boolean;
}

/**
 * @param progress told before each run what is played
 * @returns what was found first; `undefined`: nothing
 */
export function verdict(input: VerdictInput, progress: (label: string) => void): string | undefined {
  const subjects = realSubjects(input.hardware);
  for (const { label, scenario } of runs(input)) {
    progress(label);
    const { violations, unfinished } = play(scenario, subjects);
    const [first] = violations;
    if (first !== undefined) return `${label}: ${first.broke} ${first.message}`;
    if (unfinished !== undefined) return `${label}: it waits for ${unfinished}`;
  }
  return undefined;
}

function* runs({ hardware, scenarios, seeds, pulls }: VerdictInput): Generator<{
  readonly label: string;
  readonly scenario: Scenario;
}> {
  for (const scenario of scenarios) yield { label: scenario.id, scenario };
  const subjects = realSubjects(hardware);
  for (const scenario of oddDocumentRuns({ subjects })) yield { label: `sweep ${scenario.id}`, scenario };
  const names = hardware.map(({ name }) => name);
  for (let seed = 1; seed <= seeds; seed += 1) {
    yield { label: `seed ${seed}`, scenario: drawScenario(seed, { hardware: names }) };
  }
  if (!pulls) return;
  for (const swept of sweptDocuments) {
    for (const { scenario } of sweepRuns({ subjects, hardware: subjects.hardware, ...swept })) {
      yield { label: `sweep ${scenario.id}`, scenario };
    }
  }
}
