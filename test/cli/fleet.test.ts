import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { start } from '../support/command.ts';
import { runIn, startHere } from '../support/command-here.ts';
import { testFolder } from '../support/folders.ts';

const fast = ['--time-scale', '50', '--things', '3'];

describe('jobrig fleet', () => {
  it('runs for its time against a service of its own and prints one JSON object', async () => {
    const words = [...fast, '--duration', '300ms', '--json', '--quiet', '--seed', '7'];
    const { code, stdout } = await runIn(testFolder(), 'fleet', ...words);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      verb: 'fleet',
      seed: 7,
      verdict: 'pass',
      things: 3,
      connected: 3,
      executions: { succeeded: 0, failed: 0, rejected: 0, pulled: 0 },
    });
  });

  it('counts the faults that were injected', async () => {
    const words = ['fleet', ...fast, '--faults', 'plan.yaml', '--duration', '1s', '--quiet'];
    const plan = 'faults:\n  - kind: clock-jump\n    untilMs: 0\n    byMs: 1\n';
    const folder = testFolder();
    writeFileSync(join(folder, 'plan.yaml'), plan);
    expect((await runIn(folder, ...words)).stdout).toContain('faults: 3 clock-jump');
    expect(JSON.parse((await runIn(folder, ...words, '--json')).stdout)).toMatchObject({ faults: { 'clock-jump': 3 } });
  });

  it('ends on SIGTERM with 143, after its summary', async () => {
    const { child, finished, progress } = start('fleet', ...fast, '--json');
    await progress((text) => text.includes('3 connected'));
    child.kill('SIGTERM');
    const { code, stdout } = await finished;
    expect(code).toBe(143);
    expect(JSON.parse(stdout)).toMatchObject({ connected: 3 });
  });

  it('connects over TLS with the certificates that jobrig certs made in the same folder', async () => {
    const words =
      'serve --json --mqtt-port off --mqtts-port 0 --ws-port off --wss-port off --http-port 0 --https-port off';
    const service = startHere(...words.split(' '), '--log-level', 'error');
    const { mqtts } = JSON.parse(await service.output((text) => text.includes('\n'))) as { readonly mqtts: string };
    const fleet = [
      'fleet',
      '--endpoint',
      mqtts,
      '--certs',
      'certs',
      ...fast,
      '--duration',
      '100ms',
      '--json',
      '--quiet',
    ];
    const issue = ['certs', '--thing', 'thing-1', '--thing', 'thing-2', '--thing', 'thing-3', '--out', 'certs'];
    expect((await runIn(service.folder, ...issue)).code).toBe(0);
    const trusted = await runIn(service.folder, ...fleet);
    expect(JSON.parse(trusted.stdout)).toMatchObject({ connected: 3, verdict: 'pass' });

    const elsewhere = testFolder();
    await runIn(elsewhere, ...issue);
    const refused = await runIn(elsewhere, ...fleet);
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 2, stdout: '' });
    expect(refused.stderr).toContain(mqtts);
  });
});
