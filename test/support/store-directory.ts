/** A directory for a store, and what a killed process would leave of it: a copy made while the store is open. */
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endAfterTest } from './after-test.ts';

export interface StoreDirectory {
  readonly path: string;
  readonly database: string;
  readonly log: string;
  readonly mark: string;
  /** At any moment, also while a commit is being written. */
  killed(): StoreDirectory;
  remove(): void;
}

export function makeStoreDirectory(): StoreDirectory {
  return directoryAt(() => {});
}

/** It, and what is copied of it, goes with the test that makes it. */
export function testStoreDirectory(): StoreDirectory {
  return directoryAt(endAfterTest);
}

function directoryAt(end: (remove: () => void) => void): StoreDirectory {
  const path = mkdtempSync(join(tmpdir(), 'jobrig-store-'));
  const database = join(path, 'jobrig.db');
  const remove = (): void => rmSync(path, { recursive: true, force: true });
  end(remove);
  const copied: StoreDirectory = {
    path,
    database,
    log: `${database}-wal`,
    mark: join(path, 'jobrig.mark'),
    killed() {
      const copy = directoryAt(end);
      // First, as it counts what the others must have: a kill leaves none that is ahead of them either.
      if (existsSync(copied.mark)) cpSync(copied.mark, copy.mark);
      cpSync(path, copy.path, { recursive: true, filter: (file) => file !== copied.mark });
      return copy;
    },
    remove,
  };
  return copied;
}
