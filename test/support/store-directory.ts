/** A directory for a store, and what a killed process would leave of it: a copy made while the store is open. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface StoreDirectory {
  readonly path: string;
  readonly database: string;
  readonly log: string;
  readonly mark: string;
  /** Nothing may be writing: commits are synchronous, so between two of them. */
  killed(): StoreDirectory;
  remove(): void;
}

export function makeStoreDirectory(): StoreDirectory {
  return directoryAt(mkdtempSync(join(tmpdir(), 'jobrig-store-')));
}

function directoryAt(path: string): StoreDirectory {
  const database = join(path, 'jobrig.db');
  return {
    path,
    database,
    log: `${database}-wal`,
    mark: join(path, 'jobrig.mark'),
    killed() {
      const copy = makeStoreDirectory();
      cpSync(path, copy.path, { recursive: true });
      return copy;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
