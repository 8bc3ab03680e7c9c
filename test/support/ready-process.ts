/**
 * `jobrig serve`, in whichever role, as a process of its own: waits for its ready line and for its exit, never for time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { scratchFolder } from './scratch-folder.ts';

export interface Ended {
  readonly exitCode: number | null;
  readonly stderr: string;
}

export interface ReadyProcess {
  readonly pid: number;
  /** What it has said on stderr so far. */
  readonly stderr: () => string;
  /** SIGKILL, and the end of it. */
  kill(): Promise<void>;
  /** SIGTERM, and the end of it. */
  stop(): Promise<Ended>;
  /** Its own end. */
  readonly ended: Promise<Ended>;
}

const program = join(import.meta.dirname, '../../dist/cli/main.js');
const running = new Set<ChildProcess>();

/**
 * @param limits of the shell that starts it
 * @returns with its ready line, or how it ended when it ended before
 */
export async function launchReady<Line>(
  words: readonly string[],
  limits = '',
): Promise<(ReadyProcess & { readonly line: Line }) | Ended> {
  const command = [process.execPath, program, 'serve', '--json', ...words];
  // What is killed removes nothing.
  const scratch = scratchFolder();
  const child = spawn('bash', ['-c', `${limits}exec "$@"`, 'bash', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: scratch.path },
  });
  running.add(child);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([exitCode]): Ended => {
    running.delete(child);
    scratch.remove();
    return { exitCode: exitCode as number | null, stderr };
  });
  const ready = once(createInterface(child.stdout), 'line').then(([line]) => line as string);
  const first = await Promise.race([ready, ended]);
  if (typeof first !== 'string') return first;
  return {
    pid: child.pid!,
    line: JSON.parse(first) as Line,
    stderr: () => stderr,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
    ended,
  };
}

/** After a test, whatever became of it. */
export async function killAll(): Promise<void> {
  const gone = [...running].map((child) => once(child, 'close'));
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(gone);
}
