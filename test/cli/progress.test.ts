/** What is left on a terminal when a verb that shows progress has ended, and what progress a run of known length has. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Goal, createProgress } from '../../cli/progress.ts';
import type { LoadShape } from '../../rig/load/contract.ts';
import { progressTo } from '../../rig/load/load-progress.ts';
import { monotonicMs } from '../../rig/load/monotonic.ts';
import { loadShape } from '../../rig/load/shapes.ts';
import { testFolder } from '../support/folders.ts';

const main = resolve(import.meta.dirname, '../../dist/cli/main.js');

/** The lines of a terminal that has scrolled as far as it was written: text, line feeds, erased lines and the cursor one up. */
function screenOf(written: string): readonly string[] {
  const lines: string[] = [''];
  let row = 0;
  // oxlint-disable-next-line no-control-regex
  for (const [part] of written.replaceAll('\r\n', '\n').matchAll(/\u001B\[[?\d;]*[a-zA-Z]|\n|[^\u001B\n]+/g)) {
    if (part === '\n') lines[(row += 1)] ??= '';
    else if (part === '\u001B[2K') lines[row] = '';
    else if (part.startsWith('\u001B') && part.endsWith('A')) row = Math.max(0, row - Number(part.slice(2, -1) || 1));
    else if (!part.startsWith('\u001B')) lines[row] += part;
  }
  return lines;
}

function onTerminal(command: string): string {
  return spawnSync('script', ['-qec', command, '/dev/null'], { cwd: testFolder(), encoding: 'utf8' }).stdout;
}

describe('on a terminal', () => {
  const words = `'${process.execPath}' '${main}' load --things 5 --transport in-process`;

  it('load leaves the place of its live page, and of its progress only how it ended', () => {
    const lines = screenOf(onTerminal(`stty rows 24 cols 200; ${words}`));
    expect(lines.filter((line) => line.startsWith('live page at http:'))).toHaveLength(1);
    expect(lines.filter((line) => /^(starting|registering|connecting)/.test(line))).toEqual([]);
  });

  it('that has no size, load says what it does line by line', () => {
    const lines = onTerminal(`stty rows 0 cols 0; ${words}`).split('\r\n');
    expect(lines.filter((line) => line.startsWith('connecting ·'))).not.toEqual([]);
  });
});

/** Figures of each quarter of a second for half a minute. */
function showFor30Seconds(quiet: boolean, goal?: Goal): void {
  const progress = createProgress(quiet);
  for (let ms = 0; ms < 30_000; ms += 250) {
    progress.show('simulating', `${ms} of 1000000 seeds`, goal);
    vi.advanceTimersByTime(250);
  }
  progress.done();
}

describe('where lines cannot be rewritten', () => {
  const said = { stdout: '', stderr: '' };

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
    for (const output of ['stdout', 'stderr'] as const) {
      said[output] = '';
      vi.spyOn(process[output], 'write').mockImplementation((text) => {
        said[output] += String(text);
        return true;
      });
    }
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it.each([
    ['work whose end is known', { text: '2 min left' }, ' · 2 min left'],
    ['work whose end is not', undefined, ''],
  ] as const)('%s tells how far it is every ten seconds', (_, goal, told) => {
    showFor30Seconds(false, goal);
    const lines = [0, 10_000, 20_000].map((ms) => `simulating${told} · ${ms} of 1000000 seeds\n`);
    expect(said).toEqual({ stdout: '', stderr: lines.join('') });
  });

  it('a new act is told at once', () => {
    const progress = createProgress(false);
    for (const act of ['one', 'two', 'two', 'one']) progress.show(act, '');
    expect(said.stderr).toBe('one\ntwo\none\n');
  });

  it('nothing is told to who wants quiet', () => {
    showFor30Seconds(true);
    expect(said).toEqual({ stdout: '', stderr: '' });
  });
});

describe('how far a load run is', () => {
  const tally = { historyOf: () => [{ at: monotonicMs() - 1000, done: 0 }] } as never;
  const half = { fromMs: -30_000, endMs: 30_000 };
  const boards = { profiles: [], document: '' };
  const played: LoadShape = loadShape('rollout');
  const again: LoadShape = loadShape('churn');

  it.each([
    ['at its own pace', { shape: played, time: undefined, total: 20 }, 'goal', 1],
    ['with a time, of which the end of a rollout is none', { shape: played, time: half, total: Infinity }, 'open', 30],
    [
      'with a time, of which a script that is played again is a part',
      { shape: again, time: half, total: 20 },
      'open',
      30,
    ],
    [
      'of boards, of which nobody knows',
      { shape: played, time: undefined, total: 20, hardware: boards },
      'goal',
      undefined,
    ],
  ] as const)('%s', (_, { total, ...run }, member, seconds) => {
    const now = monotonicMs();
    const time = run.time && { fromMs: now + run.time.fromMs, endMs: now + run.time.endMs };
    const told = progressTo({ name: 'finished', done: 10, total }, { tally, ...run, time })[member];
    expect(told).toMatchObject({ name: 'finished', done: 10 });
    if (seconds === undefined) expect(told).not.toHaveProperty('leftMs');
    else expect(told!.leftMs! / 1000).toBeCloseTo(seconds, 0);
  });
});
