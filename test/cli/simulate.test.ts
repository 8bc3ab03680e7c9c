import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run, start } from '../support/command.ts';
import { runHere, runIn } from '../support/command-here.ts';
import { testFolder } from '../support/folders.ts';

async function hashOf(seed: string): Promise<string> {
  const { stdout } = await runHere('simulate', '--seed', seed, '--json', '--quiet');
  return (JSON.parse(stdout) as { readonly traceHash: string }).traceHash;
}

const scenario = `id: mine
claim: An update succeeds.
about: V5
script:
  - create-job: update
expect:
  - { job: update, status: SUCCEEDED }
`;

const waiting = (trigger: string): string => scenario.replace('  - create', `  - when: ${trigger}\n  - create`);

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = testFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

interface ToldCause {
  readonly broke: string;
  readonly found: number;
  readonly in: readonly string[];
  readonly scenario: string;
  readonly replay: string;
}

describe('jobrig simulate', () => {
  it('runs seeds and prints one JSON object', async () => {
    const { code, stdout } = await runHere('simulate', '--seeds', '20', '--json', '--quiet');
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as Record<string, unknown>;
    expect(result).toMatchObject({ verb: 'simulate', seed: 1, verdict: 'pass', runs: 20, violations: [], causes: [] });
    expect(result).not.toHaveProperty('traceHash');
    for (const figure of ['executions', 'simulatedSeconds', 'wallSeconds']) expect(result[figure]).toBeGreaterThan(0);
    expect(Object.keys(result['faults'] as object).length).toBeGreaterThan(5);
  });

  it('gives one seed one trace hash, every time', async () => {
    const first = await hashOf('7');
    const second = await hashOf('7');
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(second).toBe(first);
  });

  it('tells people which faults were injected and that nothing broke', async () => {
    const { code, stdout } = await runHere('simulate', '--seed', '7', '--things', '2', '--quiet');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1 run, .* device-hours, \d+ executions, /);
    expect(stdout).toContain('trace hash ');
    expect(stdout).toContain('no violation');
  });

  it('plays all scenarios that come with it', async () => {
    const { code, stdout } = await runHere('simulate', '--scenario', '*', '--json', '--quiet');
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as {
      readonly scenarios: readonly { readonly id: string; readonly verdict: string; readonly reason: string }[];
    };
    expect(result.scenarios.length).toBeGreaterThan(90);
    const others = result.scenarios.filter(({ verdict }) => verdict !== 'pass');
    expect(others).toEqual([]);
  });

  it('plays scenarios by id, by pattern, by file and by folder', async () => {
    const folder = testFolder();
    const scenarios = ['--scenario', 'plain-update', '--scenario', 'pull-idle'];
    const { code, stdout } = await runIn(folder, 'simulate', ...scenarios, '--quiet');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✓ plain-update\n✓ pull-idle\n/);
    mkdirSync(join(folder, 'own'));
    writeFileSync(join(folder, 'own', 'mine.yaml'), scenario);
    const own = await runIn(folder, 'simulate', '--scenario', 'own', '--scenario', 'pull-id*', '--quiet');
    expect(own.stdout).toMatch(/^✓ mine\n✓ pull-idle\n/);
  });

  it('names the scenarios with what they need', async () => {
    const { code, stdout } = await runHere('simulate', '--list');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^pull-in-work +V2 /m);
    expect(stdout).toMatch(/^stream-pulled +V2 +stream/m);
  });

  it('groups what fails by cause, makes the smallest small, writes it and plays exactly that', async () => {
    const agent = ['--agent', 'r55-tries-a-failed-image-again', '--quiet', '--json'];
    const folder = testFolder();
    const found = await runIn(folder, 'simulate', '--seeds', '40', ...agent);
    expect(found.code).toBe(1);
    const { causes, violations, report } = JSON.parse(found.stdout) as {
      readonly causes: readonly ToldCause[];
      readonly violations: readonly { readonly seed: number; readonly broke: string }[];
      readonly report: string;
    };
    const cause = causes[0]!;
    expect(cause.found).toBe(cause.in.length);
    expect(causes.reduce((sum, { found: count }) => sum + count, 0)).toBe(violations.length);
    expect(cause.scenario).toMatch(/^jobrig-seeds\/seed-\d+-v\d+\.yaml$/);
    expect(cause.replay).toBe(
      `npx jobrig simulate --scenario ${cause.scenario} --agent r55-tries-a-failed-image-again`,
    );
    const text = readFileSync(join(folder, cause.scenario), 'utf8');
    expect(text).toMatch(/^# What happens:\n# {3}There is one device: /);
    expect(text.split('\n').length).toBeLessThan(60);
    expect(readFileSync(join(folder, report), 'utf8')).toContain('<!doctype html>');
    const again = await runIn(folder, 'simulate', '--scenario', cause.scenario, ...agent);
    expect(again.code).toBe(1);
    expect(JSON.parse(again.stdout)).toMatchObject({ runs: 1, violations: [{ broke: cause.broke }] });
    const well = await runIn(folder, 'simulate', '--replay', cause.scenario, '--quiet');
    expect(well.code).toBe(0);
  });

  it('tells a failure in sentences, with the bug that it resembles and the command that plays it', async () => {
    const words = ['--scenario', 'pulled-in-a-long-download', '--agent', 'r04-deaf-while-it-works', '--quiet'];
    const { code, stdout } = await runIn(testFolder(), 'simulate', ...words);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ pulled-in-a-long-download {2}still /);
    expect(stdout).toMatch(/— known as R\d\d/);
    expect(stdout).toContain('When the device is at download, and 3 s have gone by: the operator');
    expect(stdout).toContain('the operator deletes the execution of update, by force');
    expect(stdout).toContain(
      'npx jobrig simulate --scenario jobrig-seeds/pulled-in-a-long-download.yaml --agent r04-deaf-while-it-works',
    );
    expect(stdout).toMatch(/survived 0 of 1\n$/);
  });

  it('is inconclusive, with exit code 3, when a scenario never comes to its moment or none can be played', async () => {
    const folder = folderOf({
      'never.yaml': waiting('disconnected'),
      'prints.yaml': waiting('{ console: /ready/ }'),
    });
    const { code, stdout } = await runIn(folder, 'simulate', '--scenario', 'never.yaml', '--quiet');
    expect({ code, stdout }).toMatchObject({ code: 3 });
    expect(stdout).toMatch(/^\? mine {2}its moment never came: it waited for the connection to end\n/);
    const skipped = await runIn(folder, 'simulate', '--scenario', 'prints.yaml', '--json', '--quiet');
    expect(skipped.code).toBe(3);
    expect(JSON.parse(skipped.stdout)).toMatchObject({
      scenarios: [{ verdict: 'skip', reason: 'simulated devices print nothing' }],
    });
  });

  it.each([
    ['an unknown deed', 'create-job', 'creates-job', ':5:5: `creates-job`: did you mean `create-job`?'],
    [
      'an unknown trigger',
      '- create-job: update',
      '- when: { setled: true }',
      ':5:13: `setled`: did you mean `settled`?',
    ],
    ['a wrong unit', '- create-job: update', '- when: { idle: 2 sec }', ':5:13: `idle`: "2 sec" is no span of time'],
    [
      'a job that nobody creates',
      'job: update, status',
      'job: updates, status',
      ':7:7: `job`: no job updates is created',
    ],
    ['an unknown status', 'SUCCEEDED', 'SUCEEDED', ':7:20: `status`'],
    ['broken YAML', 'script:', 'script: [', ':5:'],
    ['an alias of itself', 'script:\n', 'script: &a\n  - *a\n', ':5:5: expected a deed'],
  ])('%s: one line with file, line and column, exit 2', async (_, from, to, message) => {
    const own = folderOf({ 'a.yaml': scenario.replace('mine', 'good'), 'b.yaml': scenario.replace(from, to) });
    const { code, stdout, stderr } = await runHere('simulate', '--scenario', own);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^jobrig: \S+\/b\.yaml:[^\n]+\n$/);
    expect(stderr).toContain(message);
  });

  it('two files with one id: one line that names both, exit 2', async () => {
    const own = folderOf({ 'a.yaml': scenario, 'b.yaml': scenario });
    const { code, stdout, stderr } = await runHere('simulate', '--scenario', own);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^jobrig: \S+b\.yaml: the id mine is taken by \S+a\.yaml\n$/);
  });

  it.each([
    [['--seed', 'abc'], "'--seed <n>' argument 'abc' is invalid. Must be a whole number from 0 to 9007199254740991."],
    [['--seeds', '0'], "'--seeds <n>' argument '0' is invalid."],
    [['--seed', '1', '--seeds', '2'], "'--seed <n>' cannot be used with option '--seeds <n>'"],
    [['--replay', 'x.yaml', '--seed', '1'], "'--replay <file>' cannot be used with option '--seed <n>'"],
    [['--scenario', 'pull-idle', '--seed', '1'], "'--scenario <id|file|dir>' cannot be used with option '--seed <n>'"],
    [['--sweep', '--things', '2'], "'--sweep' cannot be used with option '--things <n>'"],
    [['--replay', 'nowhere.yaml'], 'there is no scenario, file or directory nowhere.yaml'],
    [['--scenario', 'pull-idel'], 'Did you mean pull-idle?'],
    [['--things', 'many'], "'--things <n>' argument 'many' is invalid."],
    [['--agent', 'nobody'], '--agent nobody: there is no such agent'],
    [['--time-budget', 'soon'], "'--time-budget <time>' argument 'soon' is invalid."],
  ])('refuses %j in one line with exit code 2', async (words, message) => {
    const { code, stdout, stderr } = await runHere('simulate', ...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain(message);
  });

  it('stops when its time is over', async () => {
    const { code, stdout } = await run('simulate', '--seeds', '1000000', '--time-budget', '200ms', '--json', '--quiet');
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { runs: number }).runs).toBeLessThan(1_000_000);
  });

  it('ends on SIGTERM with 143', async () => {
    const { child, finished, progress } = start('simulate', '--seeds', '1000000');
    await progress((text) => text.includes('simulating'));
    child.kill('SIGTERM');
    const { code, stdout } = await finished;
    expect(code).toBe(143);
    expect(stdout).toMatch(/^no violation \(ended early\)$/m);
  });

  it('tells what was found until it was interrupted', async () => {
    const folder = testFolder();
    const words = ['simulate', '--seeds', '60', '--agent', 'r02-keeps-its-checkpoint', '--json', '--out', folder];
    const { child, finished, progress } = start(...words);
    await progress((text) => text.includes('making it small'));
    child.kill('SIGINT');
    const { code, stdout } = await finished;
    const { verdict, partial, violations, report } = JSON.parse(stdout) as Record<string, unknown>;
    expect({ code, verdict, partial }).toEqual({ code: 130, verdict: 'fail', partial: true });
    expect(violations).not.toEqual([]);
    expect(readFileSync(String(report), 'utf8')).toContain('<!doctype html>');
  });
});
