/** A directory that goes away with whoever opened it, and with the process at the latest, however that ends. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endsWithTheRig } from './guard.ts';

export interface Scratch extends AsyncDisposable {
  readonly path: string;
}

const open = new Set<string>();
process.on('exit', () => {
  for (const path of open) rmSync(path, { recursive: true, force: true });
});

export function openScratch(prefix: string): Scratch {
  const path = join(tmpdir(), `${prefix}${randomUUID()}`);
  // Told before there is anything: whoever is killed in between would leave it.
  const isGone = endsWithTheRig('directory', path);
  mkdirSync(path, { mode: 0o700 });
  open.add(path);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
      open.delete(path);
      isGone();
    },
  };
}
