/** `--watch`: runs the check again whenever a file of the command under check, or one that it is given, changes. */
import { addAbortListener } from 'node:events';
import { existsSync, watch } from 'node:fs';
import { interruptedBy } from './interruption.ts';

/** Editors and linkers write in several steps. */
const quietMs = 300;

/**
 * @param words those that are files are watched
 * @returns the exit code of how it was ended
 */
export async function watchProgram(
  words: readonly string[],
  signal: AbortSignal,
  run: () => Promise<number>,
): Promise<number> {
  const files = words.filter((word) => existsSync(word));
  let exitCode = await run();
  while (!signal.aborted) {
    process.stderr.write(`watching ${files.join(', ') || 'nothing: no word of the command is a file'} (Ctrl-C ends)\n`);
    await changed(files, signal);
    if (!signal.aborted) exitCode = await run();
  }
  return interruptedBy(signal) ?? exitCode;
}

function changed(files: readonly string[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const end = (): void => {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
      listener[Symbol.dispose]();
      resolve();
    };
    const watchers = files.map((file) =>
      watch(file, () => {
        clearTimeout(timer);
        timer = setTimeout(end, quietMs);
      }),
    );
    const listener = addAbortListener(signal, end);
  });
}
