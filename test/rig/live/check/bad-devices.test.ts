/**
 * Devices that cannot be checked: one sentence that says what was seen and what to do, and nothing is left behind. Those of the
 * table are all checked at once, each on a rig of its own.
 */
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckResult } from '../../../../rig/live/check/check-result.ts';
import { markName } from '../../../../rig/live/check/process-marks.ts';
import { type CheckOptions, runDeviceCheck } from '../../../../rig/live/check/run-check.ts';
import { readScenario } from '../../../../rig/scenario/format/read.ts';
import type { Scenario } from '../../../../rig/scenario/contract.ts';
import { foreignCertificate } from '../../../support/foreign-certificates.ts';
import { sharedFolder } from '../../../support/folders.ts';

const directory = sharedFolder('test');
const usualTmp = process.env['TMPDIR'];
// Whatever is left behind lies here; and no path may trip over blanks or letters.
const scratch = mkdtempSync(join(directory, 'ein Ordner mit Ümlaut-'));
process.env['TMPDIR'] = scratch;
afterAll(() => {
  if (usualTmp === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = usualTmp;
});

const oddAgent = (...words: readonly string[]) => [process.execPath, resolve('test/support/odd-agent.mjs'), ...words];

function options(command: readonly string[], own: Partial<CheckOptions> = {}): CheckOptions {
  return {
    subject: { kind: 'program', command },
    scenarios: [],
    handshakeMs: 7000,
    ...own,
  };
}

/** Ids of processes that a program of this rig has left. */
function leftProcesses(): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const variables = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0');
      return variables.some((one) => one.startsWith(`${markName}=`)) && variables.some((one) => one.includes(scratch));
    } catch {
      return false;
    }
  });
}

interface Case {
  readonly oddity: string;
  readonly reached: string;
  readonly says: RegExp;
  readonly own?: Partial<CheckOptions>;
}

/** Of those that show by themselves that nothing will come of it. */
const patient = { handshakeMs: 40_000 };

const cases: readonly Case[] = [
  {
    oddity: 'ends-at-once',
    reached: 'never connected',
    says: /ended \d+ times \(exit code 7\) without ever connecting/,
  },
  {
    oddity: 'ends-at-once',
    reached: 'never connected',
    says: /ended once \(exit code 7\)/,
    own: { subject: { kind: 'program', command: oddAgent('ends-at-once'), restart: 'never' }, ...patient },
  },
  { oddity: 'goes-away', reached: 'never connected', says: /must stay in the foreground/, own: patient },
  { oddity: 'never-connects', reached: 'never connected', says: /does it use JOBRIG_MQTT_HOST and JOBRIG_MQTT_PORT/ },
  { oddity: 'only-connects', reached: 'connected', says: /neither subscribed nor asked for a job.*for the thing/ },
  { oddity: 'only-listens', reached: 'subscribed', says: /never asked for it nor updated it: does it read notify/ },
  {
    oddity: 'listens-elsewhere',
    reached: 'subscribed',
    says: /nothing told it of one: it subscribed to foo, where \$aws\/things\/jobrig-handshake\/jobs\/notify or notify-next/,
  },
  { oddity: 'listens-in-a-namespace', reached: 'subscribed', says: /nothing told it of one: .*--namespace NS/ },
  { oddity: 'only-asks', reached: 'asked', says: /never started it: does it take such a document \(--document FILE\)/ },
  { oddity: 'has-another-name', reached: 'connected', says: /speaks for the thing other-thing.*--thing other-thing/ },
  { oddity: 'has-another-certificate', reached: 'never connected', says: /its connection was refused: .*certificate/i },
  {
    oddity: 'rejects',
    reached: 'refused the job',
    says: /REJECTED \(reason: as it is told\).*--document FILE/,
    own: patient,
  },
  { oddity: 'fails', reached: 'failed the job', says: /reported FAILED/, own: patient },
  { oddity: 'never-ends-a-job', reached: 'started', says: /did not end it in time: a longer --timeout/ },
];

describe('a handshake that fails is explained in one sentence', () => {
  let results: readonly CheckResult[] = [];

  beforeAll(async () => {
    const { certificate, key } = await foreignCertificate('jobrig-handshake');
    const files = { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
    writeFileSync(files.cert, certificate);
    writeFileSync(files.key, key);
    results = await Promise.all(
      cases.map(({ oddity, own }) => runDeviceCheck(options(oddAgent(oddity, files.cert, files.key), own))),
    );
  }, 240_000);

  it.each(cases.map((one, index) => [one.oddity, one, index] as const))('%s', (_, { reached, says }, index) => {
    const { diagnosis, results: played } = results[index]!;
    expect(diagnosis).toMatchObject({ reached, cause: expect.stringMatching(says) });
    expect(diagnosis?.cause).not.toContain('\n');
    expect(played).toEqual([]);
  });

  it('and shows what the device printed last', () => {
    expect(results[0]?.diagnosis?.printed).toContain('no key');
  });

  it('and nothing is left behind', () => {
    expect(leftProcesses()).toEqual([]);
    expect(readdirSync(scratch)).toEqual([]);
  });
});

describe('a check that cannot begin throws what to do', () => {
  it.each<[string, () => CheckOptions | Promise<CheckOptions>, string, RegExp]>([
    ['no such program', () => options(['no-such-program']), 'COMMAND_NOT_STARTED', /there is no such program/],
    [
      'a file that is no program',
      () => options([resolve('package.json')]),
      'COMMAND_NOT_STARTED',
      /may not be executed/,
    ],
    [
      'a template that is not there',
      () => options(oddAgent('right'), { templates: ['no-such.json'] }),
      'TEMPLATE_UNREADABLE',
      /--template: no-such.json/,
    ],
    [
      'a document that is not there',
      () => options(oddAgent('right'), { document: 'no-such.json' }),
      'DOCUMENT_UNREADABLE',
      /--document: no-such.json cannot be read: there is no such file/,
    ],
    [
      'an image that is a directory',
      () => options(oddAgent('right'), { image: directory }),
      'DOCUMENT_UNREADABLE',
      /--image: .* it is a directory/,
    ],
    [
      'a canary that is no JSON',
      () => options(oddAgent('right'), { canary: resolve('README.md') }),
      'DOCUMENT_INVALID',
      /--canary: .* is no JSON/,
    ],
    [
      'a reset that fails',
      () => options(oddAgent('right'), { reset: 'echo first; echo no bus >&2; exit 4' }),
      'COMMAND_FAILED',
      /--reset: .* ended with exit code 4: no bus/,
    ],
    [
      'a relay that does not answer',
      () => options([], { subject: { kind: 'attached', thingName: 'x' }, commands: { off: 'true', on: 'exit 3' } }),
      'COMMAND_FAILED',
      /--power-on: .* ended with exit code 3/,
    ],
    [
      'a port that is taken',
      async () => {
        const other = createServer().listen(0, '127.0.0.1');
        await new Promise((ready) => other.once('listening', ready));
        closers.push(() => other.close());
        return options(oddAgent('right'), { ports: { mqttsPort: (other.address() as AddressInfo).port } });
      },
      'PORT_TAKEN',
      /Port \d+ on 127.0.0.1 is taken/,
    ],
  ])('%s', async (_, made, code, message) => {
    await expect(runDeviceCheck(await made())).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(readdirSync(scratch)).toEqual([]);
    expect(leftProcesses()).toEqual([]);
  });

  const closers: (() => unknown)[] = [];
  afterAll(() => {
    for (const close of closers) close();
  });
});

describe('an odd device that is right', () => {
  let results: Readonly<Record<string, CheckResult>> = {};
  const odd = ['is-stubborn', 'is-a-daemon', 'prints-without-end'] as const;

  beforeAll(async () => {
    const own = { scenarios: [scenario(neverEnds), scenario(powerCut)], handshakeMs: 30_000, timeoutMs: 9000 };
    const played = odd.map(async (oddity) => {
      const scenarios = oddity === 'is-stubborn' ? own.scenarios : [scenario(powerCut)];
      return [oddity, await runDeviceCheck(options(oddAgent(oddity), { ...own, scenarios }))] as const;
    });
    results = Object.fromEntries(await Promise.all(played));
  }, 240_000);

  it.each(odd)('%s: is checked like any other, and leaves nothing', (oddity) => {
    const { results: played, diagnosis } = results[oddity]!;
    expect(diagnosis).toBeUndefined();
    const cut = played.find((one) => one.scenario.id === 'cut');
    expect(cut?.runs.map(({ verdict, reason }) => [verdict, reason])).toEqual([['pass', '']]);
    expect(leftProcesses()).toEqual([]);
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('is kept within bounds where it prints without end', () => {
    const runs = results['prints-without-end']?.results.flatMap((one) => one.runs) ?? [];
    const printed = runs.flatMap(({ observations }) => observations.filter(({ kind }) => kind === 'printed'));
    expect(printed.length).toBeLessThan(10_000);
    expect(Math.max(...printed.map((one) => ('line' in one ? one.line.length : 0)))).toBeLessThan(2100);
    expect(printed.some((one) => 'line' in one && one.line.includes('more lines'))).toBe(true);
  });

  it('a scenario whose moment never comes ends inconclusive, and says what it waited for', () => {
    const run = results['is-stubborn']?.results.find((one) => one.scenario.id === 'never-ends')?.runs[0];
    expect(run).toMatchObject({
      verdict: 'inconclusive',
      reason: expect.stringMatching(/its moment never came: .*never-printed/),
    });
  });
});

const powerCut = `
id: cut
version: 1
claim: The power is cut in the work.
about: V4
script:
  - when: connected
  - create-job: update
  - when: { execution: IN_PROGRESS, job: update }
    do: { power: { off-for: 100 ms } }
expect:
  - { job: update, status: SUCCEEDED }
`;
const neverEnds = `
id: never-ends
version: 1
claim: It waits for a line that is never printed.
about: V1
script:
  - when: connected
  - create-job: update
  - when: { console: /never-printed/ }
    do: { create-job: canary }
expect:
  - { job: update, status: SUCCEEDED }
`;

function scenario(text: string): Scenario {
  const read = readScenario(text);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.scenario;
}
