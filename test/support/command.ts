/** The `jobrig` command as a child process, run from its sources in a folder of its own. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach } from 'vitest';

const main = resolve(import.meta.dirname, '../../cli/main.ts');
const tsx = createRequire(import.meta.url).resolve('tsx');

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
  output(matches: (stdout: string) => boolean): Promise<string>;
}

const running: Command[] = [];

afterEach(async () => {
  for (const { child, folder, finished } of running.splice(0)) {
    child.kill('SIGKILL');
    await finished;
    rmSync(folder, { recursive: true, force: true });
  }
});

export function start(...args: readonly string[]): Command {
  return startIn(mkdtempSync(join(tmpdir(), 'jobrig-')), ...args);
}

/** In a folder that another command has used, or will. */
export function startIn(folder: string, ...args: readonly string[]): Command {
  const child = spawn(process.execPath, ['--import', tsx, main, ...args], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1' },
  });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const watch of watchers) watch();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const finished = new Promise<Finished>((done) => child.on('close', (code) => done({ code, stdout, stderr })));
  const command: Command = {
    child,
    folder,
    finished,
    output: (matches) =>
      new Promise((found, failed) => {
        const watch = () => matches(stdout) && found(stdout);
        watchers.add(watch);
        watch();
        void finished.then(({ code }) => failed(new Error(`ended with ${code}: ${stdout}${stderr}`)));
      }),
  };
  running.push(command);
  return command;
}

export function run(...args: readonly string[]): Promise<Finished> {
  return start(...args).finished;
}
