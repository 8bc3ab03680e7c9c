/** The page of a load run: the frame of all reports, cause first, and the command that measures the same again. */
import { describe, expect, it } from 'vitest';
import { loadText } from '../../../cli/load-summary.ts';
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

  it('tells how to measure the same again', () => {
    const command = "npx jobrig load --things 3 --threshold 'update.p99<5ms'";
    const page = bodyOf(shownLoad({ ...sampleLoadRun(), command }, []));
    expect(page).toContain('npx jobrig load --things 3 --threshold &#39;update.p99&lt;5ms&#39;</code>');
    expect(bodyOf(shownLoad(sampleLoadRun(), []))).not.toContain('npx jobrig load');
  });

  it.each([
    ['tcp', 'own service', 'over TCP'],
    ['tcp', 'mqtt://127.0.0.1:1883', 'over TCP'],
    ['tcp', 'mqtts://127.0.0.1:8883', 'over TLS'],
    ['tcp', 'ws://127.0.0.1:4510', 'over WebSocket'],
    ['tcp', 'wss://127.0.0.1:8443', 'over WebSocket and TLS'],
    ['in-process', 'own service', 'in-process'],
  ])('says as the terminal does how things are connected: %s, %s', (transport, endpoint, told) => {
    const run = sampleLoadRun();
    const reached = { ...run, settings: { ...run.settings, transport, endpoint } };
    expect(bodyOf(shownLoad(reached, []))).toContain(` things, ${told}, `);
    expect(loadText({}, reached, [])).toContain(`, ${told}, `);
  });

  it('says in its first line which threshold does not hold', () => {
    const threshold = parseThreshold('update.max<1ms');
    if (typeof threshold === 'string') throw new Error(threshold);
    const run = { ...sampleLoadRun({ updateMs: [5] }), failures: {}, differs: [] };
    const page = bodyOf(shownLoad(run, judgeThresholds(run, [threshold])));
    expect(page).toMatch(/<h1>update\.max&lt;1ms does not hold\.<\/h1>/);
  });
});
