import { readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../support/command.ts';
import { runHere, runIn } from '../support/command-here.ts';
import { testFolder } from '../support/folders.ts';

const verbs = ['demo', 'serve', 'fleet', 'load', 'certs', 'store', 'simulate'] as const;

describe('help', () => {
  it.each([[], ...verbs.map((verb) => [verb])])(
    'jobrig %s --help explains itself with an example',
    async (...words) => {
      const { code, stdout, stderr } = await runHere(...words, '--help');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain('Example:');
    },
  );

  it('names every verb', async () => {
    const { stdout } = await runHere('--help');
    for (const verb of verbs) expect(stdout).toMatch(new RegExp(`^  ${verb} `, 'm'));
  });

  it('prints the version', async () => {
    expect((await runHere('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('without a verb is wrong usage', async () => {
    const { code, stdout } = await runHere();
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});

describe('wrong usage', () => {
  it.each<[string, string[], string]>([
    ['an unknown verb', ['dance'], 'dance'],
    ['an unknown flag', ['serve', '--data-dirr', 'x'], '--data-dirr'],
    ['a word too many', ['demo', 'now'], 'demo'],
    ['no things', ['demo', '--things', '0'], '--things'],
    ['too many things', ['demo', '--things', '1000000'], '--things'],
    ['half a thing', ['demo', '--things', '1.5'], '--things'],
    ['a seed that is no number', ['demo', '--seed', 'abc'], '--seed'],
    ['a time that stands still', ['demo', '--time-scale', '0'], '--time-scale'],
    ['a missing value', ['demo', '--out'], '--out'],
    ['a port out of range', ['serve', '--mqtt-port', '65536'], '--mqtt-port'],
    ['a port that is a word', ['serve', '--http-port', 'on'], '--http-port'],
    ['another machine', ['serve', '--host', '0.0.0.0'], '--host'],
    ['a region that is none', ['serve', '--region', 'moon'], '--region'],
    ['an account that is none', ['serve', '--account', '12'], '--account'],
    ['an identity rule that is none', ['serve', '--identity', 'trust-me'], '--identity'],
    ['an endpoint of the wrong kind', ['fleet', '--endpoint', 'http://127.0.0.1'], '--endpoint'],
    ['an endpoint that is no URL', ['fleet', '--endpoint', 'mqtt//x'], '--endpoint'],
    ['a prefix with a slash', ['fleet', '--prefix', 'a/b'], '--prefix'],
    ['hardware that does not exist', ['fleet', '--hardware', 'abacus'], '--hardware'],
    ['a duration without a unit', ['fleet', '--duration', '5'], '--duration'],
    ...(
      [
        ['fleet', '--duration'],
        ['load', '--duration'],
        ['check', '--settle'],
        ['check', '--timeout'],
        ['simulate', '--time-budget'],
      ] as const
    ).map(([verb, flag]): [string, string[], string] => [
      `more time than a timer of ${verb} waits`,
      [verb, flag, '597h'],
      `${flag} <time>' argument '597h'`,
    ]),
    ...['fleet', 'load'].flatMap((verb): [string, string[], string][] => [
      ...[
        'http://127.0.0.1:1',
        'mqtt://',
        'mqtt:127.0.0.1',
        'mqtt://me:secret@127.0.0.1:1',
        'mqtt://me@127.0.0.1:1',
        'mqtt://127.0.0.1:1/mqtt',
        'mqtts://127.0.0.1:1?x=1',
        'mqtt://127.0.0.1:1#x',
        'wss://me:secret@127.0.0.1:1/mqtt',
        'ws://127.0.0.1:1/mqtt#x',
      ].map((url): [string, string[], string] => [
        `no endpoint for ${verb}: ${url}`,
        [verb, '--endpoint', url],
        `--endpoint <url>' argument '${url}' is invalid. Must be a URL like mqtt://`,
      ]),
      ...['', 'mqtt://127.0.0.1:1', 'ws://127.0.0.1:1/mqtt'].map((url): [string, string[], string] => [
        `certificates of ${verb} that ${url || 'its own service'} does not ask for`,
        [verb, ...(url === '' ? [] : ['--endpoint', url]), '--certs', 'nowhere'],
        '--certs nowhere: certificates go with --endpoint mqtts://… or wss://…',
      ]),
    ]),
    [
      'certificates that are not there',
      ['fleet', '--endpoint', 'mqtts://127.0.0.1:1', '--certs', 'nowhere'],
      '--certs: nowhere/ca.pem cannot be read: there is no such file',
    ],
    ['a thing name with a slash', ['certs', '--thing', 'a/b'], '--thing'],
    ['no thing at all', ['certs'], '--thing'],
    ['a word too many for a list', ['check', '--list', 'nope'], '--list and nope exclude each other'],
    ['a command to list', ['check', '--list', '--', 'agent'], '--list and agent exclude each other'],
    ['a flag that a list leaves undone', ['check', '--list', '--power-off', 'x'], '--list and --power-off'],
    ['a flag that a list of simulate leaves undone', ['simulate', '--list', '--seeds', '5'], '--list and --seeds'],
    ['a word before --', ['check', 'pull-idle', '--', 'agent'], 'pull-idle'],
    ...['serve', 'fleet', 'load', 'certs', 'simulate'].map((verb): [string, string[], string] => [
      `a word too many for ${verb}`,
      [verb, ...(verb === 'certs' ? ['--thing', 'a'] : []), 'now'],
      verb,
    ]),
    ...[
      ['certs', '--thing', 'a', '--out', ''],
      ['serve', '--data-dir', ''],
      ['serve', '--files', ''],
      ['fleet', '--certs', ''],
      ['check', '--baseline', ''],
      ['simulate', '--replay', ''],
      ['demo', '--faults', ''],
      ['load', '--shape', ''],
      ['merge', 'a', ''],
      ['show', ''],
    ].map((words): [string, string[], string] => [
      `nothing for ${words.slice(0, -1).join(' ')}`,
      words,
      "'' is invalid",
    ]),
    ...['🦊', 'a/b', 'x'.repeat(129), '%s'].map((name): [string, string[], string] => [
      `no thing to wait for: ${name}`,
      ['check', '--attach', name],
      "--attach <thing>' argument",
    ]),
    ['a name of a node that is none', ['certs', '--node', 'a b'], '--node'],
    ...[
      ['demo', '--out', '--json'],
      ['certs', '--thing', '--quiet'],
      ['check', '--scenario', '--list'],
      ['serve', '--data-dir', '--memory'],
    ].map((words): [string, string[], string] => [
      `a value that is missing before the next flag: ${words.join(' ')}`,
      words,
      `argument '${words[2]}' is invalid. It is a flag`,
    ]),
    ...['--agent', '--hardware', '--scenario', '--seed', '--attach', '--document'].map(
      (flag): [string, string[], string] => [
        `a word for ${flag} that steers a terminal`,
        ['check', flag, '\u001b[31mred\u0007\nand more\u202e', ...(flag === '--document' ? ['--', 'true'] : [])],
        '?[31mred?',
      ],
    ),
    [
      'a word that would hide what is said of it',
      ['demo', '--agent', 'x'.repeat(5000)],
      '… (5001 characters) there is no',
    ],
    ['two runs to show', ['show', 'a', 'b'], 'show'],
    ['a third place to copy', ['store', 'copy', 'a', 'b', 'c'], 'copy'],
    ['a run that is not there', ['merge', 'nowhere'], 'nowhere'],
  ])('%s: one line that names it, exit 2, nothing else', async (_, args, named) => {
    const { code, stdout, stderr } = await runHere(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^jobrig: [^\n]+\n$/);
    expect(stderr).toContain(named);
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    expect(stderr.trimEnd()).not.toMatch(/[\0-\x1f\x7f\u202e]/);
  });

  it('a folder that cannot be made: named before anything starts', async () => {
    const folder = testFolder();
    writeFileSync(join(folder, 'file'), '');
    const { code, stderr } = await runIn(folder, 'demo', '--out', 'file/report');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^jobrig: --out file\/report [^\n]+\n$/);
  });

  it('a port that is taken: named, and nothing is left running', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((ready) => other.once('listening', ready));
    const { port } = other.address() as AddressInfo;
    const words = `serve --memory --mqtt-port ${port} --mqtts-port off --ws-port off --wss-port off --http-port 0 --https-port off`;
    const { code, stdout, stderr } = await run(...words.split(' '));
    other.close();
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^jobrig: [^\n]+\n$/);
    expect(stderr).toContain(`Port ${port} on 127.0.0.1 is taken by another process. Choose`);
  });

  it.each(['mqtt', 'mqtts', 'ws', 'wss', 'http', 'https'])(
    'a port for %s that is taken: the flag is named, and nothing is left behind',
    async (door) => {
      const other = createServer().listen(0, '127.0.0.1');
      await new Promise((ready) => other.once('listening', ready));
      const { port } = other.address() as AddressInfo;
      const ports = ['mqtt', 'mqtts', 'ws', 'wss', 'http', 'https'].flatMap((name) => [
        `--${name}-port`,
        name === door ? String(port) : '0',
      ]);
      const folder = testFolder();
      const { code, stderr } = await runIn(folder, 'serve', '--data-dir', 'a/b', ...ports);
      other.close();
      expect(code).toBe(2);
      expect(stderr).toContain(`--${door}-port`);
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it('access keys that cannot be read: the file and the line are named, and no secret is', async () => {
    const folder = testFolder();
    writeFileSync(join(folder, 'keys'), '# ours\nAKID:fine\nsecret-without-id\n');
    const { code, stderr } = await runIn(folder, 'serve', '--memory', '--access-key-file', 'keys');
    expect(code).toBe(2);
    expect(stderr).toContain('--access-key-file: keys:3 is not ID:SECRET');
    expect(stderr).not.toContain('secret-without-id');
  });

  it('an endpoint where nobody listens: named', async () => {
    const { code, stderr } = await runHere(
      'fleet',
      '--endpoint',
      'mqtt://127.0.0.1:1',
      '--time-scale',
      '100',
      '--quiet',
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/^jobrig: [^\n]*mqtt:\/\/127\.0\.0\.1:1[^\n]*\n$/);
  });
});
