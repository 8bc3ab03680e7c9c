/** `--hardware`: a profile of the user's own, and what is said about one that is wrong. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hardwareNames } from '../../agent/hardware-profiles.ts';
import { readHardware } from '../../cli/hardware.ts';
import { runHere } from '../support/command-here.ts';
import { sharedFolder } from '../support/folders.ts';

const folder = sharedFolder('hardware');

const good = readFileSync('fixtures/hardware/esp32-s3.json', 'utf8');

function fileWith(text: string | Uint8Array, name = 'board.json'): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** Line and column at which a text stands in the good profile, from 1. */
function placeOf(text: string): string {
  const before = good.slice(0, good.indexOf(text)).split('\n');
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

describe('a profile of one’s own', () => {
  it('is read from JSON and from YAML', () => {
    expect(readHardware(fileWith(good))).toEqual(readHardware('esp32-s3'));
    const yaml = `# ours\n${good.replace('"esp32-s3"', 'my-board')}`;
    expect(readHardware(fileWith(yaml, 'board.yaml'))[0]?.name).toBe('my-board');
  });

  it.each(['fleet', 'demo', 'simulate'])('is taken by %s', async (verb) => {
    const { stdout } = await runHere(verb, '--help');
    expect(stdout).toContain('--hardware <name|file>');
  });

  it('is simulated, and the command that replays a run names it', async () => {
    const { code, stdout } = await runHere(
      'simulate',
      '--seeds',
      '3',
      '--hardware',
      fileWith(good),
      '--json',
      '--quiet',
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ runs: 3, violations: [] });
  });
});

describe('a profile that is wrong', () => {
  /** What to put in place of what, and the line of complaint behind the file's name. */
  const spoilt: readonly [string, string, string, string, string][] = [
    ['is named by its first character', '"name": "esp32-s3",', '"name": "ESP 32",', '"name"', '`name`: must be'],
    ['a negative time', '"value": 45', '"value": -45', '"value": 45', '`flash.eraseSectorMs.value`: must be'],
    [
      'an impossible pair',
      '"value": 400,',
      '"value": 4,',
      '"eraseSectorMaxMs"',
      '`flash.eraseSectorMaxMs`: must not be below',
    ],
    ['an unknown figure', '"tlsBytes"', '"tlsBites"', '"tlsBytes"', '`ram.tlsBites`: did you mean `tlsBytes`?'],
    ['a word for a number', '"value": 45', '"value": "fast"', '"value": 45', '`flash.eraseSectorMs.value`: must be'],
    ['broken syntax', '"name": "esp32-s3",', '"name": "esp32-s3" : ', '"name"', ''],
  ];

  it.each(spoilt)('%s', async (_, from, to, placedAt, message) => {
    expect(good).toContain(from);
    const file = fileWith(good.replace(from, to));
    const { code, stdout, stderr } = await runHere('simulate', '--hardware', file, '--quiet');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^jobrig: [^\n]+\n$/);
    const [line] = placeOf(placedAt).split(':');
    expect(stderr).toContain(message === '' ? `${file}:${line}:` : `${file}:${placeOf(placedAt)}: ${message}`);
  });

  it('a missing member is named where the group around it begins', async () => {
    const { boot: _gone, ...rest } = JSON.parse(good) as Record<string, unknown>;
    const file = fileWith(JSON.stringify(rest, undefined, 2));
    const { stderr } = await runHere('fleet', '--hardware', file);
    expect(stderr).toContain(`${file}:1:1: \`boot\`: is missing`);
  });

  it.each([
    ['a folder', () => folder, 'cannot be read'],
    ['nothing at all', () => fileWith(''), ':1:1: there is nothing in it'],
    ['a list', () => fileWith('[]'), ':1:1: must be an object'],
    ['bytes that are no text', () => fileWith(new Uint8Array([0xff, 0xfe, 0x00])), 'cannot be read'],
    ['a very large one', () => fileWith(' '.repeat(1_048_577)), 'cannot be read: more than'],
    ['one that is not there', () => join(folder, 'nowhere.json'), 'cannot be read'],
    ['a name that nobody knows', () => 'abacus', `Known are ${hardwareNames().join(', ')}, mix`],
  ])('%s: one line, exit 2', async (_, file, message) => {
    for (const verb of ['fleet', 'demo', 'simulate']) {
      const { code, stdout, stderr } = await runHere(verb, '--hardware', file());
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^jobrig: [^\n]+\n$/);
      expect(stderr).toContain(message);
    }
  });
});
