import { steps } from '../../../observation/execution.ts';
import { describe, expect, it } from 'vitest';
import { referenceAgent } from '../../../agent/core/behaviour.ts';
import { readScenario } from '../../../rig/scenario/format/read.ts';
import { scenarioText } from '../../../rig/scenario/format/write.ts';
import { play } from '../../../rig/virtual/play.ts';
import {
  type SweepOptions,
  crosses,
  oddDocumentRuns,
  pullMoments,
  sweepRuns,
  sweptDocuments,
} from '../../../rig/virtual/sweep.ts';
import { hardwareNames, subjectsWith, wrongIn } from '../../support/simulated.ts';

const subjects = subjectsWith();
const [hardware = ''] = hardwareNames;

/** Plays a pull at every moment. */
function sweep(options: SweepOptions) {
  const played = [...sweepRuns(options)].map((run) => ({ run, played: play(run.scenario, options.subjects) }));
  const failures = played.filter((one) => wrongIn(one.played).length > 0);
  const moments = new Set(played.map(({ run }) => run.moment.label)).size;
  return { moments, runs: played.length, survived: played.length - failures.length, failures };
}

describe('the sweep', () => {
  it.each(sweptDocuments.map((swept) => [JSON.stringify(swept), swept] as const))(
    'the reference agent survives the pull of %s at every moment',
    { timeout: 240_000 },
    (_, swept) => {
      const { moments, runs, survived, failures } = sweep({ subjects, hardware, ...swept });
      expect(failures.map(({ run, played }) => `${run.scenario.id}: ${wrongIn(played).join('; ')}`)).toEqual([]);
      expect(survived).toBe(runs);
      expect(moments).toBeGreaterThan(5);
      expect(runs).toBeGreaterThanOrEqual(moments * (crosses.length - 2));
    },
  );

  it('the reference agent makes of every odd document what must be made of it', { timeout: 240_000 }, () => {
    const wrong = [...oddDocumentRuns({ subjects, hardware })].flatMap((scenario) =>
      wrongIn(play(scenario, subjects)).map((one) => `${scenario.id}: ${one}`),
    );
    expect(wrong).toEqual([]);
  });

  it.each([
    ['does nothing and says that it did', () => ({ kind: 'handlers', runs: [] }) as const],
    ['refuses everything but a reboot', () => ({ refused: 'nothing here' })],
    ['takes everything for a reboot', () => ({ kind: 'reboot' }) as const],
  ])('an agent that %s fails at odd documents', (_, readDocument) => {
    const bad = subjectsWith({ ...referenceAgent, readDocument });
    const played = [...oddDocumentRuns({ subjects: bad, hardware })].slice(0, 20).map((run) => play(run, bad));
    expect(played.some(({ violations }) => violations.length > 0)).toBe(true);
  });

  it.each(hardwareNames)('pulls firmware on %s in every step, at messages and between them', (name) => {
    const labels = pullMoments({ subjects, hardware: name, document: 'firmware' }).map(({ label }) => label);
    for (const step of steps) expect(labels.some((label) => label.includes(`step ${step}`))).toBe(true);
    expect(labels.some((label) => label.includes(' sent'))).toBe(true);
    expect(labels.some((label) => label.includes(' ms after '))).toBe(true);
    expect(new Set(labels).size).toBe(labels.length);
  });

  it('is made of scenarios that can be written to a file and read back', () => {
    let count = 0;
    for (const { scenario } of sweepRuns({
      subjects,
      hardware,
      document: 'reboot',
      crosses: ['nothing', 'power cut'],
    })) {
      expect(readScenario(scenarioText(scenario))).toEqual({ ok: true, scenario });
      count += 1;
    }
    expect(count).toBeGreaterThan(10);
  });

  it('names moment, cross and claim of an agent that does not survive', { timeout: 240_000 }, () => {
    const reckless = subjectsWith({ ...referenceAgent, asksBeforeNoReturn: false });
    const options = { subjects: reckless, hardware, document: 'firmware', crosses: ['notification lost'] } as const;
    const { failures, runs, survived } = sweep(options);
    expect(survived).toBe(runs - failures.length);
    const [first] = failures;
    expect(first?.run.cross).toBe('notification lost');
    expect(first?.played.violations.map(({ broke }) => broke)).toContain('V3');
    expect(failures.some(({ run }) => /step (download|verify|write)/.test(run.moment.label))).toBe(true);
  });
});
