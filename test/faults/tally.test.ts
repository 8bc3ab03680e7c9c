import { expect, it } from 'vitest';
import { createTally } from '../../faults/tally.ts';

it('a tally counts by name, the most frequent first', () => {
  const tally = createTally();
  expect(tally.counts()).toEqual({});
  for (const name of ['power-cut', 'reply lost', 'service late', 'reply lost'] as const) tally.add(name);
  expect(Object.entries(tally.counts())).toEqual([
    ['reply lost', 2],
    ['power-cut', 1],
    ['service late', 1],
  ]);
});
