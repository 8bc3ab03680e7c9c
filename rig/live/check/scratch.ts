/** A directory that goes away with whoever opened it, and with the process at the latest, however that ends. */
import { mkdtempSync, rmSync } from 'node:fs';
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
  // In one step with what follows: whoever is killed in between would leave it.
  const path = mkdtempSync(join(tmpdir(), prefix));
  open.add(path);
  const isGone = endsWithTheRig('directory', path);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
      open.delete(path);
      isGone();
    },
  };
}
