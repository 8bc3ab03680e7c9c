import { describe, expect, it } from 'vitest';
import { loadText } from '../../../cli/load-summary.ts';
import type { LoadRun } from '../../../rig/load/contract.ts';
import { latenciesIn } from '../../../rig/load/figures.ts';
import { mergeLoads } from '../../../rig/load/merge.ts';
import { type ShownLoad, loadContent } from '../../../rig/report/load-page.ts';
import { pageBody } from '../../../rig/report/page-frame.ts';
import { shownLoad } from '../../../rig/report/pages.ts';
import { sampleLoadRun } from '../../support/sample-load.ts';

const first = sampleLoadRun({ updateMs: [1, 2, 3], slice: { index: 1, of: 2 } });
const second = sampleLoadRun({ updateMs: [40, 50], slice: { index: 2, of: 2 }, startedAt: first.startedAt + 1500 });

describe('runs of slices', () => {
  it('merge into one: what is counted adds up, latencies merge without loss, time is that of the wall', () => {
    const merged = mergeLoads([second, first]);
    expect(merged).toMatchObject({
      things: 5,
      executions: { wanted: 5, succeeded: 5, failed: 0, pulled: 0 },
      executionsPerSecond: 240,
      startedAt: first.startedAt,
      endedAt: second.endedAt,
    });
    expect(merged.partial).toBeUndefined();
    const { update } = latenciesIn(merged);
    expect(update?.count).toBe(5);
    expect(update?.p50).toBeCloseTo(3, 1);
    expect(update?.max).toBeCloseTo(50, 0);
    expect(merged.timeline.map(({ atMs }) => atMs)).toEqual([1000, 2000, 3000, 4000, 5000]);
    expect(merged.timeline.reduce((all, { exchanges }) => all + exchanges, 0)).toBe(30);
    expect(merged.processes.map(({ name }) => name)).toContain('slice 2/2 fleet');
  });

  it('have every second of each, whenever it looked and however long', () => {
    const odd = [1000, 1190, 1190, 1190, 1190, 450];
    const long = [1000, 2000, 2000, 1000];
    const { timeline } = mergeLoads([seen(first, odd), seen({ ...second, startedAt: first.startedAt }, long)]);
    expect(timeline.map(({ atMs }) => atMs)).toEqual([1000, 2000, 3000, 4000, 5000, 6000, 7000]);
    const [all, last] = [timeline.slice(0, -1), timeline.at(-1)!];
    expect(all.map(({ connected, processes }) => [connected, processes.length])).toEqual(all.map(() => [5, 4]));
    expect([last.connected, last.processes.length]).toEqual([3, 2]);
    for (const { exchanges } of all) expect(exchanges).toBeCloseTo(2000, -1);
    expect(timeline.reduce((sum, { exchanges }) => sum + exchanges, 0)).toBe(6210 + 6000);
  });

  it('begin in a merged chart when they were first looked at', () => {
    const { timeline } = mergeLoads([
      seen(first, [3400, 1000]),
      seen({ ...second, startedAt: first.startedAt }, [3400]),
    ]);
    expect(timeline.map(({ atMs, connected }) => [atMs, connected])).toEqual([
      [3000, 5],
      [4000, 5],
      [5000, 3],
    ]);
    expect(timeline.reduce((sum, { exchanges }) => sum + exchanges, 0)).toBe(4400 + 3400);
  });

  it('that are missing, or were cut short, make a partial one', () => {
    expect(mergeLoads([first]).partial).toBe('slices 2/2 are missing');
    expect(mergeLoads([first, { ...second, partial: 'interrupted' }]).partial).toBe('slice 2/2: interrupted');
  });

  it.each([
    ['of two shapes', [first, { ...second, shape: 'idle' }], 'are not slices of one load'],
    ['that are the same', [first, first], 'slice 1/2 is there twice'],
  ] as const)('%s do not merge', (_, runs, message) => {
    expect(() => mergeLoads(runs)).toThrow(message);
  });
});

/** As a run that looked after each of these spans. */
function seen(run: LoadRun, spans: readonly number[]): LoadRun {
  let atMs = 0;
  const [sample] = run.timeline;
  const timeline = spans.map((spanMs) => ({ ...sample!, atMs: (atMs += spanMs), spanMs, exchanges: spanMs }));
  return { ...run, timeline };
}

function bodyOf(shown: ShownLoad): string {
  return pageBody(loadContent(shown)).text;
}

describe('the page of a load run', () => {
  it('needs nothing from elsewhere, and names can do nothing in it', () => {
    const hostile = '</script><script>alert(1)</script>';
    const page = bodyOf(
      shownLoad(
        { ...first, shape: hostile, failures: { [hostile]: 2 }, phases: [{ name: hostile, fromMs: 0, toMs: 1 }] },
        [],
      ),
    );
    expect(page).not.toMatch(/(?:src|href)="(?!#)/);
    expect(page).not.toContain(hostile);
    // Its data.
    expect(page.match(/<script/g)).toHaveLength(1);
  });

  it('tells the most frequent kinds of failure, and folds the others', () => {
    const kinds = Array.from({ length: 100 }, (_, index) => [`kind ${index}.`, index + 1] as const);
    const run = { ...first, failures: Object.fromEntries(kinds) };
    const page = bodyOf(shownLoad(run, []));
    const [told = '', folded = ''] = page.slice(page.indexOf('id="failures"')).split('88 rarer kinds');
    expect(told.match(/✗ kind \d+/g)).toEqual(Array.from({ length: 12 }, (_, index) => `✗ kind ${99 - index}`));
    expect(folded.match(/✗ kind \d+/g)).toHaveLength(88);
    const line = loadText({}, run, [])
      .split('\n')
      .find((each) => each.startsWith('failures'));
    expect(line).toMatch(/^failures +100 kind 99\., .* 93 kind 92\., and 92 rarer kinds$/);
  });

  it.each([
    [{}, [], '✓ Passed'],
    [{ failures: { 'no answer': 1 } }, [], 'not without failures'],
    [{ executions: { wanted: 3, succeeded: 1, failed: 2, pulled: 0 } }, [], '2 executions were not finished'],
    [{ partial: 'interrupted' }, [], 'cut short'],
    [{ saturated: true }, [], 'The generator was the limit'],
    [{ differs: ['job a: …'] }, [], 'counted differently'],
    [{}, [{ expression: 'update.p99<1ms', value: 3.5, unit: 'ms', held: false }], 'update.p99&lt;1ms does not hold.'],
  ] as const)('with %j says so first', (members, thresholds, words) => {
    expect(bodyOf(shownLoad({ ...first, ...members }, thresholds))).toContain(words);
  });
});
