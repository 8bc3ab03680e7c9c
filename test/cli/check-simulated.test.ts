/** `jobrig check` without a command: the simulated agents, in virtual time; and what every check does with its flags. */
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { runHere } from '../support/command-here.ts';
import { sharedFolder } from '../support/folders.ts';

const directory = sharedFolder('test');

/** Simulated devices print nothing. */
const printing = join(directory, 'printing.yaml');
writeFileSync(
  printing,
  readFileSync('fixtures/scenarios/unheard/unheard-pull.yaml', 'utf8')
    .replace('id: unheard-pull', 'id: printing')
    .replace('script:', 'needs: [console]\nscript:'),
);

let count = 0;
const freshFolder = (): string => join(directory, `run-${(count += 1)}`);

interface Json {
  readonly verdict: string;
  readonly seed: number;
  readonly subject: string;
  readonly portrait: Readonly<Record<string, unknown>>;
  readonly scenarios: readonly {
    readonly id: string;
    readonly verdict: string;
    readonly broke: readonly string[];
    readonly reason: string;
    readonly evidence: readonly { readonly note: string }[];
    readonly runs?: number;
    readonly failed?: number;
  }[];
  readonly sweep?: { readonly points: number; readonly survived: number; readonly failures: readonly object[] };
  readonly partial?: true;
}

async function check(out: string, ...words: readonly string[]) {
  const { code, stdout, stderr } = await runHere('check', '--json', '--quiet', '--out', out, ...words);
  return { code, stderr, result: JSON.parse(stdout) as Json };
}

const faulty = ['--agent', 'r23-retries-whatever-is-refused'] as const;
const two = ['--scenario', 'unheard-pull', '--scenario', 'pull-idle'] as const;

describe('jobrig check without a command', () => {
  it('passes the reference agent, with a portrait and in the shape of every check', async () => {
    const out = freshFolder();
    const { code, result } = await check(out, ...two);
    expect([code, result.verdict, result.seed]).toEqual([0, 'pass', 1]);
    expect(result.subject).toBe('the simulated reference agent on esp32-s3');
    expect(result.scenarios.map(({ id, verdict }) => [id, verdict])).toEqual([
      ['unheard-pull', 'pass'],
      ['pull-idle', 'pass'],
    ]);
    expect(result.portrait).toMatchObject({ hears: ['notify', 'notify-next'], downloadsBy: ['http'] });
    expect(readdirSync(out).sort()).toEqual(['index.html', 'junit.xml', 'run.json']);
  });

  it('fails an agent of the zoo by the claim of its bug, and keeps what failed', async () => {
    const out = freshFolder();
    const { code, result } = await check(out, ...faulty, ...two);
    const [failed] = result.scenarios;
    expect([code, result.verdict, failed?.verdict]).toEqual([1, 'fail', 'fail']);
    expect(failed?.broke).toContain('V2');
    expect(failed?.evidence.length).toBeGreaterThan(1);
    expect(readdirSync(join(out, 'failing'))).toEqual(['unheard-pull.yaml']);
    const again = await check(freshFolder(), ...faulty, '--scenario', join(out, 'failing'));
    expect(again.result.scenarios.map(({ verdict }) => verdict)).toEqual(['fail']);
  });

  it('skips what virtual time cannot do, with the reason', async () => {
    const { code, result } = await check(freshFolder(), '--scenario', printing);
    expect(code).toBe(3);
    expect(result.scenarios).toMatchObject([{ verdict: 'skip', reason: expect.stringContaining('print nothing') }]);
  });

  it('plays each scenario on every hardware of a mix, and with a seed of its own each time', async () => {
    const out = freshFolder();
    const { result } = await check(out, '--scenario', 'pull-idle', '--hardware', 'mix', '--repeat', '2', '--seed', '7');
    const run = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')) as {
      results: { runs: { scenario: { given: { seed: number; things: { hardware: string }[] } } }[] }[];
    };
    const drawn = run.results[0]!.runs.map(({ scenario: { given } }) => `${given.things[0]?.hardware} ${given.seed}`);
    expect(new Set(drawn).size).toBe(drawn.length);
    expect(result.scenarios[0]?.runs).toBe(drawn.length);
    expect(drawn.slice(0, 2).map((text) => text.split(' ')[1])).toEqual(['7', '8']);
  });
});

describe('every check', () => {
  it('plays again what failed with --last-failed and --replay, and says what became of it', async () => {
    const out = freshFolder();
    await check(out, ...faulty, ...two);
    const lastFailed = await check(out, ...faulty, '--last-failed');
    expect(lastFailed.result.scenarios.map(({ id, verdict }) => [id, verdict])).toEqual([['unheard-pull', 'fail']]);
    const still = await check(freshFolder(), ...faulty, '--replay', out);
    expect(still).toMatchObject({ code: 1, stderr: expect.stringMatching(/^STILL FAILS {2}unheard-pull$/m) });
    const mended = await check(freshFolder(), '--replay', out);
    expect(mended).toMatchObject({ code: 0, stderr: expect.stringMatching(/^FIXED {2}unheard-pull$/m) });
    const none = await runHere('check', '--out', freshFolder(), '--replay', out, ...faulty, '--json', '--quiet');
    expect(none.code).toBe(1);
  });

  it('replays a scenario of the user’s own, though its file is gone', async () => {
    const folder = freshFolder();
    await check(folder, ...two);
    const own = join(folder, 'own.yaml');
    const text = readFileSync('fixtures/scenarios/unheard/unheard-pull.yaml', 'utf8');
    writeFileSync(own, text.replace('id: unheard-pull', 'id: my-own'));
    const out = freshFolder();
    expect((await check(out, ...faulty, '--scenario', own)).result.scenarios).toMatchObject([{ id: 'my-own' }]);
    rmSync(own);
    const again = await check(freshFolder(), ...faulty, '--replay', out);
    expect(again.result.scenarios).toMatchObject([{ id: 'my-own', verdict: 'fail' }]);
  });

  it('says that there is nothing to play again where nothing failed', async () => {
    const out = freshFolder();
    await check(out, '--scenario', 'pull-idle');
    const { code, stdout } = await runHere('check', '--quiet', '--out', freshFolder(), '--replay', out);
    expect([code, stdout]).toEqual([0, expect.stringContaining('nothing failed')]);
  });

  it('ends with the first failure with --bail, and says that it is partial', async () => {
    const { result } = await check(freshFolder(), ...faulty, ...two, '--bail');
    expect(result.scenarios.map(({ id }) => id)).toEqual(['unheard-pull']);
    expect(result.partial).toBe(true);
  });

  it('plays a part with --shard; all parts merged are the whole', async () => {
    const folders = [freshFolder(), freshFolder()];
    const parts = await Promise.resolve(folders).then(async ([first = '', second = '']) => [
      await check(first, '--scenario', 'pull-*', '--shard', '1/2'),
      await check(second, '--scenario', 'pull-*', '--shard', '2/2'),
    ]);
    const ids = parts.flatMap(({ result }) => result.scenarios.map(({ id }) => id));
    const whole = await check(freshFolder(), '--scenario', 'pull-*');
    expect(ids.toSorted()).toEqual(whole.result.scenarios.map(({ id }) => id).toSorted());
    const merged = await runHere('merge', '--json', '--out', freshFolder(), ...folders);
    expect((JSON.parse(merged.stdout) as Json).scenarios).toHaveLength(ids.length);
  });

  it('lets known failures be with --baseline, and fails by a new one', async () => {
    const baseline = join(directory, 'baseline.json');
    const first = await check(freshFolder(), ...faulty, ...two, '--baseline', baseline);
    expect([first.code, existsSync(baseline)]).toEqual([0, true]);
    const second = await check(freshFolder(), ...faulty, ...two, '--baseline', baseline);
    expect(second.code).toBe(0);
    expect(second.result.scenarios).toMatchObject([{ verdict: 'skip', reason: /as the baseline says/ }, {}]);
    writeFileSync(baseline, '{"known": {}}');
    expect((await check(freshFolder(), ...faulty, ...two, '--baseline', baseline)).code).toBe(1);
  });

  it('tells a race as a rate with --repeat', async () => {
    const out = freshFolder();
    const words = ['check', '--quiet', '--out', out, ...faulty, '--scenario', 'unheard-pull', '--repeat', '3'];
    const { stdout } = await runHere(...words);
    expect(stdout).toContain('fails 3 of 3');
  });

  it('sweeps every moment, and goes on with --resume where it was broken off', async () => {
    const out = freshFolder();
    const sweep = await check(out, ...faulty, '--sweep', '--bail');
    expect(sweep.result.partial).toBe(true);
    expect(sweep.result.sweep?.failures.length).toBe(1);
    const rest = await check(out, ...faulty, '--sweep', '--resume', '--bail');
    expect(rest.result.sweep?.points).toBeGreaterThan(sweep.result.sweep?.points ?? 0);
  });

  it('writes JUnit that another parser reads: the sentence as message, the evidence once, skips with their reason', async () => {
    const out = freshFolder();
    const junit = join(directory, 'other.xml');
    const html = join(directory, 'other.html');
    const words = [...faulty, ...two, '--scenario', printing, '--junit', junit, '--html', html];
    const { result } = await check(out, ...words);
    expect(readFileSync(junit)).toEqual(readFileSync(join(out, 'junit.xml')));
    expect(readFileSync(html)).toEqual(readFileSync(join(out, 'index.html')));
    const parser = new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: '',
      isArray: (name) => name === 'testcase' || name === 'testsuite',
    });
    const { testsuites } = parser.parse(readFileSync(junit)) as { testsuites: Suites };
    expect([testsuites.tests, testsuites.failures]).toEqual(['3', '1']);
    const [failed, passed, skipped] = testsuites.testsuite[0]!.testcase;
    expect([failed?.name, passed?.name, skipped?.name]).toEqual(['unheard-pull', 'pull-idle', 'printing']);
    expect(skipped?.skipped?.message).toContain('print nothing');
    expect(passed).not.toHaveProperty('failure');
    const text = failed?.failure?.['#text'] ?? '';
    const [first] = result.scenarios;
    expect(failed?.failure?.message).toContain(first?.reason);
    for (const { note } of first?.evidence ?? []) expect(text).toContain(note);
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    expect(new Set(lines).size).toBe(lines.length);
    expect(text).not.toContain(first?.reason ?? '?');
  });

  it('annotates in GitHub Actions, one annotation a cause, and writes the job summary', async () => {
    const summary = join(directory, 'summary.md');
    process.env['GITHUB_STEP_SUMMARY'] = summary;
    const words = ['check', '--quiet', '--github', '--out', freshFolder(), ...faulty, ...two];
    const { stdout } = await runHere(...words).finally(() => delete process.env['GITHUB_STEP_SUMMARY']);
    const annotations = stdout.split('\n').filter((line) => line.startsWith('::'));
    expect(annotations).toHaveLength(1);
    expect(annotations[0]).toMatch(/^::error title=jobrig%3A .*::In unheard-pull/);
    expect(readFileSync(summary, 'utf8')).toContain('survived 1 of 2');
  });
});

interface Suites {
  readonly tests: string;
  readonly failures: string;
  readonly testsuite: readonly {
    readonly testcase: readonly {
      readonly name: string;
      readonly skipped?: { readonly message?: string };
      readonly failure?: { readonly message: string; readonly '#text'?: string };
    }[];
  }[];
}
