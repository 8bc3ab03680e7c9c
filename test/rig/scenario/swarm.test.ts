import { describe, expect, it } from 'vitest';
import { faultKinds } from '../../../faults/plan.ts';
import { documentKinds } from '../../../rig/scenario/contract.ts';
import { readScenario } from '../../../rig/scenario/format/read.ts';
import { scenarioText } from '../../../rig/scenario/format/write.ts';
import { drawScenario } from '../../../rig/scenario/swarm.ts';

const options = { hardware: ['small', 'large'] };
const many = Array.from({ length: 500 }, (_, seed) => drawScenario(seed, options));

describe('the swarm', () => {
  it('draws the same scenario from the same seed, and another from another', () => {
    expect(drawScenario(42, options)).toEqual(drawScenario(42, options));
    const drawn = many.map(({ given, meanwhile, script }) =>
      JSON.stringify([{ ...given, seed: 0 }, meanwhile, script]),
    );
    expect(new Set(drawn).size).toBe(500);
  });

  it('draws every fault, document, deed and hardware over many seeds, and none of them always', () => {
    const seen = (of: (scenario: (typeof many)[number]) => readonly string[]): Set<string> => new Set(many.flatMap(of));
    expect(seen(({ given }) => given.faults.faults.map(({ kind }) => kind))).toEqual(new Set(faultKinds));
    expect(seen(({ given }) => given.things.map(({ hardware = '' }) => hardware))).toEqual(new Set(options.hardware));
    const deeds = many.flatMap(({ meanwhile }) => meanwhile.flatMap((entry) => entry.deeds));
    const created = deeds.filter((deed) => deed.do === 'create-job');
    expect(new Set(created.map(({ document }) => document))).toEqual(new Set(documentKinds));
    expect(new Set(created.map(({ image }) => image))).toEqual(new Set([undefined, 'missing', 'corrupt', 'failing']));
    expect(new Set(deeds.map((deed) => deed.do))).toEqual(
      new Set(['create-job', 'delete-job', 'delete-execution', 'cancel-job', 'cancel-execution', 'rejoin-group']),
    );
    for (const kind of faultKinds) {
      expect(many.some(({ given }) => given.faults.faults.every((fault) => fault.kind !== kind))).toBe(true);
    }
  });

  it('draws scenarios that a person could have written: each reads back as it was written', () => {
    for (const scenario of many.slice(0, 120)) {
      expect(readScenario(scenarioText(scenario))).toEqual({ ok: true, scenario });
    }
  });

  it('ends every fault, and lets a canary follow under a job id that was used before', () => {
    for (const { script, meanwhile, expect: expected } of many) {
      expect(script[0]?.deeds).toEqual([{ do: 'end-faults' }]);
      const used = new Set(
        meanwhile.flatMap(({ deeds }) => deeds.flatMap((deed) => ('job' in deed ? [deed.job] : []))),
      );
      expect(expected).toMatchObject([{ status: ['SUCCEEDED'], sideEffects: 'once' }]);
      expect(used.has(expected[0]?.job ?? '')).toBe(true);
    }
  });

  it('takes as many things as it is told', () => {
    expect(drawScenario(1, { ...options, things: 9 }).given.things).toHaveLength(9);
  });
});
