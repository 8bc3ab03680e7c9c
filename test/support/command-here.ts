/** The `jobrig` command in this process, for what ends before anything starts: usage, help, wrong values. */
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
  try {
    const code = await runCommandLine(words);
    return { code, ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
