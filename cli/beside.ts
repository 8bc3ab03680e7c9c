/**
 * What reports set beside a failed device: the reference agent in the same scenario, and, where the device is simulated, its own
 * inside. Played in virtual time when a story is told; a scenario that cannot be played so has nothing beside it.
 */
import type { AgentBehaviour } from '../agent/core/behaviour.ts';
import type { HardwareProfile } from '../agent/device/profile.ts';
import { readHardwareProfiles } from '../agent/hardware-profiles.ts';
import { createBounded } from '../rig/live/bounded.ts';
import type { BesideOf } from '../rig/report/beside.ts';
import type { KeptBeside } from '../rig/report/kept-run.ts';
import type { Scenario } from '../rig/scenario/contract.ts';
import { type InsideStory, insideStory } from '../rig/virtual/inside-story.ts';
import { type Subjects, realSubjects } from '../rig/virtual/subjects.ts';

export interface SimulatedSubject {
  /** Beside those that come with jobrig. */
  readonly hardware: readonly HardwareProfile[];
  /** Absent: nobody sees the inside of the device. */
  readonly agent?: AgentBehaviour;
}

export function besideBy({ hardware, agent }: SimulatedSubject): BesideOf {
  const profiles = [...readHardwareProfiles('mix'), ...hardware];
  const bounded = createBounded();
  const reference = realSubjects(profiles, undefined, bounded);
  const own = agent && realSubjects(profiles, agent, bounded);
  return (scenario, thingName) => {
    const right = played(scenario, reference, thingName);
    // What happened to one of a live fleet does not happen again in virtual time.
    const inside = own === undefined || thingName !== undefined ? undefined : played(scenario, own);
    return { ...(right && { right }), ...(inside && { own: inside }) };
  };
}

/** Keeps what was asked for, so that it can be told again where nothing can be played. */
export function rememberBeside(of: BesideOf): { readonly besideOf: BesideOf; readonly besides: readonly KeptBeside[] } {
  const besides: KeptBeside[] = [];
  return {
    besides,
    besideOf(scenario, thing) {
      const beside = of(scenario, thing);
      besides.push({ scenario: scenario.id, beside, ...(thing !== undefined && { thing }) });
      return beside;
    },
  };
}

function played(scenario: Scenario, subjects: Subjects, thingName?: string): InsideStory | undefined {
  try {
    return insideStory(scenario, subjects, thingName);
  } catch {
    return undefined;
  }
}
