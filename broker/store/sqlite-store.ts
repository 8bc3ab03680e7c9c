/**
 * The store in SQLite, seen from the service: a thread of its own has the database (sqlite-thread.ts), so that neither SQLite nor the
 * disk holds up the event loop. A turn's rows go there as texts, and it is kept when the answer comes. Reading and closing are
 * waited for within a turn, as nothing can be served meanwhile. All stores of a process share one thread.
 */
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { MessageChannel, type MessagePort, Worker, receiveMessageOnPort } from 'node:worker_threads';
import { OperationalError } from '../../protocol/operational-error.ts';
import type { DatabaseFiles } from './database-file.ts';
import { keptKey, keyOf } from './kept-key.ts';
import { type SqliteStoreOptions, type WrittenRows, filesIn, notWritten } from './sqlite-database.ts';
import type { Answer, Failure, Position, Question, ThreadData } from './sqlite-thread.ts';
import { type DamageListener, type RowChange, type Store, type TableName, tableNames } from './store.ts';

/** Some rows in memory at a time, while they are read. */
export interface SqliteStore extends Store {
  rows(isWanted?: (table: TableName) => boolean, damaged?: DamageListener): Iterable<Required<RowChange>>;
  commit(...turn: Parameters<Store['commit']>): Promise<void>;
  close(): void;
}

/** @throws OperationalError naming the file when it is in use, torn, foreign or cannot be written. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const files = filesIn(options.directory);
  const thread = theThread();
  const { opened } = await thread.ask({ ask: 'open', options });
  const { database: of, lastCommitAt } = opened!;
  return {
    name: files.database,
    lastCommitAt,
    *rows(isWanted = () => true, damaged) {
      const passesDamageOver = damaged !== undefined;
      let from: Position | undefined = { tables: tableNames.filter(isWanted) };
      while (from !== undefined) {
        const { batch } = thread.askAndWait({ ask: 'rows', of, from, passesDamageOver });
        for (const [table, key] of batch!.damaged) damaged?.(table, key);
        for (const [table, key, text] of batch!.rows) yield { table, key: keyOf(key), row: JSON.parse(text) as object };
        from = batch!.next;
      }
    },
    async commit(changes, at) {
      const parts = inParts(changes, files);
      const earlier: (readonly WrittenRows[])[] = [];
      let part = parts.next();
      for (; part.done !== true; part = parts.next()) {
        earlier.push(part.value);
        await endOfTurn();
      }
      for (const gathered of earlier) await thread.ask({ ask: 'gather', of, changes: gathered });
      await thread.ask({ ask: 'write', of, changes: part.value, at });
    },
    close() {
      thread.askAndWait({ ask: 'close', of });
    },
  };
}

/** A commit takes so much of a turn of the event loop; what is left of a large one is made ready in the next turns. */
const sliceMs = 4;
/** Between two looks at the clock. */
const rowsAtOnce = 64;

/** Of most commits there is one part, which it returns; after others the turn should end. */
function* inParts(
  changes: readonly RowChange[],
  files: DatabaseFiles,
): Generator<readonly WrittenRows[], readonly WrittenRows[]> {
  let written = new Map<TableName, (string | null)[]>();
  let until = performance.now() + sliceMs;
  let count = 0;
  try {
    for (const { table, key, row } of changes) {
      const text = row === undefined ? null : JSON.stringify(row);
      const rows = written.get(table);
      if (rows === undefined) written.set(table, [keptKey(key), text]);
      else rows.push(keptKey(key), text);
      count += 1;
      if (count % rowsAtOnce > 0 || performance.now() < until) continue;
      yield [...written];
      written = new Map();
      until = performance.now() + sliceMs;
    }
    return [...written];
  } catch (cause) {
    // Something has no JSON form.
    throw notWritten(files, cause);
  }
}

/** Where this file is a source, as it is in tests, the thread runs what was built of its own. */
const program = import.meta.url.endsWith('.ts') ? '../../dist/broker/store/sqlite-thread.js' : './sqlite-thread.js';

let thread: DatabaseThread | undefined;

function theThread(): DatabaseThread {
  if (thread === undefined || thread.hasEnded) thread = new DatabaseThread();
  return thread;
}

class DatabaseThread {
  readonly #port: MessagePort;
  readonly #answers = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  /** Who waits for the next answers, in order. */
  readonly #waiting: ((answer: Answer) => void)[] = [];
  /** There will be no more answers. */
  #end: Failure | undefined;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1.on('message', (answer: Answer) => this.#take(answer));
    port1.unref();
    const workerData: ThreadData = { port: port2, answers: this.#answers };
    const worker = new Worker(new URL(program, import.meta.url), { workerData, transferList: [port2], execArgv: [] });
    worker.on('error', (error) => this.#ended(error.stack ?? error.message));
    worker.on('exit', () => this.#ended('The thread of the store has ended.'));
    // Whoever waits for an answer holds the process, and nothing else of this does.
    worker.unref();
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** @throws what the thread did */
  ask(question: Question): Promise<Answer> {
    const answer = this.#answer();
    this.#port.postMessage(question);
    return answer;
  }

  /** Nothing else is done meanwhile. @throws what the thread did */
  askAndWait(question: Question): Answer {
    const answers: Answer[] = [];
    this.#expect((answer) => answers.push(answer));
    this.#port.postMessage(question);
    while (answers.length === 0) {
      const count = Atomics.load(this.#answers, 0);
      const received = receiveMessageOnPort(this.#port) as { readonly message: Answer } | undefined;
      if (received === undefined) Atomics.wait(this.#answers, 0, count);
      else this.#take(received.message);
    }
    return proved(answers[0]!);
  }

  #answer(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#expect((answer) => {
        if (answer.failure === undefined) resolve(answer);
        else reject(errorOf(answer.failure));
      });
    });
  }

  #expect(take: (answer: Answer) => void): void {
    if (this.#end !== undefined) return take({ failure: this.#end });
    if (this.#waiting.push(take) === 1) this.#port.ref();
  }

  #take(answer: Answer): void {
    const take = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#port.unref();
    take?.(answer);
  }

  #ended(message: string): void {
    this.#end ??= { message };
    while (this.#waiting.length > 0) this.#take({ failure: this.#end });
  }
}

function proved(answer: Answer): Answer {
  if (answer.failure !== undefined) throw errorOf(answer.failure);
  return answer;
}

function errorOf({ code, message, hint }: Failure): Error {
  return code === undefined ? new Error(message) : new OperationalError(code, message, { hint });
}
