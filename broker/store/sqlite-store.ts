/**
 * The store in SQLite, seen from the service: a thread of its own has the database (sqlite-thread.ts), so that neither SQLite nor the
 * disk holds up the event loop. A turn's rows go there as texts, and it is kept when the answer comes. Reading and closing are
 * waited for within a turn, as nothing can be served meanwhile. All stores of a process share one thread.
 */
import { randomUUID } from 'node:crypto';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { MessageChannel, type MessagePort, Worker, receiveMessageOnPort } from 'node:worker_threads';
import { builtProgram } from '../../package/package.ts';
import { OperationalError } from '../../protocol/operational-error.ts';
import { type DatabaseFiles, storeError } from './database-file.ts';
import { keptKey, keyOf } from './kept-key.ts';
import { type SqliteStoreOptions, type WrittenRows, filesIn, keySeparator, notWritten } from './sqlite-database.ts';
import type { Answer, Failure, Position, Question, ThreadData } from './sqlite-thread.ts';
import { type DamageListener, type RowChange, type Store, type TableName, lastOfEach, tableNames } from './store.ts';

/** Some rows in memory at a time, while they are read. */
export interface SqliteStore extends Store {
  /** What reads its file knows packed executions, too. */
  readonly takesPacked: boolean;
  rows(isWanted?: (table: TableName) => boolean, damaged?: DamageListener): Iterable<Required<RowChange>>;
  commit(...turn: Parameters<Store['commit']>): Promise<void>;
  close(): void;
}

/** @throws OperationalError naming the file when it is in use, torn, foreign or cannot be written. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const files = filesIn(options.directory);
  const thread = theThread();
  const { opened } = await thread.open(options, files);
  const { database: of, lastCommitAt, takesPacked } = opened!;
  return {
    name: files.database,
    lastCommitAt,
    takesPacked,
    *rows(isWanted = () => true, damaged) {
      const passesDamageOver = damaged !== undefined;
      let from: Position | undefined = { tables: tableNames.filter(isWanted) };
      while (from !== undefined) {
        const { batch } = thread.askAndWait({ ask: 'rows', of, from, passesDamageOver }, files);
        for (const [table, key] of batch!.damaged) damaged?.(table, key);
        for (const [table, key, text] of batch!.rows) yield { table, key: keyOf(key), row: JSON.parse(text) as object };
        from = batch!.next;
      }
    },
    async commit(changes, at) {
      const parts = inParts(changes, files, thread.mark);
      const earlier: WrittenRows[][] = [];
      let part = parts.next();
      for (; part.done !== true; part = parts.next()) {
        earlier.push(part.value);
        await endOfTurn();
      }
      for (const gathered of earlier) await thread.ask({ ask: 'gather', of, changes: gathered }, files);
      await thread.ask({ ask: 'write', of, changes: part.value, at }, files);
    },
    close() {
      thread.askAndWait({ ask: 'close', of }, files);
    },
  };
}

/** A commit takes so much of a turn of the event loop; what is left of a large one is made ready in the next turns. */
const sliceMs = 4;
/** Between two looks at the clock. */
const rowsAtOnce = 64;

/**
 * Of most commits there is one part, which it returns; after others the turn should end. Rows are made JSON many at a time, which takes
 * half of what it takes row by row.
 * @param mark goes between them
 */
function* inParts(
  changes: readonly RowChange[],
  files: DatabaseFiles,
  mark: string,
): Generator<WrittenRows[], WrittenRows[]> {
  let part: WrittenRows[] = [];
  let until = performance.now() + sliceMs;
  try {
    for (const [table, rowsByKey] of lastOfEach(changes)) {
      let left = rowsByKey.size;
      let keys: string[] = [];
      let rows: (object | string)[] = [];
      const gone: string[] = [];
      for (const [key, row] of rowsByKey) {
        left -= 1;
        if (row === undefined) gone.push(keptKey(key));
        else {
          if (keys.push(keptKey(key)) > 1) rows.push(mark);
          rows.push(row);
        }
        if (left > 0 && keys.length < rowsAtOnce) continue;
        part.push({ table, gone: gone.splice(0), keys: keys.join(keySeparator), rows: JSON.stringify(rows) });
        [keys, rows] = [[], []];
        if (performance.now() < until) continue;
        yield part;
        part = [];
        until = performance.now() + sliceMs;
      }
    }
    return part;
  } catch (cause) {
    // Something has no JSON form.
    throw notWritten(files, cause);
  }
}

const program = builtProgram('broker/store/sqlite-thread');

let thread: DatabaseThread | undefined;

function theThread(): DatabaseThread {
  if (thread === undefined || thread.hasEnded) thread = new DatabaseThread();
  return thread;
}

/** Whoever waits within a turn looks so often whether the thread still lives. */
const lookMs = 100;

class DatabaseThread {
  /** Goes between rows, and stands in none of them, since nobody outside knows it. */
  readonly mark = randomUUID();
  readonly #worker: Worker;
  readonly #isOnline: Promise<unknown>;
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
    const workerData: ThreadData = { port: port2, answers: this.#answers, mark: this.mark };
    this.#worker = new Worker(program, { workerData, transferList: [port2], execArgv: [] });
    this.#isOnline = new Promise((resolve) => this.#worker.once('online', resolve).once('exit', resolve));
    this.#worker.on('error', ({ message }) => this.#ended(message));
    this.#worker.on('exit', () => this.#ended());
    // Whoever waits for an answer holds the process, and nothing else of this does.
    this.#worker.unref();
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  async open(options: SqliteStoreOptions, files: DatabaseFiles): Promise<Answer> {
    const answer = await this.ask({ ask: 'open', options }, files);
    await this.#isOnline;
    // Node can say whether a thread has stopped when it was asked once while it was running.
    void this.#hasStopped;
    return answer;
  }

  /** @throws what the thread did, or that it has ended */
  ask(question: Question, files: DatabaseFiles): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#ask(question, (answer) => {
        if (answer.failure === undefined) resolve(answer);
        else reject(errorOf(answer.failure, files));
      });
    });
  }

  /** Nothing else is done meanwhile. @throws what the thread did, or that it has ended */
  askAndWait(question: Question, files: DatabaseFiles): Answer {
    const answers: Answer[] = [];
    this.#ask(question, (answer) => answers.push(answer));
    let hasStopped = false;
    while (answers.length === 0) {
      const count = Atomics.load(this.#answers, 0);
      const received = receiveMessageOnPort(this.#port) as { readonly message: Answer } | undefined;
      if (received !== undefined) this.#take(received.message);
      else if (hasStopped) this.#ended();
      else if (Atomics.wait(this.#answers, 0, count, lookMs) === 'timed-out') hasStopped = this.#hasStopped;
    }
    const { failure } = answers[0]!;
    if (failure !== undefined) throw errorOf(failure, files);
    return answers[0]!;
  }

  /** Events of the thread come between turns. Within one, Node gives a thread that has stopped a negative time of idleness. */
  get #hasStopped(): boolean {
    return this.#worker.performance.eventLoopUtilization().idle < 0;
  }

  #ask(question: Question, take: (answer: Answer) => void): void {
    if (this.#end !== undefined) return take({ failure: this.#end });
    if (this.#waiting.push(take) === 1) this.#port.ref();
    this.#port.postMessage(question);
  }

  #take(answer: Answer): void {
    const take = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#port.unref();
    take?.(answer);
  }

  #ended(reason?: string): void {
    this.#end ??= { hasEnded: true, message: `its thread has ended${reason === undefined ? '' : ` (${reason})`}` };
    while (this.#waiting.length > 0) this.#take({ failure: this.#end });
  }
}

function errorOf({ code, message, hint, hasEnded = false }: Failure, { database }: DatabaseFiles): Error {
  if (hasEnded) {
    return storeError('STORE_UNUSABLE', database, `cannot be used any more: ${message}`, {
      hint: 'Nothing was answered that is not kept. Start again; where memory was short, with more of it.',
    });
  }
  return code === undefined ? new Error(message) : new OperationalError(code, message, { hint });
}
