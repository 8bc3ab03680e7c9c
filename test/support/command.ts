/** The `jobrig` command as a child process, as it was built, in a folder of its own. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { endAfterTest } from './after-test.ts';
import { scratchFolder } from './scratch-folder.ts';

const main = resolve(import.meta.dirname, '../../dist/cli/main.js');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Started {
  readonly folder: string;
  readonly finished: Promise<Finished>;
  /** Resolves with everything on stdout once `matches` holds for it; rejects when the command ends before. */
  output(matches: (text: string) => boolean): Promise<string>;
  /** The same for stderr. */
  progress(matches: (text: string) => boolean): Promise<string>;
}

export interface Command extends Started {
  readonly child: ChildProcess;
}

export function start(...args: readonly string[]): Command {
  return startIn(mkdtempSync(join(tmpdir(), 'jobrig-')), ...args);
}

/** In a folder that another command has used, or will. */
export function startIn(folder: string, ...args: readonly string[]): Command {
  const scratch = scratchFolder();
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folder,
    env: { ...process.env, TMPDIR: scratch.path },
  });
  const stdout = collected(child.stdout);
  const stderr = collected(child.stderr);
  const finished = new Promise<Finished>((done) => {
    child.on('close', (code) => done({ code, stdout: stdout.text, stderr: stderr.text }));
  });
  endAfterTest(async () => {
    child.kill('SIGKILL');
    await finished;
    rmSync(folder, { recursive: true, force: true });
    scratch.remove();
  });
  return { child, folder, finished, ...watched({ stdout, stderr }, finished) };
}

/** Text that comes piece by piece. */
export class Collected {
  readonly #watchers: ((text: string) => void)[] = [];
  text = '';

  add(more: string): void {
    this.text += more;
    for (const watch of this.#watchers) watch(this.text);
  }

  /** Told everything so far, now and whenever there is more. */
  watch(watcher: (text: string) => void): void {
    this.#watchers.push(watcher);
    watcher(this.text);
  }
}

function collected(stream: Readable): Collected {
  const text = new Collected();
  stream.setEncoding('utf8').on('data', (more: string) => text.add(more));
  return text;
}

export function watched(
  said: { readonly stdout: Collected; readonly stderr: Collected },
  finished: Promise<Finished>,
): Pick<Started, 'output' | 'progress'> {
  const seen = (text: Collected, matches: (text: string) => boolean) =>
    new Promise<string>((found, failed) => {
      text.watch((all) => matches(all) && found(all));
      void finished.then((end) => failed(new Error(`ended too early: ${JSON.stringify(end)}`)));
    });
  return {
    output: (matches) => seen(said.stdout, matches),
    progress: (matches) => seen(said.stderr, matches),
  };
}

export function run(...args: readonly string[]): Promise<Finished> {
  return start(...args).finished;
}
