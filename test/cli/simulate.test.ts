import { describe, expect, it } from 'vitest';
import { run, start } from '../support/command.ts';

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

  it('tells people what struck and that nothing broke', async () => {
    const { code, stdout } = await run('simulate', '--seed', '7', '--things', '2', '--quiet');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1 run, .* device-hours, \d+ executions, /);
    expect(stdout).toContain('trace hash ');
    expect(stdout).toContain('no violation');
  });

  it.each([
    [['--seed', 'abc'], "'--seed <n>' argument 'abc' is invalid. Must be a whole number from 0 to 9007199254740991."],
    [['--seeds', '0'], "'--seeds <n>' argument '0' is invalid."],
    [['--seed', '1', '--seeds', '2'], "'--seed <n>' cannot be used with option '--seeds <n>'"],
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
