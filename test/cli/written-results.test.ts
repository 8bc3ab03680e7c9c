/** What a verb writes is whole, or as it was before; that it cannot be written is told in one line, behind the result. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runIn } from '../support/command-here.ts';
import { sharedFolder } from '../support/folders.ts';

const main = resolve(import.meta.dirname, '../../dist/cli/main.js');

/** In a process of its own, by a shell. @param most bytes that a file may have, in blocks of 512 */
function jobrigInShell(folder: string, args: string, { most = '', out = '' }) {
  const limit = most === '' ? '' : `ulimit -f ${most}; `;
  const command = `${limit}exec "${process.execPath}" "${main}" ${args}${out}`;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' });
  return { code: status, stdout, lines: stderr.trimEnd().split('\n') };
}

async function jobrig(folder: string, args: string) {
  const { code, stdout, stderr } = await runIn(folder, ...args.split(' '));
  return { code, stdout, lines: stderr.trimEnd().split('\n') };
}

function contents(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(files.map(({ parentPath, name }) => [join(parentPath, name), readText(parentPath, name)]));
}

function readText(folder: string, name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}

const folder = sharedFolder('written');
const verbs = {
  load: 'load --quiet --things 2 --transport in-process --out load',
  check: 'check --quiet --scenario empty-next --out check',
  simulate: 'simulate --quiet --scenario failing-image --agent r55-tries-a-failed-image-again --out simulate',
  merge: 'merge load --out merge',
} as const;
type Verb = keyof typeof verbs;

describe.each(Object.keys(verbs) as readonly Verb[])('jobrig %s', (verb) => {
  it('leaves what was there where the disk is full, and tells its result all the same', async () => {
    const first = await jobrig(folder, verbs[verb]);
    const before = contents(join(folder, verb));
    expect(Object.keys(before)).toContain(join(folder, verb, 'run.json'));
    const again = jobrigInShell(folder, verbs[verb], { most: '2' });
    expect(again.code).toBe(2);
    expect(again.lines).toEqual([expect.stringMatching(/^jobrig: --out: \S+ cannot be written: EFBIG: [^\n]+$/)]);
    expect(again.stdout.split('\n').length).toBeGreaterThan(first.stdout.split('\n').length - 4);
    expect(contents(join(folder, verb))).toEqual(before);
  });

  it.each(['run.json', 'index.html'])('names %s where a folder has its name', async (name) => {
    const out = `in-the-way-${verb}-${name}`;
    mkdirSync(join(folder, out, name), { recursive: true });
    const { code, lines } = await jobrig(folder, verbs[verb].replace(/\S+$/, out));
    expect(code).toBe(2);
    expect(lines).toEqual([expect.stringContaining(`jobrig: --out: ${join(out, name)} cannot be written: EISDIR`)]);
    expect(readdirSync(join(folder, out)).filter((each) => each.startsWith('.'))).toEqual([]);
  });
});

describe('a file of a result', () => {
  it('that is a link stays one, and what it leads to is written', async () => {
    writeFileSync(join(folder, 'target.xml'), 'old');
    symlinkSync('target.xml', join(folder, 'link.xml'));
    symlinkSync('not-there.xml', join(folder, 'dangling.xml'));
    for (const link of ['link', 'dangling'])
      await jobrig(folder, `check --quiet --scenario empty-next --junit ${link}.xml`);
    const [target, other] = ['target.xml', 'not-there.xml'].map((name) => readText(folder, name));
    expect(target).toMatch(/^<\?xml/);
    expect(other).toMatch(/^<\?xml/);
  });

  it('that is a device is written to, and not replaced', async () => {
    const { code, lines } = await jobrig(folder, 'check --quiet --scenario empty-next --junit /dev/full');
    expect(code).toBe(2);
    expect(lines).toEqual([expect.stringMatching(/^jobrig: --junit: \/dev\/full cannot be written: ENOSPC/)]);
    const piped = jobrigInShell(folder, 'check --quiet --scenario empty-next --junit /dev/stdout', { out: ' | cat' });
    expect(piped.stdout).toContain('<testsuite');
  });

  it('is the shell’s where that leads stdout there, and is told of in one line', () => {
    const { code, lines } = jobrigInShell(folder, 'merge load --json --out other', { out: ' > /dev/full' });
    expect(code).toBe(2);
    expect(lines).toEqual([expect.stringMatching(/^jobrig: the result cannot be written to stdout: ENOSPC/)]);
  });
});

describe('keys of a data directory', () => {
  it('are all there, or none', () => {
    const { code, lines } = jobrigInShell(folder, 'certs --thing a --data-dir keys', { most: '0' });
    expect(code).toBe(2);
    expect(lines).toEqual([expect.stringMatching(/^jobrig: keys\/ca\.key cannot be written: EFBIG/)]);
    expect(existsSync(join(folder, 'keys', 'ca.key'))).toBe(false);
  });
});
