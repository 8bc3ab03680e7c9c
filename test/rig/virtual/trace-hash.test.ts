import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTraceHash } from '../../../rig/virtual/trace-hash.ts';

function digestOf(values: readonly (number | string)[]): string {
  const hash = createTraceHash();
  for (const value of values) {
    if (typeof value === 'number') hash.number(value);
    else hash.text(value);
  }
  return hash.digest();
}

describe('trace hash', () => {
  it('means the same on every machine', () => {
    expect(digestOf([])).toMatchInlineSnapshot(`"811c9dc59747b28c"`);
    expect(digestOf([1, 1_700_000_000_000, 'notify-next', -1])).toMatchInlineSnapshot(`"634fac8b89914798"`);
  });

  it('tells apart what differs in one value or in order', () => {
    const value = fc.oneof(fc.maxSafeNat(), fc.string());
    fc.assert(
      fc.property(fc.uniqueArray(value, { minLength: 2, maxLength: 8 }), (values) => {
        const swapped = [values[1]!, values[0]!, ...values.slice(2)];
        expect(digestOf(swapped)).not.toBe(digestOf(values));
        expect(digestOf(values.slice(1))).not.toBe(digestOf(values));
        expect(digestOf([...values, 0])).not.toBe(digestOf(values));
      }),
    );
  });

  it('does not collide over many short traces', () => {
    const digests = new Set(Array.from({ length: 100_000 }, (_, index) => digestOf([index, index >> 3])));
    expect(digests.size).toBe(100_000);
  });
});
