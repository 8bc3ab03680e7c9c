import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { LoadRun } from '../../rig/load/contract.ts';
import { type Finished, start, startIn } from '../support/command.ts';
import { runHere } from '../support/command-here.ts';
import { sampleLoadRun } from '../support/sample-load.ts';
import { testFolder } from '../support/folders.ts';

const small = ['load', '--things', '12', '--connect-rate', '2000'];

/** Processes that this one has started and that are still there. */
function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const parent = Number(
        readFileSync(`/proc/${name}/stat`, 'utf8')
          .replace(/^.*\) \S /s, '')
          .split(' ')[0],
      );
      return parent === pid ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

function descendantsOf(pid: number): readonly number[] {
  const all: number[] = [];
  for (let left = [...childrenOf(pid)]; left.length > 0; left = left.flatMap(childrenOf)) all.push(...left);
  return all;
}

/** What the service of this run has started, by what each is. */
function partsOf(pid: number): {
  readonly engine: number;
  readonly doors: readonly number[];
  readonly all: readonly number[];
} {
  const all = descendantsOf(pid);
  const named = (module: string): readonly number[] =>
    all.filter((each) => readFileSync(`/proc/${each}/cmdline`, 'utf8').includes(module));
  const [engine = 0] = named('engine-process');
  return { engine, doors: named('door-process'), all };
}

/** A figure of `--metrics-port`. */
async function figureAt(url: string, name: string): Promise<number> {
  const text = await (await fetch(url)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length));
}

/** One that has ended meanwhile is none to be interrupted. */
function interrupt(pid: number): void {
  try {
    process.kill(pid, 'SIGINT');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function isThere(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

describe('jobrig load', () => {
  let whole: Finished & { readonly folder: string };
  beforeAll(async () => {
    const words = [...small, '--executions', '2', '--threshold', 'update.max<1ms', '--threshold', 'failures==0'];
    const { folder, finished } = start(...words, '--json', '--out', 'report');
    const ended = await finished;
    const report = JSON.parse(readFileSync(join(folder, 'report', 'run.json'), 'utf8')) as LoadRun;
    whole = { ...ended, folder: JSON.stringify(report) };
  });

  it('prints the members of product.md as one JSON object, and a broken threshold is exit 1', () => {
    expect(whole.code).toBe(1);
    const json = JSON.parse(whole.stdout) as Record<string, unknown>;
    expect(json).toMatchObject({
      verb: 'load',
      seed: 1,
      verdict: 'fail',
      shape: 'rollout',
      things: 12,
      executions: { wanted: 24, succeeded: 24, failed: 0 },
      failures: {},
      thresholds: [
        { expression: 'update.max<1ms', held: false },
        { expression: 'failures==0', value: 0, held: true },
      ],
    });
    for (const rate of ['executionsPerSecond', 'exchangesPerSecond', 'connectsPerSecond']) {
      expect(json[rate]).toBeGreaterThan(0);
    }
    const { latencyMs, memory } = json as {
      readonly latencyMs: Record<string, Record<string, number>>;
      readonly memory: Record<string, number>;
    };
    for (const exchange of ['connect', 'start-next', 'update', 'execution']) {
      const { p50, p95, p99, max } = latencyMs[exchange]!;
      expect([p50, p95, p99, max].toSorted((a, b) => a! - b!)).toEqual([p50, p95, p99, max]);
      expect(p50).toBeGreaterThan(0);
    }
    expect(latencyMs['update']!['count']).toBe(96);
    for (const figure of ['servicePeakBytes', 'fleetPeakBytes', 'perThingBytes'])
      expect(memory[figure]).toBeGreaterThan(0);
  });

  it('keeps the run as a file, and says what it does from the start', () => {
    const report = JSON.parse(whole.folder) as LoadRun;
    expect(report).toMatchObject({ form: 'jobrig load run 1', differs: [] });
    expect(report.timeline.length).toBeGreaterThan(0);
    expect(report.processes.map(({ name }) => name)).toEqual(['service', 'fleet']);
    expect(whole.stderr).toMatch(/^starting/);
    expect(whole.stderr).toContain('connecting');
  });

  it.each([
    [['--shape', 'rolout'], 'Did you mean rollout?'],
    [['--threshold', 'updat.p99<50ms'], 'did you mean `update.p'],
    [['--threshold', 'failures'], 'expected a figure'],
    [['--things', '0'], '--things'],
    [['--things', '999999', '--processes', '1'], 'open files in one process'],
    [['--window', '3', '--rate', '4'], '--rate'],
    [['--slice', '3/2'], '--slice'],
    [['--slice', '2/20'], 'there are only 12 things'],
    [['--processes', '13'], '--processes 13: there are only 12 things'],
    [['--processes', '7', '--slice', '1/2'], '--processes 7: there are only 6 things'],
    [['--threshold', 'failures==0/s'], '`/s` is no unit of failures: expected none'],
    [['--endpoint', 'mqtt://127.0.0.1:1', '--shape', 'mass-delete'], 'takes jobs away'],
    [['--endpoint', 'mqtt://127.0.0.1:1', '--shape', 'throttled'], 'faults of the service'],
    [['--endpoint', 'mqtt://127.0.0.1:1', '--transport', 'in-process'], '--transport in-process'],
    [['--hardware', 'abacus'], 'abacus'],
    [['--hardware', 'mix', '--rate', '5'], '--hardware mix'],
    [['--transport', 'pigeon'], '--transport'],
    [['--out', '/dev/null/x'], '--out'],
    [['--out', '/proc'], '--out /proc cannot be written to'],
    [['--out', ''], "'--out <dir>' argument '' is invalid. It is empty."],
    ...[
      ['--rate', '5'],
      ['--window', '5'],
      ['--updates', '2'],
      ['--executions', '3'],
    ].map(([flag = '', value = '']): [string[], string] => [
      ['--shape', 'idle', flag, value],
      `${flag} ${value}: --shape idle rolls out no job`,
    ]),
    [['--executions', '3', '--duration', '5s'], '--executions 3 and --duration exclude each other'],
    [['--time-scale', '5'], '--time-scale 5: it is of simulated boards, and --hardware is none'],
    [['--endpoint', 'mqtt://127.0.0.1:1', '--updates', '2'], '--updates 2: at an --endpoint'],
    [['--threshold', 'notify.p99<1s'], "--threshold 'notify.p99<1s': there is no such figure without --rate"],
    [['--threshold', 'get.max<1s'], 'there is no such figure without --hardware'],
    [
      ['--threshold', 'memory.servicePeakBytes<1GB', '--endpoint', 'mqtt://127.0.0.1:1'],
      'whoever runs the service at --endpoint knows its memory',
    ],
    [
      ['--threshold', 'memory.fleetPeakBytes<1GB', '--transport', 'in-process'],
      'with --transport in-process service and fleet share their memory',
    ],
    [['--threshold', `failures<${'9'.repeat(400)}`], 'more than any figure'],
    [['--threshold', 'failures<0'], 'failures is never below 0'],
    ...['0x10', '1e3', ' 5', '-1', '+5', 'Infinity', 'NaN', '', '٣', '1_000', '5/m'].flatMap(
      (text): [string[], string][] => [
        [['--rate', text], '--rate'],
        [['--connect-rate', text], '--connect-rate'],
        [['--time-scale', text], '--time-scale'],
        [['--things', text], '--things'],
        [['--duration', text], '--duration'],
        [['--metrics-port', text], '--metrics-port'],
      ],
    ),
  ] as [string[], string][])('refuses %j in one line', async (words, expected) => {
    const { code, stdout, stderr } = await runHere(...small, '--quiet', ...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(expected);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('names file, line and column of a broken shape', async () => {
    const folder = testFolder();
    const file = join(folder, 'broken.yaml');
    writeFileSync(file, 'id: broken\nclaim: x\nscript:\n  - rolout: a\n');
    const { code, stderr } = await runHere(...small, '--quiet', '--shape', file);
    expect(code).toBe(2);
    expect(stderr).toBe(`jobrig: ${file}:4:5: \`rolout\`: did you mean \`rollout\`?\n`);
  });

  const layers = ['x', 'a', 'b', 'c', 'd', 'e'].map((name, index, all) => {
    const inside = index === 0 ? 'x' : `*${all[index - 1]!}`;
    return `${name}: &${name} [${Array.from({ length: 9 }, () => inside).join(', ')}]`;
  });

  it.each([
    ['an alias of nothing', 'id: a\nclaim: *z\nscript: [rollout: u]\n', ':2:8: Unresolved alias'],
    ['aliases of aliases', `${layers.join('\n')}\n`, ':2:8: Excessive alias count'],
    ['a job twice', 'id: a\nclaim: x\nscript:\n  - rollout: u\n  - rollout: u\n', ':5:5: job u is rolled out before'],
    ['a job of nobody', 'id: a\nclaim: x\nscript:\n  - delete-job: u\n', '`u` is not known here; nothing is'],
  ])('names the place of %s in a shape', async (_, text, said) => {
    const file = join(testFolder(), 'mine.yaml');
    writeFileSync(file, text);
    const { code, stderr } = await runHere(...small, '--quiet', '--shape', file);
    expect({ code, lines: stderr.split('\n').length }).toEqual({ code: 2, lines: 2 });
    expect(stderr).toContain(said);
  });

  it.each([
    [...small, '--quiet', '--shape', '/dev/zero'],
    ['merge', '/dev/zero', '--out', 'merged'],
    ['serve', '--memory', '--require-auth', '--access-key-file', '/dev/zero'],
  ])('reads no device, which may never end: %s %s %s %s %s', async (...words) => {
    const { code, stderr } = await runHere(...words);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^jobrig: .*\/dev\/zero.* cannot be read: [^\n]*it is a device or a pipe, and no file[^\n]*\n$/,
    );
  });

  it.each([
    ['1', 'service and fleet share one process'],
    ['2', 'each door shares a process with its part of the fleet'],
  ])(
    'in-process, with --processes %s, tells a person what there is to tell, and nothing else',
    async (processes, note) => {
      const way = ['--transport', 'in-process', '--processes', processes];
      const { finished } = start('load', '--things', '5', ...way, '--quiet', '--out', 'report');
      const { code, stdout } = await finished;
      expect(code).toBe(0);
      expect(stdout).toContain(note);
      expect(stdout).not.toMatch(/undefined|refusals|saturated|partial/);
    },
  );

  it('keeps what it has on Ctrl-C, says so, and leaves no process', async () => {
    const { child, folder, finished, progress } = start(...small, '--shape', 'idle', '--json', '--out', 'report');
    await progress((text) => text.includes('idle'));
    const children = childrenOf(child.pid!);
    expect(children).toHaveLength(2);
    child.kill('SIGINT');
    const { code, stdout, stderr } = await finished;
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'inconclusive', partial: 'interrupted' });
    expect(JSON.parse(readFileSync(join(folder, 'report', 'run.json'), 'utf8'))).toMatchObject({
      partial: 'interrupted',
    });
    expect(stderr).toContain('the result so far is in');
    expect(children.filter(isThere)).toEqual([]);
  });

  it('keeps what it has when its service dies, and leaves no process', async () => {
    const { child, finished, progress } = start(...small, '--shape', 'idle', '--json');
    await progress((text) => text.includes('idle'));
    const children = childrenOf(child.pid!).toSorted((a, b) => a - b);
    process.kill(children[0]!, 'SIGKILL');
    const { code, stdout, stderr } = await finished;
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'inconclusive', partial: expect.stringContaining('service') });
    expect(stderr).toContain('ended early: the service process ended in the middle (SIGKILL)');
    expect(children.filter(isThere)).toEqual([]);
  });

  it('of several processes goes on when a door dies, ends with what it has when its engine does, and leaves no process', async () => {
    const words = [
      ...small,
      '--shape',
      'idle',
      '--duration',
      '5m',
      '--processes',
      '2',
      '--metrics-port',
      '0',
      '--json',
    ];
    const { child, finished, progress } = start(...words);
    const [, metrics = ''] = /metrics at (\S+)/.exec(await progress((text) => text.includes('idle'))) ?? [];
    const { engine, doors, all } = partsOf(child.pid!);
    expect(doors).toHaveLength(2);
    process.kill(doors[0]!, 'SIGKILL');
    const died = 'jobrig_load_failures_total{kind="door 1 ended (SIGKILL)"}';
    await expect.poll(() => figureAt(metrics, died), { timeout: 20_000 }).toBe(1);
    await expect.poll(() => figureAt(metrics, 'jobrig_load_connected'), { timeout: 20_000 }).toBe(12);
    process.kill(engine, 'SIGKILL');
    const { code, stdout, stderr } = await finished;
    expect(code).toBe(3);
    const reason = "the engine's process ended in the middle (SIGKILL)";
    const run = JSON.parse(stdout) as { readonly failures: Readonly<Record<string, number>> };
    expect(run).toMatchObject({ verdict: 'inconclusive', partial: reason, executions: { wanted: 0 } });
    expect(run.failures).toMatchObject({ 'door 1 ended (SIGKILL)': 1, 'engine ended (SIGKILL)': 1 });
    expect(stderr.trimEnd().split('\n').at(-1)).toBe(`jobrig: ended early: ${reason}`);
    expect(all.filter(isThere)).toEqual([]);
  });

  it('leaves no process, and no folder, when the starter of its service is killed', async () => {
    const [temporary, folder] = [testFolder(), testFolder()];
    vi.stubEnv('TMPDIR', temporary);
    const idle = [...small, '--shape', 'idle', '--processes', '2', '--json'];
    const { child, finished, progress } = startIn(folder, ...idle);
    vi.unstubAllEnvs();
    await progress((text) => text.includes('connecting'));
    const { engine, all } = partsOf(child.pid!);
    const starter = all.find((pid) => childrenOf(pid).includes(engine))!;
    process.kill(starter, 'SIGKILL');
    const { code, stdout, stderr } = await finished;
    const reason = 'the service process ended in the middle (SIGKILL)';
    expect({ code, partial: (JSON.parse(stdout) as { readonly partial: string }).partial }).toEqual({
      code: 3,
      partial: reason,
    });
    expect(stderr.trimEnd().split('\n').at(-1)).toBe(`jobrig: ended early: ${reason}`);
    await expect.poll(() => all.filter(isThere), { timeout: 20_000 }).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it.each([
    ['1', 'starting'],
    ['2', 'starting'],
    ['2', 'starting the service'],
    ['2', 'connecting'],
  ])(
    'with --processes %s is interrupted while %s, as a terminal does it, and leaves no process',
    async (processes, phase) => {
      const { child, finished, progress } = start(...small, '--json', '--processes', processes);
      await progress((text) => text.includes(`${phase} ·`));
      const all = descendantsOf(child.pid!);
      // A terminal tells all of them at once. Here the first comes first: a slow host may let much time pass between two.
      for (const pid of [child.pid!, ...all]) interrupt(pid);
      const { code, stdout, stderr } = await finished;
      expect(code).toBe(130);
      expect(stderr).not.toContain('    at ');
      expect(stderr.trimEnd().split('\n').at(-1)).toBe('jobrig: interrupted: the result so far is above');
      expect(JSON.parse(stdout)).toMatchObject({ verdict: 'inconclusive' });
      await expect.poll(() => [...all, ...childrenOf(child.pid!)].filter(isThere), { timeout: 20_000 }).toEqual([]);
    },
  );
});

function runOf(index: number, of = 2): LoadRun {
  return sampleLoadRun({ slice: { index, of } });
}

describe('jobrig merge', () => {
  it('puts runs of slices together, and judges the thresholds anew', async () => {
    const folder = testFolder();
    const runs = [1, 2].map((index) => {
      const file = join(folder, `${index}.json`);
      const slice = { index, of: 2 };
      const thresholds = [{ expression: 'update.max<5ms', held: true }];
      writeFileSync(file, JSON.stringify({ ...sampleLoadRun({ updateMs: [index * 3], slice }), thresholds }));
      return file;
    });
    const out = join(folder, 'merged');
    const merged = await runHere('merge', ...runs, '--out', out, '--json');
    expect(merged.code).toBe(1);
    expect(JSON.parse(merged.stdout)).toMatchObject({
      things: 2,
      thresholds: [{ expression: 'update.max<5ms', held: false }],
    });
    expect(readdirSync(out).toSorted()).toEqual(['index.html', 'run.json']);
  });

  describe('of runs that are not of one load', () => {
    const { histograms: _histograms, ...withoutHistograms } = sampleLoadRun();
    const settings = { ...sampleLoadRun().settings };

    it.each<[string, readonly (object | string | undefined)[], string]>([
      ['that is not there', [runOf(1), undefined], '2.json cannot be read: there is no such file'],
      ['that is cut off', [runOf(1), JSON.stringify(runOf(2)).slice(0, 200)], '2.json is cut off'],
      ['that is empty', [runOf(1), ''], '2.json is cut off'],
      ['that is no JSON', [runOf(1), 'PK\u0003\u0004'], '2.json is not JSON'],
      ['of nobody', [runOf(1), {}], '2.json is JSON, but no run of jobrig'],
      ['of a check', [runOf(1), { form: 'jobrig check run 1' }], '2.json is not whole: subject'],
      ['of a later version', [runOf(1), { form: 'jobrig load run 2' }], '2.json is of a later version'],
      ['without latencies', [runOf(1), withoutHistograms], '2.json is not whole: histograms is no object'],
      ['alone, without latencies', [withoutHistograms], '1.json is not whole: histograms is no object'],
      ['whose latencies are none', [runOf(1), { ...runOf(2), histograms: { update: 'x' } }], 'are no histogram'],
      ['of another shape', [runOf(1), { ...runOf(2), shape: 'idle' }], 'of rollout and one of idle are not slices'],
      ['of other slices', [runOf(1), runOf(2, 3)], 'one slice of 2 and one that is one slice of 3'],
      ['that is no slice', [runOf(1), sampleLoadRun()], 'that is no slice'],
      ['of more things', [runOf(1), { ...runOf(2), things: 9 }], 'of 3 things and one of 9 things'],
      ['with other updates', [runOf(1), { ...runOf(2), settings: { ...settings, updates: 5 } }], 'with updates 5'],
      ['with another pace', [runOf(1), { ...runOf(2), settings: { ...settings, pacing: '5/s' } }], 'with pacing 5/s'],
      ['of the same slice', [runOf(2), runOf(2)], 'slice 2/2 is there twice'],
      ['that is a copy', [sampleLoadRun(), sampleLoadRun()], 'run is there twice'],
    ])('one %s is told in one line, and nothing is written', async (_, runs, said) => {
      const folder = testFolder();
      const files = runs.map((run, index) => {
        const file = join(folder, `${index + 1}.json`);
        if (run !== undefined) writeFileSync(file, typeof run === 'string' ? run : JSON.stringify(run));
        return file;
      });
      const out = join(folder, 'merged');
      const { code, stdout, stderr } = await runHere('merge', ...files, '--out', out);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^jobrig: [^\n]+\n$/);
      expect(stderr).toContain(said);
      expect(existsSync(out)).toBe(false);
    });

    it('a folder without one is told as that', async () => {
      const folder = testFolder();
      const file = join(testFolder(), 'one.json');
      writeFileSync(file, JSON.stringify(runOf(1)));
      const { code, stderr } = await runHere('merge', file, folder, '--out', join(folder, 'merged'));
      expect({ code, stderr }).toEqual({ code: 2, stderr: `jobrig: ${folder} has no run.json\n` });
    });

    it('one that is named twice, or would be written over, is left as it is', async () => {
      const folder = testFolder();
      const file = join(folder, 'run.json');
      writeFileSync(file, JSON.stringify(runOf(1)));
      const twice = await runHere('merge', file, folder, '--out', join(folder, 'merged'));
      expect(twice).toMatchObject({ code: 2, stderr: `jobrig: ${folder} is named twice\n` });
      const over = await runHere('merge', file, '--out', folder);
      expect(over).toMatchObject({ code: 2, stderr: expect.stringContaining('would be written over') });
      expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(runOf(1));
    });
  });
});
