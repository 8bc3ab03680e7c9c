/** The `jobrig` command as a child process, as it was built, in a folder of its own. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { endAfterTest } from './after-test.ts';

const main = resolve(import.meta.dirname, '../../dist/cli/main.js');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Command {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly finished: Promise<Finished>;
  /** Resolves with everything on stdout once `matches` holds for it; rejects when the command ends before. */
  output(matches: (text: string) => boolean): Promise<string>;
  /** The same for stderr. */
  progress(matches: (text: string) => boolean): Promise<string>;
}

export function start(...args: readonly string[]): Command {
  return startIn(mkdtempSync(join(tmpdir(), 'jobrig-')), ...args);
}

/** In a folder that another command has used, or will. */
export function startIn(folder: string, ...args: readonly string[]): Command {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder });
  const stdout = collected(child.stdout);
  const stderr = collected(child.stderr);
  const finished = new Promise<Finished>((done) => {
    child.on('close', (code) => done({ code, stdout: stdout.text(), stderr: stderr.text() }));
  });
  const seen = (stream: Collected, matches: (text: string) => boolean) =>
    new Promise<string>((found, failed) => {
      stream.watch((text) => matches(text) && found(text));
      void finished.then((end) => failed(new Error(`ended too early: ${JSON.stringify(end)}`)));
    });
  const command: Command = {
    child,
    folder,
    finished,
    output: (matches) => seen(stdout, matches),
    progress: (matches) => seen(stderr, matches),
  };
  endAfterTest(async () => {
    child.kill('SIGKILL');
    await finished;
    rmSync(folder, { recursive: true, force: true });
  });
  return command;
}

interface Collected {
  text(): string;
  /** Told everything so far, now and whenever there is more. */
  watch(watcher: (text: string) => void): void;
}

function collected(stream: Readable): Collected {
  let text = '';
  const watchers: ((text: string) => void)[] = [];
  stream.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    for (const watcher of watchers) watcher(text);
  });
  return {
    text: () => text,
    watch(watcher) {
      watchers.push(watcher);
      watcher(text);
    },
  };
}

export function run(...args: readonly string[]): Promise<Finished> {
  return start(...args).finished;
}
