import { describe, expect, it } from 'vitest';
import { faultKinds } from '../../../faults/plan-form.ts';
import { documentKinds, imageConditions } from '../../../rig/scenario/contract.ts';
import { deedWords } from '../../../rig/scenario/format/deeds.ts';
import { readScenario } from '../../../rig/scenario/format/read.ts';
import { scenarioText } from '../../../rig/scenario/format/write.ts';
import { oddDocuments } from '../../../rig/scenario/odd-documents.ts';
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
    const documents = created.map(({ document }) => document);
    expect(new Set(documents.filter((document) => typeof document === 'string'))).toEqual(new Set(documentKinds));
    const odd = new Set(documents.filter((document) => typeof document === 'object').map((one) => JSON.stringify(one)));
    expect(odd.size).toBeGreaterThan(oddDocuments(0).length / 2);
    const images = new Set(created.map(({ image }) => image));
    expect(images).toEqual(new Set([undefined, ...imageConditions.filter((condition) => condition !== 'good')]));
    const undrawn = new Set<string>([
      'end-faults',
      'update-job',
      'leave-group',
      'join-group',
      'delete-thing',
      'delete-stream',
      'clock',
      'battery',
      'delete-stream',
    ]);
    expect(new Set(deeds.map((deed) => deed.do))).toEqual(new Set(deedWords.filter((word) => !undrawn.has(word))));
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
