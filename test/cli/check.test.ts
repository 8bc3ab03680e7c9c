/**
 * `jobrig check` as its users run it, on the small agents of fixtures/agents. Checks that do not touch each other run side by
 * side, one for each group of claims, some of them in a process of their own. What flags do to any check is in check-simulated.test.ts, bad devices in
 * test/rig/live/check.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Finished, start } from '../support/command.ts';
import { runHere, startHere } from '../support/command-here.ts';
import { sharedFolder } from '../support/folders.ts';

const directory = sharedFolder('test');
const scratch = join(directory, 'tmp');

const agents = resolve('fixtures/agents/mqttjs');
const agent = ['--', process.execPath, join(agents, 'agent.mjs')];
const faulty = (bug: string) => ['--', process.execPath, join(agents, 'faulty-agent.mjs'), bug];
const out = (name: string) => ['--out', join(directory, name)];

interface Scenario {
  readonly id: string;
  readonly verdict: string;
  readonly broke: readonly string[];
  readonly reason: string;
}
interface Json {
  readonly verdict: string;
  readonly portrait: object;
  readonly scenarios: readonly Scenario[];
  readonly partial?: true;
}

async function check(started: typeof start | typeof startHere, name: string, ...words: readonly string[]) {
  const { stdout, stderr, code } = await started('check', '--json', '--quiet', ...out(name), ...words).finished;
  return { code, stderr, result: JSON.parse(stdout) as Json };
}

const verdicts = ({ scenarios }: Json) => Object.fromEntries(scenarios.map(({ id, verdict }) => [id, verdict]));
const these = (...ids: readonly string[]) => ids.flatMap((id) => ['--scenario', id]);

interface Seen {
  readonly kind: string;
  readonly stream?: string;
  readonly line?: string;
  readonly message?: { readonly payload: { readonly execution?: { readonly jobDocument?: object } } };
}

function observationsOf(name: string): readonly Seen[] {
  const run = JSON.parse(readFileSync(join(directory, name, 'run.json'), 'utf8')) as {
    readonly handshake: { readonly observations: readonly Seen[] };
    readonly results: readonly { readonly runs: readonly { readonly observations: readonly Seen[] }[] }[];
  };
  return [run.handshake, ...run.results.flatMap(({ runs }) => runs)].flatMap(({ observations }) => observations);
}

const printedIn = (name: string) => observationsOf(name).flatMap(({ line }) => line ?? []);

describe('jobrig check -- COMMAND', () => {
  const bugs = [['repeats-refused-updates', 'pull-in-work', 'V2']] as const;
  let right: Awaited<ReturnType<typeof check>>;
  let equipped: Awaited<ReturnType<typeof check>>;
  let failed: readonly Awaited<ReturnType<typeof check>>[];

  beforeAll(async () => {
    const files = {
      document: join(directory, 'my document.json'),
      canary: join(directory, 'canary.json'),
      image: join(directory, 'image.bin'),
      template: join(directory, 'agent.conf'),
    };
    const image = '"image": {"url": "{url}", "sizeBytes": {size}, "sha256": "{sha256}"}';
    const document = (note: string) =>
      `{"operation": "firmware", "version": "{version}", "note": "${note}", "hook": "{witness}", ${image}}`;
    writeFileSync(files.document, document('document'));
    writeFileSync(files.canary, document('canary'));
    writeFileSync(files.image, 'x'.repeat(20_000));
    writeFileSync(files.template, '{"name": "{thing}", "id": "{client-id}", "other": "{unknown}"}\n');
    const words = [
      '--document',
      files.document,
      '--canary',
      files.canary,
      '--image',
      files.image,
      '--template',
      files.template,
      '--thing',
      'pump-7',
      '--client-id',
      'bench',
      '--power',
      'none',
      '--reset',
      `echo {thing} >> '${join(directory, 'resets')}'`,
    ];
    const command = [
      '--',
      'sh',
      '-c',
      `cat "$1"; exec "${process.execPath}" "${join(agents, 'agent.mjs')}"`,
      'sh',
      '{state}/agent.conf',
    ];
    [right, equipped, ...failed] = await Promise.all([
      check(start, 'right', ...these('pull-in-work', 'cut-alone'), '--parallel', '2', ...agent),
      check(startHere, 'equipped', ...these('pull-idle', 'cut-alone'), ...words, ...command),
      ...bugs.map(([bug, scenario]) => check(startHere, bug, ...these(scenario), '--settle', '2s', ...faulty(bug))),
    ]);
  }, 240_000);

  it('passes a right agent, and says how it came to that', () => {
    expect([right.result.verdict, right.code]).toEqual(['pass', 0]);
    expect(verdicts(right.result)).toEqual({ 'pull-in-work': 'pass', 'cut-alone': 'pass' });
    expect(right.result.portrait).toMatchObject({
      session: 'clean',
      hears: ['notify', 'notify-next'],
      downloadsBy: ['http'],
    });
  });

  it.each(bugs.map(([bug, scenario, claim], index) => [bug, scenario, claim, index] as const))(
    'fails an agent that %s by %s with %s',
    (bug, scenario, claim, index) => {
      const { code, result } = failed[index]!;
      expect(code).toBe(1);
      expect(result.scenarios[0]?.broke).toContain(claim);
      expect(readFileSync(join(directory, bug, 'index.html'), 'utf8')).toContain(scenario);
      expect(readdirSync(join(directory, bug, 'failing'))).toEqual([`${scenario}.yaml`]);
    },
  );

  it('gives the device its own documents, image, files and names', () => {
    expect(verdicts(equipped.result)).toEqual({ 'pull-idle': 'pass', 'cut-alone': 'skip' });
    const documents = observationsOf('equipped').flatMap(
      ({ message }) => message?.payload.execution?.jobDocument ?? [],
    );
    expect(documents).toContainEqual(expect.objectContaining({ note: 'document' }));
    expect(documents).toContainEqual(
      expect.objectContaining({ note: 'canary', hook: expect.stringMatching(/witness\/pump-7\/canary/) }),
    );
    expect(documents).toContainEqual(
      expect.objectContaining({ image: expect.objectContaining({ sizeBytes: 20_000 }) }),
    );
    expect(printedIn('equipped')).toContain('{"name": "pump-7", "id": "bench", "other": "{unknown}"}');
  });

  it('runs --reset before every scenario, with the placeholders', () => {
    const resets = readFileSync(join(directory, 'resets'), 'utf8').trim().split('\n');
    expect(resets).toEqual(['pump-7', 'pump-7']);
  });

  it('cuts no power with --power none, and says why the scenario is skipped', () => {
    expect(equipped.result.scenarios.find(({ id }) => id === 'cut-alone')?.reason).toContain('--power none');
  });
});

describe('jobrig check --attach', () => {
  let stays: Finished;
  let switched: Finished;
  const board = join(directory, 'board');
  const log = `'${board}.log'`;

  beforeAll(async () => {
    writeFileSync(`${board}.log`, '');
    const waiting = start(
      'check',
      '--json',
      ...out('attached'),
      '--attach',
      'pump-7',
      ...these('pull-in-work', 'pull-idle'),
    );
    const said = await waiting.progress((text) => /mqtt:\/\/127\.0\.0\.1:\d+/.test(text));
    const port = /mqtt:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1] ?? '';
    const device = spawn(process.execPath, [join(agents, 'agent.mjs')], {
      env: {
        JOBRIG_THING_NAME: 'pump-7',
        JOBRIG_MQTT_HOST: '127.0.0.1',
        JOBRIG_MQTT_PORT: port,
        JOBRIG_STATE_DIR: mkdtempSync(join(directory, 'state-')),
      },
      stdio: 'ignore',
    });
    const relay = [
      '--power-on',
      `"${process.execPath}" "${join(agents, 'agent.mjs')}" >> ${log} & echo $! > '${board}.pid'`,
      '--power-off',
      `kill -9 $(cat '${board}.pid')`,
      '--console',
      `exec tail -n 0 -F ${log}`,
    ];
    [stays, switched] = await Promise.all([
      waiting.finished,
      startHere('check', '--json', '--quiet', ...out('switched'), '--attach', 'pump-8', ...these('cut-alone'), ...relay)
        .finished,
    ]);
    device.kill('SIGKILL');
    process.kill(Number(readFileSync(`${board}.pid`, 'utf8')), 'SIGKILL');
  }, 240_000);

  it('checks a device that connects by itself and stays connected from one scenario to the next', () => {
    expect(verdicts(JSON.parse(stays.stdout) as Json)).toEqual({ 'pull-in-work': 'pass', 'pull-idle': 'pass' });
    expect(stays.code).toBe(0);
  });

  it('switches a board off and on by the user’s commands, and hears its console', () => {
    expect(verdicts(JSON.parse(switched.stdout) as Json)).toEqual({ 'cut-alone': 'pass' });
    const lines = observationsOf('switched').filter(({ kind }) => kind === 'printed');
    expect(lines.some(({ stream, line }) => stream === 'console' && line?.startsWith('runs '))).toBe(true);
  });
});

describe('jobrig check that is interrupted', () => {
  const stubborn = ['--', process.execPath, resolve('test/support/odd-agent.mjs')];
  const moments = [
    ['in the handshake', 'SIGINT', 130, /^handshake: /m, ['--attach', 'x']],
    ['in the handshake of a program', 'SIGTERM', 143, /^handshake: /m, [...stubborn, 'never-connects']],
    ['in a command of the user’s', 'SIGTERM', 143, /^handshake: /m, ['--reset', 'sleep 50', ...stubborn, 'right']],
    [
      'in a scenario',
      'SIGINT',
      130,
      /^scenarios · /m,
      ['--settle', '2s', ...these('cut-alone', 'pull-idle'), ...stubborn, 'is-stubborn'],
    ],
    [
      'after the first result',
      'SIGTERM',
      143,
      /pull-idle/,
      ['--settle', '2s', ...these('pull-idle', 'cut-alone'), ...stubborn, 'is-stubborn'],
    ],
    ['in virtual time', 'SIGINT', 130, /^scenarios · /m, ['--sweep', '--hardware', 'mix']],
    ['while it watches', 'SIGINT', 130, /^watching .*agent/m, ['--watch', ...these('pull-idle'), ...agent]],
  ] as const;
  /** What the process is told, and not only the command. */
  const alone: ReadonlySet<string> = new Set(['in a command of the user’s', 'in a scenario']);
  let ended: readonly (Finished & { readonly folder: string })[];

  beforeAll(async () => {
    mkdirSync(scratch);
    process.env['TMPDIR'] = scratch;
    const commands = moments.map(async ([name, signal, , when, words]) => {
      const folder = join(directory, name);
      const given = ['check', '--json', '--out', folder, ...words];
      if (alone.has(name)) {
        const { child, progress, finished } = start(...given);
        await progress((text) => when.test(text));
        child.kill(signal);
        return { ...(await finished), folder };
      }
      const { interrupt, progress, finished } = startHere(...given);
      await progress((text) => when.test(text));
      interrupt(signal);
      return { ...(await finished), folder };
    });
    ended = await Promise.all(commands);
    delete process.env['TMPDIR'];
    // Generous: on a loaded host every device is given more time.
  }, 300_000);

  it.each(moments.map(([name, , code], index) => [name, code, index] as const))(
    '%s ends with %i, keeps what it has and says that it is partial',
    (name, code, index) => {
      const { stdout, ...end } = ended[index]!;
      expect(end.code).toBe(code);
      const results = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Json);
      if (name !== 'while it watches') expect(results).toMatchObject([{ partial: true }]);
      expect(existsSync(join(end.folder, 'run.json'))).toBe(true);
      if (name === 'after the first result') expect(verdicts(results[0]!)).toMatchObject({ 'pull-idle': 'pass' });
    },
  );

  it('leaves no process and no file behind', async () => {
    expect(
      readdirSync(scratch).filter((name) => name.startsWith('jobrig-check') || name.startsWith('jobrig-command')),
    ).toEqual([]);
    // A process that was killed stands in /proc until the system has taken it down.
    const left = (): readonly string[] =>
      readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name) && partOf(name, 'environ').includes(scratch))
        .map((name) => partOf(name, 'cmdline').replaceAll('\0', ' '));
    await expect.poll(left).toEqual([]);
  });
});

function partOf(pid: string, part: 'environ' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${part}`, 'utf8');
  } catch {
    return '';
  }
}

describe('jobrig check that cannot check', () => {
  it.each([
    [['--', 'no-such-program-anywhere'], 'there is no such program'],
    [['--document', 'no-such.json', ...agent], '--document: no-such.json cannot be read: there is no such file'],
    [['--document', 'README.md', ...agent], '--document: README.md is no JSON'],
    [['--canary', 'test', ...agent], '--canary: test cannot be read: it is a directory'],
    [['--image', 'no-such.bin', ...agent], '--image: no-such.bin cannot be read'],
    [['--template', 'test', ...agent], '--template: test cannot be read: it is a directory'],
    [['--host', 'no-such-host.invalid', ...agent], 'Choose an address of this machine with --host'],
    [['--out', 'README.md', ...agent], '--out README.md cannot be made'],
    [['--baseline', 'test', ...agent], 'test cannot be read'],
    [['--scenario', 'test/support', ...agent], 'has no scenarios'],
  ])('refuses %j in one line', async (words, message) => {
    const { code, stdout, stderr } = await runHere(
      'check',
      '--quiet',
      ...(words[0] === '--out' ? [] : out('bad')),
      ...words,
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^jobrig: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });

  it('names file, line and column of a broken scenario in a directory', async () => {
    const folder = mkdtempSync(join(directory, 'scenarios-'));
    writeFileSync(join(folder, 'a.yaml'), readFileSync('fixtures/scenarios/place-of-the-pull/pull-idle.yaml'));
    writeFileSync(
      join(folder, 'b.yaml'),
      'id: b\nversion: 1\nclaim: x\nabout: V1\nscript:\n  - deleted-execution: update\n',
    );
    const { code, stderr } = await runHere('check', ...out('bad'), '--scenario', folder, ...agent);
    expect(code).toBe(2);
    expect(stderr).toMatch(/b\.yaml:6:5: .*delete-execution/);
  });

  it('says how far a program came that ends at once, with exit code 3', async () => {
    const words = ['--', process.execPath, '-e', 'console.log("no key")'];
    const { code, stdout } = await runHere('check', '--quiet', ...out('ends'), ...words);
    expect(stdout).toContain('without ever connecting');
    expect(stdout).toContain('no key');
    expect(code).toBe(3);
  });
});
