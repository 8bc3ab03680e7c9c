import { describe, expect, it } from 'vitest';
import { faultKinds, parseFaultPlan } from '../../faults/plan-form.ts';

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
  message: { untilMs: 1000, direction: 'reply', effect: 'lost' },
  service: { untilMs: 1000, answer: 'twice' },
};

describe('parseFaultPlan', () => {
  it.each(faultKinds)('accepts %s and fills in what is left out', (kind) => {
    const parsed = parseFaultPlan({ faults: [{ kind, ...complete[kind] }] });
    expect(parsed).toMatchObject({ ok: true, value: { faults: [{ kind, fromMs: 0, ...complete[kind] }] } });
    expect(parsed.ok && parseFaultPlan(parsed.value)).toEqual(parsed);
  });

  it.each(faultKinds)('names each member of %s that is missing, wrong or unknown', (kind) => {
    for (const name of Object.keys(complete[kind] ?? {})) {
      const path = `faults[0].${name}`;
      expect(problemsOf({ faults: [{ kind, ...complete[kind], [name]: {} }] }).join()).toContain(`${path}: expected`);
      expect(problemsOf({ faults: [{ kind, ...complete[kind], [name]: undefined }] }).join()).toContain(path);
    }
    expect(problemsOf({ faults: [{ kind, ...complete[kind], colour: 'red' }] }).join()).toContain(
      'faults[0].colour: is not known here; known are kind, ',
    );
  });

  it('takes the names that its members had before, and tells what is wrong under the name that stands there', () => {
    const entry = { kind: 'message', untilMs: 1000, direction: 'reply' };
    const now = parseFaultPlan({ faults: [{ ...entry, effect: 'late' }] });
    expect(now).toMatchObject({ ok: true, value: { faults: [{ effect: 'late' }] } });
    expect(parseFaultPlan({ misfortunes: [{ ...entry, fate: 'late' }] })).toEqual(now);
    expect(problemsOf({ misfortunes: [{ ...entry, fate: 'soon' }] }).join()).toContain('misfortunes[0].fate: expected');
    expect(problemsOf({ misfortunes: 3 })).toEqual(['misfortunes: expected a list of faults']);
  });

  it.each<[string, unknown, string]>([
    ['no object', [], ': expected an object'],
    ['no list', { faults: 3 }, 'faults: expected a list of faults'],
    ['an unknown member', { faults: [], misfortunes: [] }, 'misfortunes: is not known here; known are faults'],
    ['an entry that is no object', { faults: [null] }, 'faults[0]: expected an object'],
    ['an unknown fault', { faults: [{ kind: 'flood' }] }, 'faults[0].kind: expected one of link-lost, '],
    [
      'a span that ends before it begins',
      { faults: [{ kind: 'power-cut', fromMs: 20, untilMs: 10, forMs: 1 }] },
      'faults[0].untilMs: lies before fromMs',
    ],
    [
      'a fraction of a millisecond',
      { faults: [{ kind: 'power-cut', untilMs: 10, forMs: 0.5 }] },
      'faults[0].forMs: expected a whole number from 0 to ',
    ],
    [
      'an impossible thing name',
      { faults: [{ kind: 'power-cut', untilMs: 10, forMs: 5, things: 'a b' }] },
      'faults[0].things: expected a thing name, a prefix ending in *, or *',
    ],
    [
      'an unknown operation',
      { faults: [{ kind: 'service', untilMs: 10, answer: 'late', operations: ['Reboot'] }] },
      'faults[0].operations[0]: expected one of ',
    ],
  ])('refuses %s', (_, value, message) => {
    expect(problemsOf(value)).toHaveLength(1);
    expect(problemsOf(value)[0]).toContain(message);
  });

  it('names every problem at once', () => {
    expect(problemsOf({ faults: [{ kind: 'flood' }, { kind: 'service', untilMs: 0.5, answer: 'no' }] })).toHaveLength(
      3,
    );
  });
});
