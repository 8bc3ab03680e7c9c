/** `jobrig check` that is killed itself, without a word: nothing that it has started or made outlives it. */
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { start } from '../support/command.ts';
import { sharedFolder } from '../support/folders.ts';

const directory = sharedFolder('test');

const oddAgent = ['--', process.execPath, resolve('test/support/odd-agent.mjs')];
const cases = [
  ['a program that does not mind signals, and its child', "trap ''", 1, [...oddAgent, 'is-stubborn']],
  ['a daemon', 'odd-agent', 1, [...oddAgent, 'is-a-daemon']],
  ['a command of the user’s', 'sleep 55', 1, ['--reset', 'sleep 55; true', ...oddAgent, 'right']],
] as const;

/** Command lines of what runs with this scratch directory, but for the rig itself and what is about to become something else. */
function running(scratch: string, rig: number | undefined): readonly string[] {
  const own = partOf(String(rig), 'cmdline');
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === rig || !partOf(pid, 'environ').includes(`TMPDIR=${scratch}`)) return [];
    const line = partOf(pid, 'cmdline');
    return line === own ? [] : [line.replaceAll('\0', ' ')];
  });
}

function partOf(pid: string, part: 'environ' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${part}`, 'utf8');
  } catch {
    return '';
  }
}

/** Killed when everything of it runs. @returns what was there before, and how to look what is there now */
async function killed([name, looksFor, count, words]: (typeof cases)[number]) {
  // No path may trip over blanks.
  const scratch = join(directory, name);
  mkdirSync(scratch);
  vi.stubEnv('TMPDIR', scratch);
  const command = start('check', '--quiet', '--out', join(directory, `${name} out`), ...words);
  vi.unstubAllEnvs();
  const processes = (): readonly string[] => running(scratch, command.child.pid);
  await vi.waitUntil(() => processes().filter((line) => line.includes(looksFor)).length >= count, { timeout: 60_000 });
  const files = (): readonly string[] => readdirSync(scratch).filter((file) => /^jobrig-(check|command)-/.test(file));
  const before = files().length;
  command.child.kill('SIGKILL');
  await command.finished;
  return { processes, files, before };
}

describe.skipIf(process.platform !== 'linux')('jobrig check that is killed takes with it', () => {
  let ended: readonly Awaited<ReturnType<typeof killed>>[];
  beforeAll(async () => {
    ended = await Promise.all(cases.map(killed));
  }, 240_000);

  it.each(cases.map(([name], index) => [name, index] as const))('%s, and its files', async (_, index) => {
    const { processes, files, before } = ended[index]!;
    expect(before).toBeGreaterThan(0);
    await expect.poll(processes, { timeout: 100_000 }).toEqual([]);
    await expect.poll(files, { timeout: 100_000 }).toEqual([]);
  });
});
