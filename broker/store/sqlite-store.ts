/**
 * The store as one SQLite file that any SQLite tool can open while no service runs: a table for each kind of row, with the
 * row as JSON. Each commit is one transaction in the write-ahead log, forced to disk as the durability says. Rows carry a
 * checksum, since SQLite checks its pages for structure only. Says in no way what rows mean.
 */
import { closeSync, fdatasync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
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
import type { Database, DatabaseFiles, Head, Schema } from './database-file.ts';
import { keptKey, keyOf } from './kept-key.ts';
import { type DamageListener, type RowChange, type Store, type TableName, lastOfEach, tableNames } from './store.ts';

/**
 * What survives: `fsync` a power cut, with everything that was answered; `write` a killed process with everything, a power
 * cut without the last moments; `off` a killed process, but a power cut may damage the file.
 */
export const durabilities = ['fsync', 'write', 'off'] as const;
export type Durability = (typeof durabilities)[number];

/**
 * With `fsync` SQLite writes the log and this store forces it to disk, outside of SQLite and while the process goes on serving:
 * the same calls in the same order as with FULL, whose COMMIT would hold up everything else until the disk has done.
 */
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

const columns = '(key TEXT PRIMARY KEY, row TEXT NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID';
export const sqliteSchema: Schema = Object.fromEntries(tableNames.map((table) => [table, columns]));

/** One row in memory at a time, while they are read. */
export interface SqliteStore extends Store {
  rows(isWanted?: (table: TableName) => boolean, damaged?: DamageListener): Iterable<Required<RowChange>>;
  close(): void;
}

/** @throws OperationalError naming the file when it is in use, torn, foreign or cannot be written. */
export function openSqliteStore({ directory, identity, durability = 'fsync' }: SqliteStoreOptions): SqliteStore {
  const files = filesIn(directory);
  const head = inspectDatabase(files, sqliteSchema);
  checkHead(head, files, identity);
  const database = openDatabase(files, sqliteSchema);
  // 16 MB of log between checkpoints: pages that change again and again are then written back once.
  database.exec(`PRAGMA synchronous = ${synchronous[durability]}; PRAGMA wal_autocheckpoint = 4000`);
  const write = writerOf(database, identity);
  let commits = head?.commits ?? 0;
  const mark = openMark(files.mark, commits);
  const log = durability === 'fsync' ? new ForcedLog(files.log) : undefined;
  const notWritten = (cause: unknown): OperationalError => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const hint = 'Nothing was accepted that is not kept. Make room or give another directory, and start again.';
    return storeError('STORE_NOT_WRITTEN', files.database, `cannot be written: ${reason}`, { hint, cause });
  };
  /** @returns whether it is written whole. */
  const writeSome = (writing: Iterator<void>): boolean => {
    const until = performance.now() + sliceMs;
    try {
      do if (writing.next().done === true) return true;
      while (performance.now() < until);
    } catch (cause) {
      throw notWritten(cause);
    }
    return false;
  };
  async function finish(writing: Iterator<void>, isWritten: boolean): Promise<void> {
    for (let isDone = isWritten; !isDone; isDone = writeSome(writing)) await endOfTurn();
    const count = (commits += 1);
    try {
      await log?.force();
    } catch (cause) {
      throw notWritten(cause);
    }
    mark.set(count);
  }

  return {
    name: files.database,
    lastCommitAt: head?.at,
    *rows(isWanted = () => true, damaged) {
      for (const table of tableNames) if (isWanted(table)) yield* rowsIn(database, files, table, damaged);
    },
    commit(changes, at) {
      const writing = write(changes, commits + 1, at);
      const isWritten = writeSome(writing);
      if (!isWritten || log !== undefined) return finish(writing, isWritten);
      commits += 1;
      mark.set(commits);
      return undefined;
    },
    close() {
      closeDatabase(database, files);
      log?.close();
      mark.remove();
    },
  };
}

/** The write-ahead log, forced to disk by a thread of the system's. SQLite reuses one file for as long as it is open. */
class ForcedLog {
  readonly #file: string;
  /** Opened once SQLite has made the file: at its first commit. */
  #descriptor: number | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  async force(): Promise<void> {
    this.#descriptor ??= openSync(this.#file, 'r');
    await dataSynced(this.#descriptor);
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }
}

const dataSynced = promisify(fdatasync);

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
export function checkEnd(head: Head | undefined, { database, log, mark: file }: DatabaseFiles): void {
  const mark = readMark(file);
  if (mark !== undefined && !(mark.commits <= (head?.commits ?? 0))) {
    const missing = Number.isNaN(mark.commits) ? 'an unknown number of' : mark.commits - (head?.commits ?? 0);
    const hint = `Something has cut ${log}. To go on without what is lost, remove ${file}.`;
    throw storeError('STORE_TORN', database, `lacks the last ${missing} commits that ${file} counts`, { hint });
  }
}

interface KeptRow {
  readonly key: string;
  readonly row: string;
  readonly checksum: number;
}

function* rowsIn(...where: Parameters<typeof textsIn>): Generator<Required<RowChange>> {
  for (const { table, key, text } of textsIn(...where))
    yield { table, key: keyOf(key), row: JSON.parse(text) as object };
}

/**
 * One row in memory at a time. All of it within one turn: the package frees a query that nobody but its rows refers to.
 * @param after a key: only those behind it
 */
export function* textsIn(
  database: Database,
  files: DatabaseFiles,
  table: TableName,
  damaged?: DamageListener,
  after?: string,
): Generator<KeptText> {
  const behind = after === undefined ? '' : 'WHERE key > ? ORDER BY key';
  const select = `SELECT key, row, checksum FROM ${table} ${behind}`;
  const values = after === undefined ? [] : [after];
  const cursor = attempt(files, () => database.prepare(select).iterate(...values)) as Iterator<KeptRow>;
  try {
    for (;;) {
      const next = attempt(files, () => cursor.next());
      if (next.done === true) return;
      const { key, row, checksum } = next.value;
      if (checksumOf(key, row) === checksum) {
        yield { table, key, text: row, checksum };
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

/** One transaction, which may be left open between two steps. */
type Write = (changes: readonly RowChange[], commits: number, at: EpochMs) => Iterator<void>;

/** A commit takes so much of a turn of the event loop; what is left of a large one is written in the next turns. */
const sliceMs = 4;

/** As many rows as one statement puts, which halves what a row costs. */
const rowsAtOnce = 8;

function writerOf(database: Database, { region, account }: ServiceIdentity): Write {
  const statements = new Map(
    tableNames.map((table) => [
      table,
      {
        put: database.prepare(putting(table, 1)),
        putMany: database.prepare(putting(table, rowsAtOnce)),
        drop: database.prepare(`DELETE FROM ${table} WHERE key = ?`),
      },
    ]),
  );
  const writeHead = headWriter(database);
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');

  function* writeRows(table: TableName, rows: ReadonlyMap<string, object | undefined>): Generator<void> {
    const { put, putMany, drop } = statements.get(table)!;
    let values: (string | number)[] = [];
    for (const [name, row] of rows) {
      const key = keptKey(name);
      if (row === undefined) {
        drop.run(key);
        yield;
        continue;
      }
      const text = JSON.stringify(row);
      values.push(key, text, checksumOf(key, text));
      if (values.length < rowsAtOnce * valuesOfRow) continue;
      putMany.run(...values);
      values = [];
      yield;
    }
    for (let at = 0; at < values.length; at += valuesOfRow) put.run(...values.slice(at, at + valuesOfRow));
  }

  return function* (changes, commits, at) {
    begin.run();
    try {
      for (const [table, rows] of lastOfEach(changes)) yield* writeRows(table, rows);
      writeHead({ region, account, commits, at });
      commit.run();
    } catch (error) {
      // Some failures, a full disk among them, have rolled back already.
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  };
}

/** Key, row, checksum. */
const valuesOfRow = 3;

/** Half the work of INSERT OR REPLACE, which deletes first. */
export function putting(table: TableName, rows: number): string {
  const values = Array.from({ length: rows }, () => '(?, ?, ?)');
  return `INSERT INTO ${table} (key, row, checksum) VALUES ${values.join(', ')}
          ON CONFLICT DO UPDATE SET row = excluded.row, checksum = excluded.checksum`;
}
