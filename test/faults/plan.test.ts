import { describe, expect, it } from 'vitest';
import { misfortuneKinds, parseFaultPlan } from '../../faults/plan.ts';

function problemsOf(value: unknown): readonly string[] {
  const parsed = parseFaultPlan(value);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
}

const complete: Readonly<Record<string, object>> = {
  'link-lost': { untilMs: 1000, forMs: 10 },
  partition: { untilMs: 1000, forMs: 10 },
  'power-cut': { untilMs: 1000, forMs: 10 },
  'weak-battery': { untilMs: 1000, forMs: 10, byMv: 500 },
  'clock-jump': { untilMs: 1000, byMs: 10 },
  'service-clock-jump': { untilMs: 1000, byMs: 10 },
  message: { untilMs: 1000, direction: 'reply', fate: 'lost' },
  service: { untilMs: 1000, answer: 'twice' },
};

describe('parseFaultPlan', () => {
  it.each(misfortuneKinds)('accepts %s and fills in what is left out', (kind) => {
    const parsed = parseFaultPlan({ misfortunes: [{ kind, ...complete[kind] }] });
    expect(parsed).toMatchObject({ ok: true, plan: { misfortunes: [{ kind, fromMs: 0, ...complete[kind] }] } });
    expect(parsed.ok && parseFaultPlan(parsed.plan)).toEqual(parsed);
  });

  it.each(misfortuneKinds)('names each member of %s that is missing, wrong or unknown', (kind) => {
    for (const name of Object.keys(complete[kind] ?? {})) {
      const path = `misfortunes[0].${name}`;
      expect(problemsOf({ misfortunes: [{ kind, ...complete[kind], [name]: {} }] }).join()).toContain(
        `${path}: expected`,
      );
      expect(problemsOf({ misfortunes: [{ kind, ...complete[kind], [name]: undefined }] }).join()).toContain(path);
    }
    expect(problemsOf({ misfortunes: [{ kind, ...complete[kind], colour: 'red' }] }).join()).toContain(
      'misfortunes[0].colour: unknown; known are kind, ',
    );
  });

  it.each<[string, unknown, string]>([
    ['no object', [], ': expected an object'],
    ['no list', { misfortunes: 3 }, 'misfortunes: expected a list of misfortunes'],
    ['an unknown member', { misfortunes: [], faults: [] }, 'faults: unknown; known are misfortunes'],
    ['an entry that is no object', { misfortunes: [null] }, 'misfortunes[0]: expected an object'],
    ['an unknown misfortune', { misfortunes: [{ kind: 'flood' }] }, 'misfortunes[0].kind: expected one of link-lost, '],
    [
      'a span that ends before it begins',
      { misfortunes: [{ kind: 'power-cut', fromMs: 20, untilMs: 10, forMs: 1 }] },
      'misfortunes[0].untilMs: lies before fromMs',
    ],
    [
      'a fraction of a millisecond',
      { misfortunes: [{ kind: 'power-cut', untilMs: 10, forMs: 0.5 }] },
      'misfortunes[0].forMs: expected a whole number from 0 to ',
    ],
    [
      'an impossible thing name',
      { misfortunes: [{ kind: 'power-cut', untilMs: 10, forMs: 5, things: 'a b' }] },
      'misfortunes[0].things: expected a thing name, a prefix ending in *, or *',
    ],
    [
      'an unknown operation',
      { misfortunes: [{ kind: 'service', untilMs: 10, answer: 'late', operations: ['Reboot'] }] },
      'misfortunes[0].operations: expected a list of ',
    ],
  ])('refuses %s', (_, value, message) => {
    expect(problemsOf(value)).toHaveLength(1);
    expect(problemsOf(value)[0]).toContain(message);
  });

  it('names every problem at once', () => {
    expect(
      problemsOf({ misfortunes: [{ kind: 'flood' }, { kind: 'service', untilMs: 0.5, answer: 'no' }] }),
    ).toHaveLength(3);
  });
});
