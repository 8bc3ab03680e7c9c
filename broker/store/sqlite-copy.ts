/**
 * A data directory as source and as target of a copy. SQLite's own lock keeps every service out meanwhile. As a target it is one
 * transaction: a process that is killed leaves a database without rows, which the next copy, or a service, takes for empty.
 */
import { existsSync } from 'node:fs';
import type { ServiceIdentity } from '../engine/contract.ts';
import { openMark } from './commit-mark.ts';
import { type CopySource, type CopyTarget, inBatches } from './copied.ts';
import {
  type Database,
  type DatabaseFiles,
  type Head,
  type OpenDatabase,
  attempt,
  closeDatabase,
  headWriter,
  inspectDatabase,
  openDatabase,
  storeError,
} from './database-file.ts';
import { type Place, checkEnd, filesIn, putting, sqliteSchema, textsIn } from './sqlite-database.ts';
import { tableNames } from './store.ts';

/** @throws {OperationalError} when there is nothing to copy, or it is in use, damaged or foreign */
export function openSqliteSource(directory: string): CopySource {
  const files = filesIn(directory);
  const missing = (complaint: string) =>
    storeError('STORE_MISSING', files.database, complaint, { hint: 'Give the --data-dir of jobrig serve.' });
  // A log without its database is told of by inspectDatabase.
  if (![files.database, files.log, files.mark].some((file) => existsSync(file))) throw missing('is not there');
  const head = inspectDatabase(files, sqliteSchema);
  checkEnd(head, files);
  if (head === undefined) throw missing('has nothing of a service yet');
  const source = opened(files, head);
  return {
    name: files.database,
    head,
    rows: countRows(source.database, files),
    async *batches() {
      for (const table of tableNames) {
        let after: Place | undefined;
        for (;;) {
          const [batch] = inBatches(textsIn(source, files, table, undefined, after));
          if (batch === undefined) break;
          after = batch.at(-1)!.place;
          yield batch;
        }
      }
    },
    close: () => Promise.resolve(source.close()),
  };
}

/** @throws {OperationalError} when it is not empty, in use, damaged or of another account */
export function openSqliteTarget(directory: string, identity: ServiceIdentity): CopyTarget {
  const files = filesIn(directory);
  const head = inspectDatabase(files, sqliteSchema);
  checkEnd(head, files);
  const { database, close } = opened(files, head);
  try {
    const rows = countRows(database, files);
    if (rows > 0) {
      const hint = 'Give a directory without a database, or move this file away.';
      throw storeError('STORE_NOT_EMPTY', files.database, `has ${rows} rows already`, { hint });
    }
    if (head !== undefined && (head.region !== identity.region || head.account !== identity.account)) {
      const complaint = `is of ${head.region} and account ${head.account}, what is to be copied is of ${identity.region} and ${identity.account}`;
      throw storeError('STORE_OF_OTHER_ACCOUNT', files.database, complaint, { hint: 'Give another directory.' });
    }
    attempt(files, () => database.exec('PRAGMA synchronous = FULL; BEGIN IMMEDIATE'));
    const puts = new Map(tableNames.map((table) => [table, database.prepare(putting(table, 1))]));
    return {
      name: files.database,
      put(batch) {
        return written(files, () => {
          for (const { table, key, text, checksum } of batch) puts.get(table)!.run(key, text, checksum);
        });
      },
      keep({ region, account, commits, at = 0 }) {
        return written(files, () => {
          headWriter(database)({ region, account, commits, at });
          database.exec('COMMIT');
        });
      },
      close() {
        if (database.isTransaction) database.exec('ROLLBACK');
        return Promise.resolve(close());
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}

function opened(files: DatabaseFiles, head: Head | undefined): OpenDatabase & { readonly close: () => void } {
  const open = openDatabase(files, sqliteSchema);
  // Whoever is kept out is told by which process.
  const mark = attempt(files, () => openMark(files.mark, head?.commits ?? 0));
  return {
    ...open,
    close() {
      closeDatabase(open.database, files);
      mark.remove();
    },
  };
}

function countRows(database: Database, files: DatabaseFiles): number {
  return attempt(files, () => {
    const sum = tableNames.map((table) => `(SELECT count(*) FROM ${table})`).join(' + ');
    const { rows } = database.prepare(`SELECT ${sum} AS rows`).get() as { readonly rows: number };
    return rows;
  });
}

async function written(files: DatabaseFiles, write: () => void): Promise<void> {
  // Lets Ctrl-C and the other side in, between two batches.
  await new Promise((resolve) => setImmediate(resolve));
  try {
    write();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const hint = 'Nothing of the copy is kept. Make room, or give another directory.';
    throw storeError('STORE_NOT_WRITTEN', files.database, `cannot be written: ${reason}`, { hint, cause });
  }
}
