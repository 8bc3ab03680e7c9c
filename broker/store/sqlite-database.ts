/**
 * What is kept, as one SQLite file that any SQLite tool can open while no service runs: a table for each kind of row, with the
 * row as JSON. Each commit is one transaction in the write-ahead log, forced to disk as the durability says. Rows carry a
 * checksum, since SQLite checks its pages for structure only. Says in no way what rows mean.
 */
import { closeSync, fdatasyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { EpochMs } from '../../protocol/time.ts';
import type { OperationalError } from '../../protocol/operational-error.ts';
import type { ServiceIdentity } from '../engine/contract.ts';
import { openMark, readMark } from './commit-mark.ts';
import {
  attempt,
  closeDatabase,
  headWriter,
  inspectDatabase,
  openDatabase,
  storeError,
  torn,
} from './database-file.ts';
import type { Database, DatabaseFiles, Head, OpenDatabase, Schema } from './database-file.ts';
import { keyOf } from './kept-key.ts';
import { type DamageListener, type TableName, tableNames } from './store.ts';

/**
 * What survives: `fsync` a power cut, with everything that was answered; `write` a killed process with everything, a power
 * cut without the last moments; `off` a killed process, but a power cut may damage the file.
 */
export const durabilities = ['fsync', 'write', 'off'] as const;
export type Durability = (typeof durabilities)[number];

/** With `fsync` the log is forced as with FULL, but by fdatasync, which leaves out what nobody needs. */
const synchronous: Readonly<Record<Durability, string>> = { fsync: 'NORMAL', write: 'NORMAL', off: 'OFF' };

export interface SqliteStoreOptions {
  /** Made when it is missing. */
  readonly directory: string;
  /** Rows are full of ARNs, so a directory belongs to one region and account. */
  readonly identity: ServiceIdentity;
  /** Default `fsync`. */
  readonly durability?: Durability;
}

/** A row as it is kept, its checksum proved. */
export interface KeptText {
  readonly table: TableName;
  readonly key: string;
  /** JSON. */
  readonly text: string;
  /** Without sign. */
  readonly checksum: number;
}

const columns = '(key TEXT PRIMARY KEY, row TEXT NOT NULL, checksum INTEGER NOT NULL)';
export const sqliteSchema: Schema = Object.fromEntries(tableNames.map((table) => [table, columns]));

/** What is written of one table. */
export interface WrittenRows {
  readonly table: TableName;
  /** Keys of rows that are gone, and none that is put. */
  readonly gone: readonly string[];
  /** Of the rows that are put, with {@link keySeparator} between them. */
  readonly keys: string;
  /** JSON of a list: the rows, and the mark between them. */
  readonly rows: string;
}

/** Stands in no key as it is kept. */
export const keySeparator = '\0';

/** Where a row lies: its key or its number, by the order of the file. */
export type Place = string | number;

/** Open in one process, and for one thread of it. */
export interface SqliteDatabase extends OpenDatabase {
  readonly files: DatabaseFiles;
  /** Service time of the last commit. */
  readonly lastCommitAt: EpochMs | undefined;
  /** What the next `write` is to write before its own: a part of a large commit. */
  gather(changes: readonly WrittenRows[]): void;
  /** Kept when it returns, as the durability says; when it throws, nothing is, or it is not known. */
  write(changes: readonly WrittenRows[], at: EpochMs): void;
  close(): void;
}

/**
 * @param mark what stands between rows that are written
 * @throws OperationalError naming the file when it is in use, torn, foreign or cannot be written.
 */
export function openSqliteDatabase(
  { directory, identity, durability = 'fsync' }: SqliteStoreOptions,
  mark: string,
): SqliteDatabase {
  const files = filesIn(directory);
  const head = inspectDatabase(files, sqliteSchema);
  checkHead(head, files, identity);
  const opened = openDatabase(files, sqliteSchema);
  const { database } = opened;
  // 16 MB of log between checkpoints: pages that change again and again are then written back once.
  database.exec(`PRAGMA synchronous = ${synchronous[durability]}; PRAGMA wal_autocheckpoint = 4000`);
  const write = writerOf(database, identity, `,${JSON.stringify(mark)},`);
  let commits = head?.commits ?? 0;
  const commitMark = attempt(files, () => openMark(files.mark, commits));
  /** SQLite makes the file with the first commit, and uses one for as long as it is open. */
  let log: number | undefined;
  const gathered: WrittenRows[] = [];
  return {
    files,
    lastCommitAt: head?.at,
    ...opened,
    gather(changes) {
      gathered.push(...changes);
    },
    write(changes, at) {
      try {
        write([...gathered.splice(0), ...changes], commits + 1, at);
        commits += 1;
        if (durability === 'fsync') fdatasyncSync((log ??= openSync(files.log, 'r')));
        commitMark.set(commits);
      } catch (cause) {
        throw notWritten(files, cause);
      }
    },
    close() {
      closeDatabase(database, files);
      if (log !== undefined) closeSync(log);
      commitMark.remove();
    },
  };
}

export function notWritten({ database }: DatabaseFiles, cause: unknown): OperationalError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const hint = 'Nothing was accepted that is not kept. Make room or give another directory, and start again.';
  return storeError('STORE_NOT_WRITTEN', database, `cannot be written: ${reason}`, { hint, cause });
}

const databaseName = 'jobrig.db';
const markName = 'jobrig.mark';

/** Names of all files that a store may have in its directory. */
export const storeFiles: readonly string[] = [
  ...['', '-wal', '-shm', '-journal', '.new'].map((end) => databaseName + end),
  markName,
];

export function filesIn(directory: string): DatabaseFiles {
  const database = join(directory, databaseName);
  return { database, log: `${database}-wal`, mark: join(directory, markName) };
}

/** Nothing is missing at its end, and it is this service's own. */
function checkHead(head: Head | undefined, files: DatabaseFiles, identity: ServiceIdentity): void {
  checkEnd(head, files);
  if (head === undefined || (head.region === identity.region && head.account === identity.account)) return;
  const hint = 'Start with that region and account, or give another directory.';
  const whose = `was made for ${head.region} and account ${head.account}`;
  throw storeError('STORE_OF_OTHER_ACCOUNT', files.database, whose, { hint });
}

/** No commit is missing that the mark counts. */
export function checkEnd(head: Head | undefined, files: DatabaseFiles): void {
  const { database, log, mark: file } = files;
  const mark = attempt(files, () => readMark(file));
  if (mark !== undefined && !(mark.commits <= (head?.commits ?? 0))) {
    const missing = Number.isNaN(mark.commits) ? 'an unknown number of' : mark.commits - (head?.commits ?? 0);
    const hint = `Something has cut ${log}. To go on without what is lost, remove ${file}.`;
    throw storeError('STORE_TORN', database, `lacks the last ${missing} commits that ${file} counts`, { hint });
  }
}

interface KeptRow {
  readonly place: Place;
  readonly key: string;
  readonly row: string;
  readonly checksum: number;
}

/**
 * One row in memory at a time, as they lie. All of it within one turn: the package frees a query that nobody but its rows refers to.
 * @param after only those behind it
 */
export function* textsIn(
  { database, order }: OpenDatabase,
  files: DatabaseFiles,
  table: TableName,
  damaged?: DamageListener,
  after?: Place,
): Generator<KeptText & { readonly place: Place }> {
  const behind = after === undefined ? '' : `WHERE ${order} > ?`;
  const select = `SELECT ${order} AS place, key, row, checksum FROM ${table} ${behind} ORDER BY ${order}`;
  const values = after === undefined ? [] : [after];
  const cursor = attempt(files, () => database.prepare(select).iterate(...values)) as Iterator<KeptRow>;
  try {
    for (;;) {
      const next = attempt(files, () => cursor.next());
      if (next.done === true) return;
      const { place, key, row, checksum } = next.value;
      if (checksumOf(key, row) === checksum) {
        yield { table, key, text: row, checksum, place };
      } else {
        if (damaged === undefined) throw torn(files.database, `has a damaged row: ${table} ${key}`);
        damaged(table, keyOf(key));
      }
    }
  } finally {
    cursor.return?.();
  }
}

function checksumOf(key: string, row: string): number {
  return crc32(row, crc32(key));
}

type Write = (changes: readonly WrittenRows[], commits: number, at: EpochMs) => void;

/** As many rows as one statement puts, the most that are left first: many take half of what each takes alone. */
const rowsAtOnce = [32, 8, 1] as const;

function writerOf(database: Database, { region, account }: ServiceIdentity, separator: string): Write {
  const statements = new Map(
    tableNames.map((table) => [
      table,
      {
        puts: rowsAtOnce.map((count) => database.prepare(putting(table, count))),
        drop: database.prepare(`DELETE FROM ${table} WHERE key = ?`),
      },
    ]),
  );
  const writeHead = headWriter(database);
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');

  function writeRows({ table, gone, keys, rows }: WrittenRows): void {
    const { puts, drop } = statements.get(table)!;
    for (const key of gone) drop.run(key);
    if (rows === '[]') return;
    const names = keys.split(keySeparator);
    const texts = rows.slice(1, -1).split(separator);
    let next = 0;
    for (const [index, count] of rowsAtOnce.entries()) {
      for (; next + count <= texts.length; next += count) {
        const values: (string | number)[] = [];
        for (let at = next; at < next + count; at += 1) {
          values.push(names[at]!, texts[at]!, checksumOf(names[at]!, texts[at]!));
        }
        puts[index]!.run(...values);
      }
    }
  }

  return (changes, commits, at) => {
    begin.run();
    try {
      for (const written of changes) writeRows(written);
      writeHead({ region, account, commits, at });
      commit.run();
    } catch (error) {
      // Some failures, a full disk among them, have rolled back already.
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  };
}

/** Half the work of INSERT OR REPLACE, which deletes first. */
export function putting(table: TableName, rows: number): string {
  const values = Array.from({ length: rows }, () => '(?, ?, ?)');
  return `INSERT INTO ${table} (key, row, checksum) VALUES ${values.join(', ')}
          ON CONFLICT DO UPDATE SET row = excluded.row, checksum = excluded.checksum`;
}
