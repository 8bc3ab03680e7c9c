/** The zoo proves the verdict: every bug is caught by a claim that it breaks, nobody is failed for what is not its own. */
import { describe, expect, it } from 'vitest';
import { referenceAgent } from '../../../agent/core/behaviour.ts';
import { recoveryTable } from '../../../agent/core/recovery.ts';
import { zoo } from './zoo-agents.ts';
import { play } from '../../../rig/virtual/play.ts';
import type { Claim } from '../../../rig/virtual/violation.ts';
import { skippedScenarios, virtualScenarios } from '../../support/scenarios.ts';
import { subjectsWith, wrongIn } from '../../support/simulated.ts';
import { secondActOnly } from './second-act-only.ts';
import { zooPage, zooTable } from './zoo-table.ts';

const table = zooTable();
const members = Object.keys(referenceAgent) as (keyof typeof referenceAgent)[];

/** In how many places an agent decides otherwise than the reference. */
function decisionsChanged(agent: typeof referenceAgent): string[] {
  return members.filter((member) => agent[member] !== referenceAgent[member]);
}

describe('the zoo', () => {
  it('has at least 40 agents and 90 scenarios, each under one name', () => {
    expect(zoo.length).toBeGreaterThanOrEqual(40);
    expect(virtualScenarios.length).toBeGreaterThanOrEqual(90);
    expect(new Set(zoo.map(({ id }) => id)).size).toBe(zoo.length);
    const ids = [...virtualScenarios, ...skippedScenarios].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('plays in virtual time every scenario', () => {
    expect(skippedScenarios.map(({ id }) => id)).toEqual([]);
  });

  it.each(zoo.map((agent) => [agent.id, agent] as const))('%s decides one thing otherwise', (id, { behaviour }) => {
    expect(id).toMatch(/^r\d\d-[a-z-]+$/);
    expect(decisionsChanged(behaviour)).toHaveLength(1);
    const changed = Object.entries(recoveryTable).flatMap(([step, row]) =>
      Object.keys(row).filter((cell) => {
        const own = behaviour.recovery[step as keyof typeof recoveryTable][cell as keyof typeof row];
        return JSON.stringify(own) !== JSON.stringify(row[cell as keyof typeof row]);
      }),
    );
    // In the table it is one interruption that is met otherwise.
    expect(new Set(changed).size).toBeLessThanOrEqual(1);
  });

  it.each(virtualScenarios.map((scenario) => [scenario.id, scenario] as const))(
    'the reference agent breaks nothing in %s',
    (_, scenario) => {
      expect(wrongIn(play(scenario, subjectsWith()))).toEqual([]);
    },
  );

  it.each(table.map((row) => [row.agent.id, row] as const))(
    '%s is caught in its own scenario',
    (_, { agent, broke }) => {
      const found = broke.get(agent.scenario) ?? [];
      expect(found).not.toEqual([]);
      expect(Object.keys(agent.breaks)).toEqual(expect.arrayContaining([...found]));
    },
  );

  it.each(table.map((row) => [row.agent.id, row] as const))('%s is failed for nothing else', (_, { agent, broke }) => {
    const foreign = [...broke].filter(([, found]) => found.some((claim) => !(claim in agent.breaks)));
    expect(foreign).toEqual([]);
    const all = new Set([...broke.values()].flat());
    expect(Object.keys(agent.breaks).filter((claim) => !all.has(claim as Claim))).toEqual([]);
  });

  it('every claim about a device is broken by some agent, and most scenarios are failed by some', () => {
    const broken = new Set(table.flatMap(({ broke }) => [...broke.values()].flat()));
    expect([...broken].sort()).toEqual(['V1', 'V10', 'V2', 'V3', 'V4', 'V5', 'V6', 'V7', 'V8', 'V9']);
    const failed = virtualScenarios.filter(({ id }) => table.some(({ broke }) => broke.has(id)));
    expect(failed.length).toBeGreaterThan(virtualScenarios.length / 2);
  });

  it('says of no stranger that only the second act shows its bug', () => {
    expect(Object.keys(secondActOnly).filter((id) => !zoo.some((agent) => agent.id === id))).toEqual([]);
  });

  it('is what docs/zoo.md says (vitest -u)', async () => {
    await expect(await zooPage(table)).toMatchFileSnapshot('../../../docs/zoo.md');
  });
});
