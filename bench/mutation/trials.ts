/**
 * A worker process that tries mutants out, begun anew after one that hangs: an endless loop cannot be interrupted from inside,
 * so the whole process group is ended and the mutant counts as noticed.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Finding, Trial } from './worker.ts';

export interface Trials {
  /** @returns what noticed it; `undefined`: nothing did. */
  run(phases: Trial['phases'], mutant: Trial['mutant'], limitMs: number): Promise<string | undefined>;
  close(): void;
}

export function openTrials(): Trials {
  let child: ChildProcess | undefined;
  let count = 0;

  async function ready(): Promise<ChildProcess> {
    if (child?.connected) return child;
    const started = fork(join(import.meta.dirname, 'worker.js'), {
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child = started;
    await new Promise<void>((resolve, reject) => {
      started.once('message', () => resolve());
      started.once('exit', (code) => reject(new Error(`the worker ended with ${String(code)}`)));
    });
    return started;
  }

  function end(): void {
    if (child?.pid !== undefined) {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    }
    child = undefined;
  }

  return {
    async run(phases, mutant, limitMs) {
      const worker = await ready();
      const id = (count += 1);
      return new Promise((resolve) => {
        const finish = (killedBy: string | undefined): void => {
          clearTimeout(timer);
          worker.off('message', hear);
          worker.off('exit', lost);
          resolve(killedBy);
        };
        const hear = (finding: Finding): void => {
          if (finding.id === id) finish(finding.killedBy);
        };
        const lost = (): void => {
          end();
          finish('the tests’ process ended');
        };
        const timer = setTimeout(() => {
          worker.off('exit', lost);
          end();
          finish(`a test hung for ${Math.round(limitMs / 1000)} s`);
        }, limitMs);
        worker.on('message', hear);
        worker.once('exit', lost);
        worker.send({
          id,
          phases,
          ...(mutant && { mutant: { file: mutant.file, text: mutant.text } }),
        } satisfies Trial);
      });
    },
    close: end,
  };
}
