import { describe, expect, it } from 'vitest';
import { minimize } from '../../../rig/virtual/minimize.ts';
import { drawConfiguration } from '../../../rig/virtual/swarm.ts';

const options = { hardware: ['small', 'large'], things: 4 };

/** The first seed whose configuration has plenty of everything. */
const rich = Array.from({ length: 200 }, (_, seed) => drawConfiguration(seed, options)).find(
  ({ faults, operator, namespaces }) =>
    faults.faults.some(({ kind }) => kind === 'power-cut') &&
    faults.faults.length > 5 &&
    operator.length > 6 &&
    namespaces.length > 0,
)!;

describe('minimize', () => {
  it('leaves only what the failure needs', () => {
    const small = minimize(
      rich,
      ({ faults, things, operator }) =>
        faults.faults.some(({ kind }) => kind === 'power-cut') &&
        things.some(({ thingName }) => thingName === 'thing-3') &&
        operator.some(({ deed }) => deed.kind === 'create-job'),
    );
    expect(small.faults.faults.map(({ kind }) => kind)).toEqual(['power-cut']);
    expect(small.things.map(({ thingName }) => thingName)).toEqual(['thing-3']);
    expect(small.operator).toHaveLength(1);
    expect(small.namespaces).toEqual([]);
    expect(small.safetyMs).toBeLessThanOrEqual(1000);
  });

  it('keeps the seed, on which everything else depends', () => {
    expect(minimize(rich, () => true).seed).toBe(rich.seed);
  });

  it('gives back what it was given when nothing can go', () => {
    const only = (candidate: typeof rich): boolean => candidate === rich;
    expect(minimize(rich, only)).toBe(rich);
  });

  it('stops after so many trials', () => {
    let trials = 0;
    minimize(rich, () => (trials += 1) > 0, 7);
    expect(trials).toBe(7);
  });
});
