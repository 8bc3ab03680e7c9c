import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import type { DemoReport, DemoSummary } from '../../rig/report/run-report.ts';
import { claimIds } from '../../rig/verdict/contract.ts';
import { start } from '../support/command.ts';
import { runIn, startHere } from '../support/command-here.ts';
import { testFolder } from '../support/folders.ts';

describe('jobrig demo', () => {
  it('runs the main job to a passed verdict and leaves page, JSON and JUnit behind', { timeout: 240_000 }, async () => {
    const command = start('demo', '--things', '12', '--time-scale', '100', '--seeds', '5', '--json', '--out', 'report');
    const { code, stdout, stderr } = await command.finished;
    expect(code, stderr).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    const summary = JSON.parse(stdout) as DemoSummary;
    expect(summary).toMatchObject({
      jobrig: expect.stringMatching(/^\d/),
      verb: 'demo',
      seed: 1,
      verdict: 'pass',
      things: 12,
      devices: { valid: 12, invalid: 0 },
      canary: { succeeded: 12, failed: 0 },
      report: join('report', 'index.html'),
    });
    expect(Date.parse(summary.endedAt)).toBeGreaterThan(Date.parse(summary.startedAt));
    expect(summary.pulls).toHaveLength(9);
    // Nine at their steps; two more share a job that is deleted under them, if they were at work by then.
    expect(summary.pulls.reduce((sum, { pulled }) => sum + pulled, 0)).toBeGreaterThanOrEqual(9);
    expect(summary.coverage).toEqual({ steps: 9, scenarios: expect.any(Number), seeds: 5 });
    expect(summary.coverage.scenarios).toBeGreaterThan(90);
    for (const { pulled, recovered, recoveryMs } of summary.pulls) {
      expect(recovered).toBe(pulled);
      expect(recoveryMs!.p50).toBeLessThanOrEqual(recoveryMs!.max);
    }

    const report = JSON.parse(readFileSync(join(command.folder, 'report', 'report.json'), 'utf8')) as DemoReport;
    expect(report.deviceReports).toHaveLength(12);
    for (const { pull, observations, findings } of report.deviceReports) {
      expect(observations.length).toBeGreaterThan(5);
      const isPulled = observations.some(
        (seen) => seen.kind === 'execution' && seen.force === true && seen.at === pull?.at,
      );
      expect(isPulled).toBe(pull !== undefined);
      expect(findings.map(({ claim }) => claim)).toEqual(claimIds);
    }
    expect(new Set(report.deviceReports.flatMap(({ pull }) => pull?.mechanism ?? []))).toEqual(
      new Set(['DeleteJobExecution', 'DeleteJob']),
    );
    expect(report.deviceReports.some(({ pull }) => pull?.namespaceId !== undefined)).toBe(true);
    expect(XMLValidator.validate(readFileSync(join(command.folder, 'report', 'junit.xml'), 'utf8'))).toBe(true);
    expect(readFileSync(join(command.folder, 'report', 'index.html'), 'utf8')).toContain('✓ Passed');
  });

  it.each([
    ['SIGINT', 130, 'interrupted', 'things and connections', []],
    ['SIGTERM', 143, 'terminated', 'wave 1 of 1', []],
    ['SIGHUP', 129, 'hung up', 'scenarios and seeds', ['--time-scale', '200', '--seeds', '100000']],
  ] as const)(
    'tells what it found until %s, exit %d (%s), while it says: %s',
    { timeout: 120_000 },
    async (signal, exitCode, word, phase, words) => {
      const command = start('demo', '--things', '12', '--json', '--out', 'report', ...words);
      await command.progress((text) => text.includes(phase));
      command.child.kill(signal);
      const { code, stdout, stderr } = await command.finished;
      expect(code, stderr).toBe(exitCode);
      expect(stderr).toContain(`jobrig: ${word}: the result so far is in ${join('report', 'report.json')}\n`);
      const summary = JSON.parse(stdout) as DemoSummary;
      expect(summary).toMatchObject({ verdict: 'inconclusive', partial: true, devices: { invalid: 0 }, causes: [] });
      expect(summary.canary.failed).toBe(0);
      const fileOf = (name: string): string => readFileSync(join(command.folder, 'report', name), 'utf8');
      expect(JSON.parse(fileOf('report.json'))).toMatchObject({ partial: true });
      expect(JSON.parse(fileOf('run.json'))).toMatchObject({ isPartial: true, demo: { partial: true } });
      expect(fileOf('index.html')).toContain('It was interrupted');
      expect(fileOf('junit.xml')).toContain('it was interrupted');
      if (phase === 'scenarios and seeds') expect(summary.devices.valid).toBe(12);
    },
  );

  it('says nothing on stderr with --quiet', { timeout: 240_000 }, async () => {
    const { code, stdout, stderr } = await runIn(
      testFolder(),
      'demo',
      '--things',
      '1',
      '--time-scale',
      '50',
      '--seeds',
      '0',
      '--quiet',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^receive +1 +1 /m);
    expect(stdout).toContain('verdict');
  });

  it('keeps the dashboard up with --serve until it is told to stop', { timeout: 240_000 }, async () => {
    const command = startHere('demo', '--things', '1', '--time-scale', '200', '--seeds', '0', '--serve');
    await command.output((text) => text.includes('verdict'));
    const told = await command.progress((text) => text.includes('until Ctrl-C'));
    const [, dashboard = ''] = /dashboard at (\S+)/.exec(told) ?? [];
    expect((await fetch(dashboard)).status).toBe(200);
    command.interrupt('SIGINT');
    expect((await command.finished).code).toBe(0);
  });
});
