import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantile, spreadOf } from '../../../rig/report/statistics.ts';

describe('quantiles', () => {
  it.each([
    [0.5, 2],
    [0.95, 4],
    [1, 4],
    [0, 1],
  ])('the %d quantile of four samples is a sample', (q, expected) => {
    expect(quantile([4, 1, 3, 2], q)).toBe(expected);
  });

  it('has nothing to say without samples', () => {
    expect(quantile([], 0.5)).toBeUndefined();
    expect(spreadOf([])).toBeUndefined();
  });

  it('at least the fraction q of the samples is not above the quantile, and it is one of them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer(), { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (samples, q) => {
          const value = quantile(samples, q)!;
          expect(samples).toContain(value);
          expect(samples.filter((sample) => sample <= value).length).toBeGreaterThanOrEqual(q * samples.length);
        },
      ),
    );
  });
});
