import { steps } from '../../../observation/execution.ts';
import { describe, expect, it } from 'vitest';
import { referenceAgent } from '../../../agent/core/behaviour.ts';
import type { DocumentKind } from '../../../rig/virtual/documents.ts';
import { crosses, pullPoints, sweep } from '../../../rig/virtual/sweep.ts';
import { hardwareNames, subjectsWith } from '../../support/simulated.ts';

const subjects = subjectsWith();
const [hardware = ''] = hardwareNames;

describe('sweep', () => {
  it.each<DocumentKind>([
    'firmware',
    'handlers',
    'reboot',
    'failing-firmware',
    'corrupt-firmware',
    'foreign',
    'oversize',
  ])('the reference agent survives the pull of a %s job at every point', { timeout: 120_000 }, (document) => {
    const { points, runs, survived, failures } = sweep({ subjects, hardware, document });
    expect(failures).toEqual([]);
    expect(survived).toBe(runs);
    expect(points).toBeGreaterThan(5);
    expect(runs).toBeGreaterThanOrEqual(points * (crosses.length - 2));
  });

  it.each(hardwareNames)('pulls firmware on %s in every step, at events and between them', (name) => {
    const points = pullPoints({ subjects, hardware: name, document: 'firmware' });
    const met = new Set(points.map(({ label }) => label.slice(0, label.indexOf(':'))));
    expect(met).toEqual(new Set(['idle', ...steps]));
    expect(new Set(points.map(({ between }) => between))).toEqual(new Set([true, false]));
  });

  it('names point, cross and claim of an agent that does not survive', { timeout: 60_000 }, () => {
    const reckless = subjectsWith({ ...referenceAgent, asksBeforeNoReturn: false });
    const options = { subjects: reckless, hardware, document: 'firmware', crosses: ['notification lost'] } as const;
    const { failures, runs, survived } = sweep(options);
    expect(survived).toBe(runs - failures.length);
    expect(failures[0]).toMatchObject({ cross: 'notification lost', broke: expect.arrayContaining(['V3']) });
    expect(failures[0]?.point).toMatch(/^(download|verify|write|activate): /);
  });
});
