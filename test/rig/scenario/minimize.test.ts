import { describe, expect, it } from 'vitest';
import type { Scenario } from '../../../rig/scenario/contract.ts';
import { minimize } from '../../../rig/scenario/minimize.ts';
import { drawScenario } from '../../../rig/scenario/swarm.ts';

const options = { hardware: ['small', 'large'], things: 4 };
const creations = ({ meanwhile }: Scenario) => meanwhile.filter(({ deeds }) => deeds[0]?.do === 'create-job');
const faultKinds = ({ given }: Scenario): readonly string[] => given.faults.faults.map(({ kind }) => kind);

/** The first seed whose scenario has plenty of everything. */
const rich = Array.from({ length: 200 }, (_, seed) => drawScenario(seed, options)).find(
  (scenario) =>
    faultKinds(scenario).includes('power-cut') &&
    faultKinds(scenario).length > 5 &&
    scenario.meanwhile.length > 6 &&
    scenario.given.namespaces.length > 0,
)!;

describe('minimize', () => {
  it('leaves only what the failure needs', () => {
    const small = minimize(
      rich,
      (candidate) =>
        faultKinds(candidate).includes('power-cut') &&
        candidate.given.things.some(({ thing }) => thing === 'thing-3') &&
        creations(candidate).length > 0,
    );
    expect(faultKinds(small)).toEqual(['power-cut']);
    expect(small.given.things.map(({ thing }) => thing)).toEqual(['thing-3']);
    expect(small.meanwhile).toHaveLength(1);
    expect(small.given.namespaces).toEqual([]);
    const [end, ...others] = small.script;
    expect(others).toEqual([]);
    expect(end?.when?.on === 'at' && end.when.atMs).toBeLessThanOrEqual(1000);
  });

  it('never takes the end of the faults away, without which nothing would come to rest', () => {
    const small = minimize(rich, () => true);
    expect(small.script.flatMap(({ deeds }) => deeds)).toEqual([{ do: 'end-faults' }]);
  });

  it('takes a trigger at its first time and at once where that is enough', () => {
    const late = { on: 'step', step: 'write', nth: 3, afterMs: 10, thing: 'thing-1' } as const;
    const scenario = { ...rich, meanwhile: [{ when: late, deeds: [] }] };
    const small = minimize(scenario, ({ meanwhile }) => meanwhile.length === 1);
    expect(small.meanwhile[0]?.when).toEqual({ on: 'step', step: 'write', thing: 'thing-1' });
  });

  it('keeps the seed, on which everything else depends', () => {
    expect(minimize(rich, () => true).given.seed).toBe(rich.given.seed);
  });

  it('gives the scenario back when nothing smaller fails', () => {
    expect(minimize(rich, () => false)).toBe(rich);
  });

  it('tries no more scenarios than it may', () => {
    let trials = 0;
    minimize(rich, () => (trials += 1) > 0, 7);
    expect(trials).toBe(7);
  });
});
