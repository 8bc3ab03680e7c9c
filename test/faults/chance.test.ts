import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { million, seededChance, type Chance } from '../../faults/chance.ts';

const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

function draw(chance: Chance, count = 20): number[] {
  return Array.from({ length: count }, () => chance.between(0, 1_000_000));
}

describe('seeded chance', () => {
  it('repeats itself for the same seed', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        expect(draw(seededChance(seed))).toEqual(draw(seededChance(seed)));
      }),
    );
  });

  it('means the same on every machine: a known seed gives known numbers', () => {
    expect(draw(seededChance(1), 4)).toMatchInlineSnapshot(`
      [
        854183,
        378426,
        251494,
        25848,
      ]
    `);
    expect(draw(seededChance(1).fork('link'), 4)).toMatchInlineSnapshot(`
      [
        135000,
        211696,
        607181,
        81852,
      ]
    `);
  });

  it('differs between seeds, also between those that share their lower 32 bits', () => {
    const firsts = [0, 1, 2, 0x1_0000_0000, 0x1_0000_0001, 0x2_0000_0000].map((seed) =>
      draw(seededChance(seed)).join(),
    );
    expect(new Set(firsts).size).toBe(firsts.length);
  });

  it('draws its first numbers anew for each seed, in every stream', () => {
    const streams: readonly ((chance: Chance) => Chance)[] = [
      (chance) => chance,
      (chance) => chance.fork('link'),
      (chance) => chance.fork('configuration').fork('things'),
    ];
    for (const streamOf of streams) {
      const drawn = Array.from({ length: 4000 }, (_, seed) => {
        const chance = streamOf(seededChance(seed));
        return [chance.between(0, 3), chance.between(0, 3)] as const;
      });
      for (const place of [0, 1] as const) {
        for (const value of [0, 1, 2, 3]) {
          const times = drawn.filter((pair) => pair[place] === value).length;
          expect(times).toBeGreaterThan(850);
          expect(times).toBeLessThan(1150);
        }
      }
      // The second is not foretold by the first.
      expect(drawn.filter(([first, second]) => first === second).length).toBeGreaterThan(850);
      expect(drawn.filter(([first, second]) => first === second).length).toBeLessThan(1150);
    }
  });

  it('forks by name alone, whatever was drawn before', () => {
    fc.assert(
      fc.property(seeds, fc.string(), fc.nat(50), (seed, purpose, drawn) => {
        const used = seededChance(seed);
        draw(used, drawn);
        expect(draw(used.fork(purpose))).toEqual(draw(seededChance(seed).fork(purpose)));
      }),
    );
  });

  it('gives different purposes different streams, nested ones too', () => {
    const root = seededChance(7);
    const streams = [root, root.fork('a'), root.fork('b'), root.fork('ab'), root.fork('a').fork('b'), root.fork('')];
    expect(new Set(streams.map((chance) => draw(chance).join())).size).toBe(streams.length);
  });

  it('stays within its bounds and reaches both', () => {
    const chance = seededChance(3);
    const seen = new Set(Array.from({ length: 500 }, () => chance.between(-2, 2)));
    expect([...seen].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
  });

  it('happens never at 0, always at a million, and about as often as asked between', () => {
    const chance = seededChance(5);
    const count = (perMillion: number) =>
      Array.from({ length: 10_000 }, () => chance.happens(perMillion)).filter(Boolean).length;
    expect(count(0)).toBe(0);
    expect(count(million)).toBe(10_000);
    expect(count(250_000)).toBeGreaterThan(2_300);
    expect(count(250_000)).toBeLessThan(2_700);
  });

  it('has nothing to pick from an empty list', () => {
    expect(() => seededChance(1).pick([])).toThrow(RangeError);
    expect(['x', 'y']).toContain(seededChance(1).pick(['x', 'y']));
  });
});
