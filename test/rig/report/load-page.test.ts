/** The page of a load run: the frame of all reports, cause first, and the command that measures the same again. */
import { describe, expect, it } from 'vitest';
import type { LoadRun } from '../../../rig/load/contract.ts';
import { judgeThresholds, parseThreshold } from '../../../rig/load/figures.ts';
import { type ShownLoad, loadContent } from '../../../rig/report/load-page.ts';
import { pageBody } from '../../../rig/report/page-frame.ts';
import { shownLoad } from '../../../rig/report/pages.ts';
import { sampleLoadRun } from '../../support/sample-load.ts';

function bodyOf(shown: ShownLoad): string {
  return pageBody(loadContent(shown)).text;
}

function sectionsOf(page: string): readonly string[] {
  return [...page.matchAll(/<section id="([a-z-]+)"/g)].map(([, id = '']) => id);
}

describe('the page of a load run', () => {
  it('has failures before all figures, and no section for those that there are not', () => {
    const run = sampleLoadRun();
    const measured = ['latency', 'throughput', 'processes', 'settings'];
    expect(sectionsOf(bodyOf(shownLoad({ ...run, failures: {}, refusals: {} }, [])))).toEqual(['top', ...measured]);
    const broken = bodyOf(shownLoad({ ...run, failures: { '</script><b>': 2 }, refusals: {} }, []));
    expect(sectionsOf(broken)).toEqual(['top', 'failures', ...measured]);
    expect(broken).not.toContain('</script><b>');
    for (const id of sectionsOf(broken).slice(1)) expect(broken).toContain(`href="#${id}"`);
  });

  it.each<[Partial<LoadRun>, string]>([
    [{}, 'npx jobrig load --shape rollout --things 3 --seed 1 --updates 3 --window 64'],
    [{ slice: { index: 2, of: 8 } }, '--window 64 --slice 2/8'],
    [
      { settings: { ...sampleLoadRun().settings, pacing: '20/s', transport: 'in-process', executions: 4 } },
      '--seed 1 --executions 4 --updates 3 --rate 20/s --transport in-process',
    ],
    [
      { settings: { ...sampleLoadRun().settings, hardware: 'mix', endpoint: 'mqtt://h:1' } },
      '--seed 1 --hardware mix --endpoint mqtt://h:1',
    ],
  ])('tells how to measure the same again (%j)', (change, command) => {
    const page = bodyOf(shownLoad({ ...sampleLoadRun(), ...change }, []));
    expect(page).toContain(`${command}</code>`);
  });

  it('says in its first line which threshold does not hold', () => {
    const threshold = parseThreshold('update.max<1ms');
    if (typeof threshold === 'string') throw new Error(threshold);
    const run = { ...sampleLoadRun({ updateMs: [5] }), failures: {}, differs: [] };
    const page = bodyOf(shownLoad(run, judgeThresholds(run, [threshold])));
    expect(page).toMatch(/<h1>update\.max&lt;1ms does not hold\.<\/h1>/);
  });
});
