/** Names are kept in so many places, and the other side knows each by the place that it was told last. */
import { array, assert, constantFrom, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeardNames, SaidNames } from '../../broker/link/names.ts';

const names = Array.from({ length: 12 }, (_, index) => `thing-${index}`);

describe('names on a line', () => {
  it('are heard as they were said, however few places there are', () => {
    assert(
      property(array(constantFrom(...names), { maxLength: 60 }), integer({ min: 1, max: 14 }), (said, places) => {
        const ours = new SaidNames(places);
        const theirs = new HeardNames();
        for (const name of said) {
          let place = ours.of(name);
          if (place === undefined) {
            place = ours.place(name);
            expect(place).toBeLessThanOrEqual(places);
            expect(theirs.place(place, name)).toBe(true);
          }
          expect(theirs.at(place)).toBe(name);
        }
      }),
    );
  });

  it('are said whole once only while there is room', () => {
    const ours = new SaidNames(names.length);
    const places = names.map((name) => ours.place(name));
    expect(new Set(places).size).toBe(names.length);
    expect(names.map((name) => ours.of(name))).toEqual(places);
  });
});
