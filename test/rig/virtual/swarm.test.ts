import { describe, expect, it } from 'vitest';
import { faultKinds, parseFaultPlan } from '../../../faults/plan.ts';
import { documentKinds } from '../../../rig/virtual/documents.ts';
import { drawConfiguration } from '../../../rig/virtual/swarm.ts';

const options = { hardware: ['small', 'large'] };
const many = Array.from({ length: 500 }, (_, seed) => drawConfiguration(seed, options));

describe('swarm', () => {
  it('draws the same configuration from the same seed, and another from another', () => {
    expect(drawConfiguration(42, options)).toEqual(drawConfiguration(42, options));
    expect(new Set(many.map((configuration) => JSON.stringify({ ...configuration, seed: 0 }))).size).toBe(500);
  });

  it('draws every fault, document, deed and hardware over many seeds, and none of them always', () => {
    const seen = (of: (configuration: (typeof many)[number]) => readonly string[]): Set<string> =>
      new Set(many.flatMap(of));
    expect(seen(({ faults }) => faults.faults.map(({ kind }) => kind))).toEqual(new Set(faultKinds));
    expect(seen(({ things }) => things.map(({ hardware }) => hardware))).toEqual(new Set(options.hardware));
    const deeds = many.flatMap(({ operator }) => operator.map(({ deed }) => deed));
    expect(new Set(deeds.flatMap((deed) => (deed.kind === 'create-job' ? [deed.document] : [])))).toEqual(
      new Set(documentKinds.filter((kind) => kind !== 'large-firmware')),
    );
    expect(new Set(deeds.map(({ kind }) => kind))).toEqual(
      new Set(['create-job', 'delete-job', 'delete-execution', 'cancel-job', 'cancel-execution', 'rejoin']),
    );
    for (const kind of faultKinds) {
      expect(many.some(({ faults }) => faults.faults.every((fault) => fault.kind !== kind))).toBe(true);
    }
  });

  it('draws plans that a person could have written', () => {
    for (const { faults } of many) expect(parseFaultPlan(faults)).toMatchObject({ ok: true });
  });

  it('takes as many things as it is told', () => {
    expect(drawConfiguration(1, { ...options, things: 9 }).things).toHaveLength(9);
  });
});
