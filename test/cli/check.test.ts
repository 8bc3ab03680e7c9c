/** `jobrig check` as its users run it, on the small agents of fixtures/agents. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { afterAll, describe, expect, it } from 'vitest';
import { start } from '../support/command.ts';

const directory = mkdtempSync(join(tmpdir(), 'jobrig-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const agents = resolve('fixtures/agents/mqttjs');
const agent = ['--', process.execPath, join(agents, 'agent.mjs')];
const faulty = (bug: string) => ['--', process.execPath, join(agents, 'faulty-agent.mjs'), bug];
const out = (name: string) => ['--out', join(directory, name)];

describe('jobrig check', () => {
  it('passes a right agent, and says how it came to that', async () => {
    const args = [
      'check',
      '--json',
      ...out('right'),
      '--scenario',
      'pull-in-work',
      '--scenario',
      'cut-alone',
      '--parallel',
      '2',
    ];
    const { stdout, code: exitCode } = await start(...args, ...agent).finished;
    const result = JSON.parse(stdout) as { verdict: string; scenarios: { verdict: string }[]; portrait: object };
    expect([result.verdict, exitCode]).toEqual(['pass', 0]);
    expect(result.scenarios.map(({ verdict }) => verdict)).toEqual(['pass', 'pass']);
    expect(result.portrait).toMatchObject({
      session: 'clean',
      hears: ['notify', 'notify-next'],
      downloadsBy: ['http'],
    });
  }, 60_000);

  it.each([
    ['repeats-refused-updates', 'pull-in-work', 'V2'],
    ['hangs-after-refusal', 'unheard-pull', 'V5'],
    ['knows-job-ids-for-ever', 'again-at-once', 'V4'],
  ])(
    'fails an agent that %s by %s with %s',
    async (bug, scenario, claim) => {
      const { stdout, code: exitCode } = await start(
        'check',
        '--json',
        ...out(bug),
        '--scenario',
        scenario,
        '--settle',
        '2s',
        ...faulty(bug),
      ).finished;
      const [found] = (JSON.parse(stdout) as { scenarios: { broke: string[]; evidence: object[] }[] }).scenarios;
      expect(exitCode).toBe(1);
      expect(found?.broke).toContain(claim);
      const junit: unknown = new XMLParser({ ignoreAttributes: false }).parse(
        readFileSync(join(directory, bug, 'junit.xml')),
      );
      expect(JSON.stringify(junit)).toContain(scenario);
      expect(readFileSync(join(directory, bug, 'index.html'), 'utf8')).toContain(scenario);
    },
    60_000,
  );

  it('checks a device that connects by itself and stays connected from one scenario to the next', async () => {
    const scenarios = ['--scenario', 'pull-in-work', '--scenario', 'pull-idle', '--scenario', 'cut-alone'];
    const check = start('check', '--json', ...out('attached'), '--attach', 'pump-7', ...scenarios);
    const said = await check.progress((text) => /mqtt:\/\/127\.0\.0\.1:\d+/.test(text));
    const port = /mqtt:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1] ?? '';
    const state = mkdtempSync(join(directory, 'state-'));
    const device = spawn(process.execPath, [join(agents, 'agent.mjs')], {
      env: {
        JOBRIG_THING_NAME: 'pump-7',
        JOBRIG_MQTT_HOST: '127.0.0.1',
        JOBRIG_MQTT_PORT: port,
        JOBRIG_STATE_DIR: state,
      },
      stdio: 'ignore',
    });
    const { stdout, code } = await check.finished;
    device.kill('SIGKILL');
    const result = JSON.parse(stdout) as { scenarios: { id: string; verdict: string; reason: string }[] };
    const verdicts = Object.fromEntries(result.scenarios.map(({ id, verdict }) => [id, verdict]));
    expect(verdicts).toEqual({ 'pull-in-work': 'pass', 'pull-idle': 'pass', 'cut-alone': 'skip' });
    expect(code).toBe(0);
  }, 60_000);

  it.each([
    [['--', 'no-such-program-anywhere'], 'there is no such program'],
    [['--document', 'no-such.json', ...agent], '--document: no-such.json cannot be read'],
  ])(
    'refuses %j in one line',
    async (args, message) => {
      const { stderr, code: exitCode } = await start('check', '--quiet', ...out('bad'), ...args).finished;
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).toContain(message);
      expect(exitCode).toBe(2);
    },
    30_000,
  );

  it('says how far a program came that ends at once', async () => {
    const { stdout, code: exitCode } = await start(
      'check',
      ...out('ends'),
      '--',
      process.execPath,
      '-e',
      'console.log("no key")',
    ).finished;
    expect(stdout).toContain('without ever connecting');
    expect(stdout).toContain('no key');
    expect(exitCode).toBe(3);
  }, 60_000);
});
