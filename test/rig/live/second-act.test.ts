import { describe, expect, it } from 'vitest';
import { readHardwareProfiles } from '../../../agent/hardware-profiles.ts';
import { zoo } from '../../agent/zoo/zoo-agents.ts';
import { type SecondActOptions, playSecondAct } from '../../../rig/live/demo/second-act.ts';
import { skippedScenarios, virtualScenarios } from '../../support/scenarios.ts';

const known = readHardwareProfiles('mix');

function act(options: Partial<SecondActOptions>) {
  return playSecondAct({ scenarios: virtualScenarios, seeds: 0, hardware: known, known, ...options });
}

describe('the second act of the demo', () => {
  it('passes the reference agent, and says what it played', async () => {
    const played: string[] = [];
    const result = await act({
      scenarios: [...virtualScenarios.slice(0, 20), ...skippedScenarios],
      seeds: 20,
      onProgress: (done, of, failed) => void played.push(`${done} of ${of}, ${failed} failed`),
    });
    expect(result).toEqual({ verdict: 'pass', scenarios: 20, seeds: 20, causes: [], runs: [] });
    expect(played[0]).toBe('0 of 40, 0 failed');
  });

  it.each(known.map((profile) => [profile.name, profile] as const))(
    'draws its seeds for the hardware of the fleet, and has what scenarios name beside it: %s',
    async (_, profile) => {
      const named = virtualScenarios.filter(({ given }) => given.things.some(({ hardware }) => hardware !== undefined));
      expect(await act({ scenarios: named, seeds: 3, hardware: [profile] })).toMatchObject({ verdict: 'pass' });
    },
  );

  it.each(zoo.map((agent) => [agent.id, agent] as const))(
    '%s fails with a claim of its own, in the scenario that is about its bug',
    async (_, { behaviour, breaks, scenario: own }) => {
      const scenarios = virtualScenarios.filter(({ id }) => id === own);
      const { verdict, causes, runs } = await act({ scenarios, agent: behaviour });
      expect(verdict).toBe('fail');
      for (const { act: where, claim, claimText, reason, in: found, scenario } of causes) {
        expect(Object.keys(breaks)).toContain(claim);
        expect(claimText).toMatch(/^[a-z].*: /);
        expect(reason).not.toBe('');
        expect([where, found, scenario]).toEqual(['virtual', [own], own]);
      }
      expect(runs.map(({ scenario, verdict: of }) => [scenario.id, of])).toEqual([[own, 'fail']]);
      expect(runs[0]!.observations.length).toBeGreaterThan(10);
    },
  );

  it('tells what many seeds found once, made small', async () => {
    const { behaviour, breaks } = zoo.find(({ id }) => id === 'r40-does-not-ask-when-it-connects')!;
    const { causes, runs } = await act({ scenarios: [], seeds: 12, agent: behaviour });
    const [first] = causes;
    expect(Object.keys(breaks)).toContain(first!.claim);
    expect(first!.found).toBeGreaterThan(1);
    expect(first!.in).toHaveLength(first!.found);
    expect(first!.in[0]).toMatch(/^seed \d+$/);
    expect(runs[0]!.scenario.given.faults.faults.length).toBeLessThanOrEqual(1);
    expect(runs[0]!.scenario.id).toBe(first!.scenario);
  });

  it('that is interrupted tells what it has found until then, as it was drawn', async () => {
    const { behaviour } = zoo.find(({ id }) => id === 'r40-does-not-ask-when-it-connects')!;
    const controller = new AbortController();
    const { verdict, causes, runs, seeds } = await act({
      scenarios: [],
      seeds: 100_000,
      agent: behaviour,
      signal: controller.signal,
      onProgress: (_played, _of, failed) => failed > 0 && controller.abort(),
    });
    expect(verdict).toBe('fail');
    expect(causes[0]?.found).toBeGreaterThan(0);
    expect(runs[0]?.scenario.id).toBe(causes[0]?.scenario);
    expect(seeds).toBeLessThan(100_000);
  });
});
