/** `npm run bench` as a whole, at its smallest: every process starts, connects, runs, answers and ends. No figure is judged. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function bench(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const command = ['dist/bench/main.js', ...args];
    execFile(process.execPath, command, { cwd: root }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

describe('bench', () => {
  it('runs lifecycles on our service, on the naive wiring and on canned packets', async () => {
    const comparisons = ['naive', 'logic', 'latency'];
    const only = comparisons.flatMap((name) => ['--only', name]);
    const { code, stdout, stderr } = await bench(...only, '--things', '10', '--rounds', '1');
    for (const name of comparisons) expect(stderr).toContain(`${name}: round 1 of 1`);
    const rows = stdout.trimEnd().split('\n');
    expect(rows).toHaveLength(5);
    expect(rows.slice(1).map((row) => /^(✓ aim|✓|✗)\s/.test(row))).toEqual([true, true, true, true]);
    expect(code).toBe(rows.some((row) => row.startsWith('✗')) ? 1 : 0);
  });

  it.each([
    [['--only', 'mosquito'], '--only mosquito: there are'],
    [['--rounds', '0'], '--rounds 0: a whole number above 0 is needed'],
    [['--things', 'many'], '--things many: a whole number above 0 is needed'],
    [['--fast'], "Unknown option '--fast'"],
  ])('refuses %j in one line and starts nothing', async (args, line) => {
    const { code, stdout, stderr } = await bench(...args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(line);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
