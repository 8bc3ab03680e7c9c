/**
 * The `jobrig` command in this process, for what a process of its own shows no better: usage, help, wrong values, what is played in
 * virtual time. Nothing that it has opened listens when it comes back.
 */
import { vi } from 'vitest';
import { runCommandLine } from '../../cli/program.ts';
import type { Finished } from './command.ts';

export async function runHere(...words: readonly string[]): Promise<Finished> {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    }),
  );
  const before = listeners();
  try {
    const code = await runCommandLine(words);
    // What was closed is gone a turn later.
    await vi.waitUntil(() => listeners() <= before, { timeout: 60_000, interval: 1 });
    return { code, ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** In this folder. */
export async function runIn(folder: string, ...words: readonly string[]): Promise<Finished> {
  const usual = process.cwd();
  process.chdir(folder);
  try {
    return await runHere(...words);
  } finally {
    process.chdir(usual);
  }
}

function listeners(): number {
  return process.getActiveResourcesInfo().filter((what) => what === 'TCPServerWrap').length;
}
