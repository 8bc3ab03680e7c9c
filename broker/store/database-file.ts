/**
 * The file behind the store: made whole or not at all, looked through before anything in it is believed, and open in one
 * process at a time. Whatever is wrong with it is an error that names it and leaves it as it is; nothing is repaired, because
 * what is lost cannot be told from what never was. SQLite's own lock keeps others out, so a killed process leaves none.
 * Source: SQLite's file format (application id, user version) and locking modes.
 */
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import { OperationalError, type OperationalErrorCode } from '../../protocol/operational-error.ts';
import { readMark } from './commit-mark.ts';
import { makeDirectory } from './make-directory.ts';
import { hintFor, primaryCode } from './system-refusal.ts';

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

/** The column in whose order the rows of a table lie. */
export type Order = 'key' | 'rowid';

export interface Format {
  readonly order: Order;
  /** Executions may be packed (`broker/packed-rows.ts`). */
  readonly takesPacked: boolean;
}

/**
 * By its number, which a file keeps. Since the second one rows lie in the order in which they were first put: what is made together
 * changes together, while each of many devices whose names come in no order has a page of its own in the order of keys.
 */
const formats: ReadonlyMap<unknown, Format> = new Map<unknown, Format>([
  [1, { order: 'key', takesPacked: false }],
  [2, { order: 'rowid', takesPacked: false }],
  [3, { order: 'rowid', takesPacked: true }],
]);
const newestFormat = 3;

export interface OpenDatabase extends Format {
  readonly database: Database;
}

/** SQLite's result codes. The first is what a damaged schema comes to. */
const [logicError, busy, corrupt, notADatabase] = [1, 5, 11, 26];

/** The columns of each table, by its name; the primary key is `key`. */
export type Schema = Readonly<Record<string, string>>;

/** The one row of `service`, which says whose database this is and how far it got. */
export interface Head {
  readonly region: string;
  readonly account: string;
  readonly commits: number;
  /** Service time of the last commit. */
  readonly at: number;
}

const headColumns = '(id INTEGER PRIMARY KEY CHECK (id = 1), head TEXT NOT NULL, checksum INTEGER NOT NULL)';

/** Makes sure that there is a whole database of ours, and changes none that is there. */
export function inspectDatabase(files: DatabaseFiles, schema: Schema): Head | undefined {
  const { database: file } = files;
  attempt(files, () => {
    makeDirectory(dirname(file));
    if (!existsSync(file)) makeDatabase(files, schema);
  });
  if (attempt(files, () => statSync(file).size) === 0) throw torn(file, 'is empty');
  const database = attempt(files, () => new DatabaseSync(file, { readOnly: true }));
  try {
    return attempt(files, () => {
      const { order } = formatOf(file, database);
      // The quick one does not look whether the index of a table has its keys.
      const check = order === 'key' ? 'quick_check' : 'integrity_check';
      const complaint = ask(database, check, `pragma_${check}`)[0]?.[check];
      if (complaint !== 'ok') throw torn(file, `is damaged: ${String(complaint)}`);
      checkTables(file, database, schema, order);
      return readHead(file, database);
    });
  } finally {
    database.close();
  }
}

/** For this process alone, with the tables of `schema`. */
export function openDatabase(files: DatabaseFiles, schema: Schema): OpenDatabase {
  keepPrivate(files.database);
  const database = attempt(files, () => new DatabaseSync(files.database));
  try {
    return attempt(files, () => {
      database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL');
      const format = formatOf(files.database, database);
      // Tables that a later version has added; all others have been looked at.
      for (const [table, columns] of tablesOf(schema, format.order))
        database.exec(create(`IF NOT EXISTS ${table}`, columns));
      return { database, ...format };
    });
  } catch (error) {
    database.close();
    throw error;
  }
}

/** What a job's document holds is nobody else's business. SQLite gives its log the mode of the database. */
const ownerOnly = 0o600;

/** Made by an earlier version, or copied. Where this user may not, it stays as it is. */
function keepPrivate(file: string): void {
  try {
    if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, ownerOnly);
  } catch {
    // Whether it can be used is found out next.
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
function makeDatabase({ database: file, log, mark }: DatabaseFiles, schema: Schema): void {
  for (const left of [log, mark]) if (existsSync(left)) throw torn(file, `is missing, but ${left} is there`);
  const unfinished = `${file}.new`;
  rmSync(unfinished, { force: true });
  closeSync(openSync(unfinished, 'wx', ownerOnly));
  const database = new DatabaseSync(unfinished);
  for (const [table, columns] of tablesOf(schema, formats.get(newestFormat)!.order))
    database.exec(create(table, columns));
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${newestFormat}`);
  database.close();
  renameSync(unfinished, file);
  const directory = openSync(dirname(file), 'r');
  fsyncSync(directory);
  closeSync(directory);
}

/** What kind of a file it is. @throws where it is none that this version reads */
function formatOf(file: string, database: Database): Format {
  const id = ask(database, 'application_id', 'pragma_application_id')[0]?.['application_id'];
  if (id !== applicationId) throw storeError('STORE_FOREIGN', file, 'is a database of another program');
  const version = ask(database, 'user_version', 'pragma_user_version')[0]?.['user_version'];
  const format = formats.get(version);
  if (format !== undefined) return format;
  const hint = 'Start the version of jobrig that made it, or give another directory.';
  const complaint = `has format ${String(version)}, this jobrig reads 1 to ${newestFormat}`;
  throw storeError('STORE_VERSION', file, complaint, { hint });
}

/** A table whose name is damaged would otherwise be missed, and made anew without its rows. */
function checkTables(file: string, database: Database, schema: Schema, order: Order): void {
  const expected = new Map<unknown, string | null>();
  for (const [table, columns] of tablesOf(schema, order)) expected.set(table, create(table, columns));
  // The index that SQLite makes for a key beside the rows.
  if (order === 'rowid') for (const table of Object.keys(schema)) expected.set(`sqlite_autoindex_${table}_1`, null);
  for (const { name, sql } of ask(database, 'name, sql', 'sqlite_schema')) {
    if (expected.get(name) !== sql) throw torn(file, `has a damaged or unknown table, ${String(name)}`);
  }
}

function readHead(file: string, database: Database): Head | undefined {
  const [row] = ask(database, 'head, checksum', 'service');
  if (row === undefined) return undefined;
  const text = row['head'] as string;
  if (crc32(text) !== row['checksum']) throw torn(file, 'has a damaged row: service');
  return JSON.parse(text) as Head;
}

/** @returns how to write the head, within a transaction. */
export function headWriter(database: Database): (head: Head) => void {
  const statement = database.prepare(
    `INSERT INTO service (id, head, checksum) VALUES (1, ?, ?)
     ON CONFLICT DO UPDATE SET head = excluded.head, checksum = excluded.checksum`,
  );
  return (head) => {
    const text = JSON.stringify(head);
    statement.run(text, crc32(text));
  };
}

function tablesOf(schema: Schema, order: Order): [table: string, columns: string][] {
  const form = order === 'key' ? ' WITHOUT ROWID' : '';
  const tables = Object.entries(schema).map(([table, columns]): [string, string] => [table, columns + form]);
  return [...tables, ['service', headColumns]];
}

function create(table: string, columns: string): string {
  return `CREATE TABLE ${table} ${columns}`;
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
    const { errcode = 0, message } = cause as Error & { readonly errcode?: number };
    const code = primaryCode(errcode);
    if (code === busy) throw inUse(file, readMark(mark)?.pid, cause);
    if (code === corrupt || code === logicError) throw torn(file, `is damaged: ${message}`, cause);
    if (code === notADatabase) throw storeError('STORE_FOREIGN', file, 'is not a database', { cause });
    const hint = hintFor(cause, defaultHint);
    throw storeError('STORE_UNUSABLE', file, `cannot be used: ${message}`, { hint, cause });
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
  code: OperationalErrorCode,
  file: string,
  complaint: string,
  { hint = defaultHint, cause }: { readonly hint?: string; readonly cause?: unknown } = {},
): OperationalError {
  return new OperationalError(code, `${file} ${complaint}`, { hint, cause });
}
