/** The arithmetic of the benchmark: rounds in turn, spreads, verdicts. */
import { describe, expect, it } from 'vitest';
import { type FigureName, figures, judge, type Measurement } from '../../bench/figures.ts';
import { interleave, rotate, spreadOf } from '../../bench/rounds.ts';

function measured(figure: FigureName, median: number): Measurement {
  return { figure, value: { median, min: median, max: median }, note: '', samples: [] };
}

describe('interleave', () => {
  it('warms both up, then alternates who goes first and keeps the pairs apart', async () => {
    const order: string[] = [];
    const turn = (name: string) => async () => {
      order.push(name);
      return `${name}${order.length}`;
    };
    const pairs = await interleave({ ours: turn('a'), theirs: turn('b') }, 3, () => {});
    expect(order.join('')).toBe('ababbaab');
    expect(pairs).toEqual([
      { ours: 'a3', theirs: 'b4' },
      { ours: 'a6', theirs: 'b5' },
      { ours: 'a7', theirs: 'b8' },
    ]);
  });
});

describe('rotate', () => {
  it('warms all up, then begins each round with another one and keeps samples in order', async () => {
    const order: string[] = [];
    const turn = (name: string) => async () => {
      order.push(name);
      return `${name}${order.length}`;
    };
    const rounds = await rotate([turn('a'), turn('b'), turn('c')], 2, () => {});
    expect(order.join('')).toBe('abcabcbca');
    expect(rounds).toEqual([
      ['a4', 'b5', 'c6'],
      ['a9', 'b7', 'c8'],
    ]);
  });
});

describe('spreadOf', () => {
  it.each([
    [[3], { median: 3, min: 3, max: 3 }],
    [[5, 1, 3], { median: 3, min: 1, max: 5 }],
    [[4, 1, 2, 9], { median: 3, min: 1, max: 9 }],
    [[10, 9, 100], { median: 10, min: 9, max: 100 }],
  ])('of %j is by value, not by text', (values, spread) => {
    expect(spreadOf(values)).toEqual(spread);
  });
});

describe('judge', () => {
  it.each(Object.keys(figures) as FigureName[])('%s: aim beats bar beats missed, on the right side', (name) => {
    const { bar, aim, better } = figures[name];
    const worse = better === 'higher' ? 0.99 : 1.01;
    expect(better === 'higher' ? aim > bar : aim < bar).toBe(true);
    expect(judge(measured(name, aim))).toBe('aim');
    expect(judge(measured(name, aim * worse))).toBe('bar');
    expect(judge(measured(name, bar))).toBe('bar');
    expect(judge(measured(name, bar * worse))).toBe('missed');
  });
});
