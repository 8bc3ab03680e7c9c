/**
 * Before and after all tests: a folder in which whichever test needs PostgreSQL first starts it, once for all files, and its end.
 * Nothing is started here, so that who runs other tests does not wait for it.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { testFolder } from './folders.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly postgresHome: string;
  }
}

export function setup(project: TestProject): () => void {
  const home = testFolder();
  project.provide('postgresHome', home);
  return () => {
    const pid = runningIn(home);
    // Its files go next: it need not end in good order.
    if (pid !== undefined) process.kill(pid, 'SIGQUIT');
    rmSync(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  };
}

function runningIn(home: string): number | undefined {
  try {
    return Number(readFileSync(join(home, 'shared/data/postmaster.pid'), 'utf8').split('\n', 1)[0]);
  } catch {
    return undefined;
  }
}
