import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run, start, startIn } from '../support/command.ts';

async function hashOf(seed: string): Promise<string> {
  const { stdout } = await run('simulate', '--seed', seed, '--json', '--quiet');
  return (JSON.parse(stdout) as { readonly traceHash: string }).traceHash;
}

describe('jobrig simulate', () => {
  it('runs seeds and prints one JSON object', async () => {
    const { code, stdout } = await run('simulate', '--seeds', '20', '--json', '--quiet');
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as Record<string, unknown>;
    expect(result).toMatchObject({ verb: 'simulate', seed: 1, verdict: 'pass', runs: 20, violations: [] });
    expect(result).not.toHaveProperty('traceHash');
    for (const figure of ['executions', 'simulatedSeconds', 'wallSeconds']) expect(result[figure]).toBeGreaterThan(0);
    expect(Object.keys(result['faults'] as object).length).toBeGreaterThan(5);
  });

  it('gives one seed one trace hash, every time', async () => {
    const [first, second] = await Promise.all([hashOf('7'), hashOf('7')]);
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(second).toBe(first);
  });

  it('tells people which faults were injected and that nothing broke', async () => {
    const { code, stdout } = await run('simulate', '--seed', '7', '--things', '2', '--quiet');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1 run, .* device-hours, \d+ executions, /);
    expect(stdout).toContain('trace hash ');
    expect(stdout).toContain('no violation');
  });

  it('keeps the first violation, made small, and replays exactly that', async () => {
    const agent = ['--agent', 'r55-tries-a-failed-image-again', '--quiet', '--json'];
    const first = start('simulate', '--seeds', '20', '--minimize', ...agent);
    const found = await first.finished;
    expect(found.code).toBe(1);
    const { kept, violations } = JSON.parse(found.stdout) as {
      readonly kept: { readonly file: string; readonly replay: string };
      readonly violations: readonly { readonly seed: number; readonly broke: string }[];
    };
    const { seed, broke } = violations[0]!;
    expect(kept.file).toBe(join('jobrig-seeds', `seed-${seed}.json`));
    expect(kept.replay).toBe(`npx jobrig simulate --replay ${kept.file} --agent r55-tries-a-failed-image-again`);
    const again = await startIn(first.folder, 'simulate', '--replay', kept.file, ...agent).finished;
    expect(again.code).toBe(1);
    expect(JSON.parse(again.stdout)).toMatchObject({ seed, runs: 1, violations: [{ broke }] });
    const well = await startIn(first.folder, 'simulate', '--replay', kept.file, '--quiet').finished;
    expect(well.code).toBe(0);
  });

  it('names file, line and column of what is wrong with a file to replay', async () => {
    const command = start('simulate', '--replay', 'kept.json');
    writeFileSync(join(command.folder, 'kept.json'), '{\n  "why": "so",\n  "broke": "V0",\n  "configuration": 1 }');
    const { code, stdout, stderr } = await command.finished;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^jobrig: kept\.json:3:3: broke expected one of V1, [^\n]+ \(and 1 more\)\n$/);
  });

  it.each([
    [['--seed', 'abc'], "'--seed <n>' argument 'abc' is invalid. Must be a whole number from 0 to 9007199254740991."],
    [['--seeds', '0'], "'--seeds <n>' argument '0' is invalid."],
    [['--seed', '1', '--seeds', '2'], "'--seed <n>' cannot be used with option '--seeds <n>'"],
    [['--replay', 'x.json', '--seed', '1'], "'--replay <file>' cannot be used with option '--seed <n>'"],
    [['--replay', 'nowhere.json'], 'nowhere.json cannot be read'],
    [['--things', 'many'], "'--things <n>' argument 'many' is invalid."],
    [['--agent', 'nobody'], '--agent nobody: there is no such agent'],
    [['--time-budget', 'soon'], "'--time-budget <time>' argument 'soon' is invalid."],
  ])('refuses %j in one line with exit code 2', async (words, message) => {
    const { code, stdout, stderr } = await run('simulate', ...words);
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
    expect((await finished).code).toBe(143);
  });
});
