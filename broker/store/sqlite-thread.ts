/**
 * The thread that has the databases of a process: reads batches of rows, writes turns and waits for the disk, while the service goes
 * on. Each message to it has one answer, in order; the count of answers lets the other side wait for one without leaving its turn.
 */
import { type MessagePort, workerData } from 'node:worker_threads';
import { OperationalError, type OperationalErrorCode } from '../../protocol/operational-error.ts';
import type { EpochMs } from '../../protocol/time.ts';
import {
  type Place,
  type SqliteDatabase,
  type SqliteStoreOptions,
  type WrittenRows,
  openSqliteDatabase,
  textsIn,
} from './sqlite-database.ts';
import type { TableName } from './store.ts';

export interface ThreadData {
  readonly port: MessagePort;
  /** Of one number: how many answers there were. */
  readonly answers: Int32Array;
  /** What stands between rows. */
  readonly mark: string;
}

/** Rows from here on: of the first table those behind a place, and all of the others. */
export interface Position {
  readonly tables: readonly TableName[];
  readonly after?: Place;
}

/** @property of which database, by the number that it got when it was opened */
export type Question =
  | { readonly ask: 'open'; readonly options: SqliteStoreOptions }
  | { readonly ask: 'rows'; readonly of: number; readonly from: Position; readonly passesDamageOver: boolean }
  | { readonly ask: 'gather'; readonly of: number; readonly changes: readonly WrittenRows[] }
  | { readonly ask: 'write'; readonly of: number; readonly changes: readonly WrittenRows[]; readonly at: EpochMs }
  | { readonly ask: 'close'; readonly of: number };

export interface Batch {
  readonly rows: readonly (readonly [table: TableName, key: string, text: string])[];
  readonly damaged: readonly (readonly [table: TableName, key: string])[];
  /** Absent: that was all. */
  readonly next?: Position;
}

/** An error that can be sent. */
export interface Failure {
  readonly message: string;
  /** The thread is gone. */
  readonly hasEnded?: boolean;
  /** Absent: a bug, unless the thread is gone. */
  readonly code?: OperationalErrorCode;
  readonly hint?: string | undefined;
}

export interface Opened {
  readonly database: number;
  readonly lastCommitAt: EpochMs | undefined;
  readonly takesPacked: boolean;
}

export interface Answer {
  /** To `open`. */
  readonly opened?: Opened;
  /** To `rows`. */
  readonly batch?: Batch;
  readonly failure?: Failure;
}

/** At most so much of what is read is in memory at once, but for the last row of a batch. */
const batchBytes = 1_000_000;

const { port, answers, mark } = workerData as ThreadData;
const databases = new Map<number, SqliteDatabase>();
let lastNumber = 0;

function batchFrom({ tables, after }: Position, passesDamageOver: boolean, database: SqliteDatabase): Batch {
  const rows: [TableName, string, string][] = [];
  const damaged: [TableName, string][] = [];
  const damage = passesDamageOver ? (...where: [TableName, string]) => damaged.push(where) : undefined;
  let bytes = 0;
  for (const [index, table] of tables.entries()) {
    const behind = index === 0 ? after : undefined;
    for (const { key, text, place } of textsIn(database, database.files, table, damage, behind)) {
      rows.push([table, key, text]);
      bytes += key.length + text.length;
      if (bytes >= batchBytes) return { rows, damaged, next: { tables: tables.slice(index), after: place } };
    }
  }
  return { rows, damaged };
}

function answerTo(question: Question): Answer {
  if (question.ask === 'open') {
    const opened = openSqliteDatabase(question.options, mark);
    lastNumber += 1;
    databases.set(lastNumber, opened);
    const { lastCommitAt, takesPacked } = opened;
    return { opened: { database: lastNumber, lastCommitAt, takesPacked } };
  }
  const database = databases.get(question.of)!;
  switch (question.ask) {
    case 'rows':
      return { batch: batchFrom(question.from, question.passesDamageOver, database) };
    case 'gather':
      database.gather(question.changes);
      return {};
    case 'write':
      database.write(question.changes, question.at);
      return {};
    case 'close':
      databases.delete(question.of);
      database.close();
      return {};
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof OperationalError) return { code: error.code, message: error.message, hint: error.hint };
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

port.on('message', (question: Question) => {
  try {
    port.postMessage(answerTo(question));
  } catch (error) {
    port.postMessage({ failure: failureOf(error) } satisfies Answer);
  }
  Atomics.add(answers, 0, 1);
  Atomics.notify(answers, 0);
});
