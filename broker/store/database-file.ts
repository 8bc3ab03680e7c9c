/**
 * The file behind the store: made whole or not at all, looked through before anything in it is believed, and open in one
 * process at a time. Whatever is wrong with it is an error that names it and leaves it as it is; nothing is repaired, because
 * what is lost cannot be told from what never was. SQLite's own lock keeps others out, so a killed process leaves none.
 * Source: SQLite's file format (application id, user version) and locking modes.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import { OperationalError } from '../../protocol/operational-error.ts';
import { readMark } from './commit-mark.ts';

export type Database = DatabaseSyncInstance;

export interface DatabaseFiles {
  readonly database: string;
  /** SQLite's write-ahead log, there while the database is open and after its process was killed. */
  readonly log: string;
  /** What commit-mark.ts keeps. */
  readonly mark: string;
}

/** "jbrg": tells our files from any other SQLite database. */
const applicationId = 0x6a_62_72_67;
const schemaVersion = 1;

/** SQLite's result codes. */
const [busy, corrupt, notADatabase] = [5, 11, 26];

/** The one row that says whose database this is and how far it got. */
export interface Head {
  readonly region: string;
  readonly account: string;
  readonly commits: number;
  /** Service time of the last commit. */
  readonly at: number;
}

const headSchema =
  'CREATE TABLE service (id INTEGER PRIMARY KEY CHECK (id = 1), region TEXT, account TEXT, commits INTEGER, at INTEGER);';

/** Makes sure that there is a whole database of ours, and changes none that is there. */
export function inspectDatabase(files: DatabaseFiles): Head | undefined {
  const { database: file } = files;
  attempt(files, () => {
    mkdirSync(dirname(file), { recursive: true });
    if (!existsSync(file)) makeDatabase(files);
  });
  if (statSync(file).size === 0) throw torn(file, 'is empty');
  const database = attempt(files, () => new DatabaseSync(file, { readOnly: true }));
  try {
    return attempt(files, () => {
      checkKind(file, database);
      const complaint = ask(database, 'quick_check', 'pragma_quick_check')[0]?.['quick_check'];
      if (complaint !== 'ok') throw torn(file, `is damaged: ${String(complaint)}`);
      const [head] = ask(database, 'region, account, commits, at', 'service');
      return head as Head | undefined;
    });
  } finally {
    database.close();
  }
}

/** For this process alone, with the tables of `schema`. */
export function openDatabase(files: DatabaseFiles, schema: string): Database {
  const database = attempt(files, () => new DatabaseSync(files.database));
  try {
    attempt(files, () => database.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; ${schema}`));
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Leaves one plain file and no lock. Leaving WAL mode is what gives the lock back: the package keeps a closed connection
 * alive for as long as its statements are not collected.
 */
export function closeDatabase(database: Database, { database: file }: DatabaseFiles): void {
  try {
    database.exec('PRAGMA journal_mode = DELETE');
    rmSync(`${file}-shm`, { force: true }); // left by an inspection after a kill
    database.exec('PRAGMA locking_mode = NORMAL; SELECT count(*) FROM service');
  } finally {
    database.close();
  }
}

/** Under another name first: a service that is killed here leaves no database, rather than half of one. */
function makeDatabase({ database: file, log, mark }: DatabaseFiles): void {
  for (const left of [log, mark]) if (existsSync(left)) throw torn(file, `is missing, but ${left} is there`);
  const unfinished = `${file}.new`;
  rmSync(unfinished, { force: true });
  const database = new DatabaseSync(unfinished);
  database.exec(
    `${headSchema} PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}; PRAGMA journal_mode = WAL`,
  );
  database.close();
  renameSync(unfinished, file);
  const directory = openSync(dirname(file), 'r');
  fsyncSync(directory);
  closeSync(directory);
}

function checkKind(file: string, database: Database): void {
  const id = ask(database, 'application_id', 'pragma_application_id')[0]?.['application_id'];
  if (id !== applicationId) throw storeError('STORE_FOREIGN', file, 'is a database of another program');
  const version = ask(database, 'user_version', 'pragma_user_version')[0]?.['user_version'];
  if (version === schemaVersion) return;
  const hint = 'Start the version of jobrig that made it, or give another directory.';
  throw storeError('STORE_VERSION', file, `has format ${String(version)}, this jobrig reads ${schemaVersion}`, {
    hint,
  });
}

/** A query by `exec`, which leaves no statement behind that would keep the connection open. */
function ask(database: Database, columns: string, table: string): Readonly<Record<string, unknown>>[] {
  const rows: Readonly<Record<string, unknown>>[] = [];
  const pairs = columns.split(', ').map((column) => `'${column}', ${column}`);
  database.function('take', (row: string) => void rows.push(JSON.parse(row) as Readonly<Record<string, unknown>>));
  database.exec(`SELECT take(json_object(${pairs.join(', ')})) FROM ${table}`);
  return rows;
}

/** Names the file in whatever SQLite or the file system has to say about it. */
export function attempt<Value>({ database: file, mark }: DatabaseFiles, action: () => Value): Value {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof OperationalError) throw cause;
    const { errcode, message } = cause as Error & { readonly errcode?: number };
    if (errcode === busy) throw inUse(file, readMark(mark)?.pid, cause);
    if (errcode === corrupt) throw torn(file, 'is damaged', cause);
    if (errcode === notADatabase) throw storeError('STORE_FOREIGN', file, 'is not a database', { cause });
    throw storeError('STORE_UNUSABLE', file, `cannot be used: ${message}`, { cause });
  }
}

function inUse(file: string, pid: number | undefined, cause: unknown): OperationalError {
  const hint = 'Stop that one first, or give another directory.';
  return storeError('STORE_IN_USE', file, `is in use by process ${pid ?? 'unknown'}`, { hint, cause });
}

export function torn(file: string, complaint: string, cause?: unknown): OperationalError {
  return storeError('STORE_TORN', file, complaint, { cause });
}

const defaultHint = 'Give another directory, or move this file away to begin without what it holds.';

export function storeError(
  code: string,
  file: string,
  complaint: string,
  { hint = defaultHint, cause }: { readonly hint?: string; readonly cause?: unknown } = {},
): OperationalError {
  return new OperationalError(code, `${file} ${complaint}`, { hint, cause });
}
