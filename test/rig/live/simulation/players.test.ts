/** A simulation that further processes take part in comes to the same as one that plays alone, whatever becomes of them. */
import { describe, expect, it } from 'vitest';
import { readHardwareProfiles } from '../../../../agent/hardware-profiles.ts';
import { drawScenario } from '../../../../rig/scenario/swarm.ts';
import { realSubjects } from '../../../../rig/virtual/subjects.ts';
import { readAgent } from '../../../../rig/live/agents.ts';
import { Parts, type PlayedPart, type SimulationPart } from '../../../../rig/live/simulation/parts.ts';
import { Players } from '../../../../rig/live/simulation/players.ts';
import { playToOutcome } from '../../../../rig/live/simulation/run-outcome.ts';
import { Simulation } from '../../../../rig/live/simulation/simulation.ts';

const hardware = readHardwareProfiles('mix');
const names = hardware.map(({ name }) => name);
const seeds = 12;

function* parts(): Generator<SimulationPart> {
  for (let seed = 1; seed <= seeds; seed += 1) {
    yield { label: `seed ${seed}`, seed, scenario: drawScenario(seed, { hardware: names }) };
  }
}

function subjectsOf(agent: string) {
  return realSubjects(hardware, readAgent(agent));
}

function playedHere(agent: string): readonly PlayedPart[] {
  return [...parts()].map((part) => ({ part, outcome: playToOutcome(part.scenario, subjectsOf(agent)) }));
}

async function simulated(agent: string, start?: () => Players) {
  const simulation = new Simulation({
    subjects: subjectsOf(agent),
    signal: undefined,
    onTurn: () => {},
    ...(start && { players: { start, afterMs: 0 } }),
  });
  const played: PlayedPart[] = [];
  for await (const one of simulation.play(parts())) played.push(one);
  return { played, causes: simulation.causes(), verdict: simulation.verdict };
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('players of a simulation', () => {
  const agent = 'r01-retries-what-is-gone';

  it('come to what one process comes to, in the order of the parts, and are gone afterwards', async () => {
    const source = new Parts(parts());
    const players = new Players({ hardware, agent }, 2).on(source);
    const played: PlayedPart[] = [];
    while (played.length < seeds) {
      await players.nextAnswer(undefined);
      played.push(...source.inOrder());
    }
    await players.stop();
    expect(played).toEqual(playedHere(agent));
    expect(players.pids.filter(isThere)).toEqual([]);
  });

  it('give back what they had when they are killed', async () => {
    const source = new Parts(parts());
    const players = new Players({ hardware, agent }, 1).on(source);
    await players.nextAnswer(undefined);
    for (const pid of players.pids) process.kill(pid, 'SIGKILL');
    await players.stop();
    const played = [...source.inOrder()];
    for (let taken = source.take(); taken !== undefined; taken = source.take()) {
      source.put(taken, playToOutcome(taken.part.scenario, subjectsOf(agent)));
      played.push(...source.inOrder());
    }
    expect(source.isDone).toBe(true);
    expect(played).toEqual(playedHere(agent));
  });

  it('beside the process that judges, change nothing in outcomes, causes and verdict', async () => {
    const beside = await simulated(agent, () => new Players({ hardware, agent }, 1));
    expect(beside).toEqual(await simulated(agent));
    expect(beside.verdict).toBe('fail');
  });
});
