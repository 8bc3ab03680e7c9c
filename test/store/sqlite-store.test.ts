/** What is wrong with a data directory is said, by name, and is left as it is: foreign, torn, cut, damaged, taken. */
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { DatabaseSync } from '@photostructure/sqlite';
import * as fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type SqliteStoreOptions, durabilities } from '../../broker/store/sqlite-database.ts';
import { type SqliteStore, openSqliteStore } from '../../broker/store/sqlite-store.ts';
import { attempt } from '../../broker/store/database-file.ts';
import type { Store } from '../../broker/store/store.ts';
import { type StoreDirectory, makeStoreDirectory } from '../support/store-directory.ts';

const identity = { region: 'us-east-1', account: '000000000000' };
const at = 1_700_000_000_000;

let directory: StoreDirectory;
/** Each thread of a store does so as it begins. */
const unref = vi.spyOn(Worker.prototype, 'unref');
afterAll(() => unref.mockRestore());
const opened: Store[] = [];
const copies: StoreDirectory[] = [];

beforeEach(() => {
  directory = makeStoreDirectory();
});
afterEach(() => {
  for (const store of opened.splice(0)) store.close();
  for (const copy of [directory, ...copies.splice(0)]) copy.remove();
});

async function open(path: string = directory.path): Promise<SqliteStore> {
  const store = await openSqliteStore({ directory: path, identity });
  opened.push(store);
  return store;
}

function close(store: Store): void {
  opened.splice(opened.indexOf(store), 1);
  store.close();
}

async function fill(store: Store, commits: number): Promise<void> {
  for (let index = 0; index < commits; index += 1) {
    await store.commit(
      [{ table: 'thing', key: `thing-${index}`, row: { thingName: `thing-${index}`, text: 'x'.repeat(500) } }],
      at,
    );
  }
}

/** A store with rows, closed in good order. */
async function closedStore(): Promise<void> {
  const store = await open();
  await fill(store, 40);
  close(store);
}

/** What a killed process leaves of a store with rows. */
async function killedStore(commits = 40): Promise<StoreDirectory> {
  const store = await open();
  await fill(store, commits);
  const left = directory.killed();
  copies.push(left);
  return left;
}

/** Opens and reads everything, as a service does, and closes. */
async function rowsOf(where: StoreDirectory, options?: Partial<SqliteStoreOptions>): Promise<readonly object[]> {
  const store = await openSqliteStore({ directory: where.path, identity, ...options });
  try {
    return [...store.rows()];
  } finally {
    store.close();
  }
}

/** Why it cannot be opened and read, or how many rows it has. */
async function refusal(where: StoreDirectory = directory, options?: Partial<SqliteStoreOptions>): Promise<unknown> {
  try {
    return (await rowsOf(where, options)).length;
  } catch (error) {
    return error;
  }
}

function filesIn({ path }: StoreDirectory): string[] {
  return readdirSync(path).sort();
}

function overwrite(file: string, position: number, bytes: Buffer): void {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, bytes, 0, bytes.length, position);
  closeSync(descriptor);
}

describe('a directory of its own', () => {
  it.each(durabilities)(
    'leaves turns to others while it keeps a large commit, all of it or nothing: %s',
    async (durability) => {
      const row = { text: 'x'.repeat(2000) };
      const rows = Array.from({ length: 5000 }, (_, index) => ({ table: 'thing', key: `${index}`, row }) as const);
      const store = await openSqliteStore({ directory: directory.path, identity, durability });
      opened.push(store);
      await store.commit([{ table: 'job', key: 'before', row: {} }], at);
      const kept = store.commit(rows, at);
      const progress = { isKept: false, turns: 0 };
      void kept.then(() => (progress.isKept = true));
      const halfway = directory.killed();
      copies.push(halfway);
      for (; !progress.isKept; progress.turns += 1) await endOfTurn();
      await kept;
      const whole = directory.killed();
      copies.push(whole);
      expect([(await rowsOf(halfway)).length, (await rowsOf(whole)).length]).toEqual([1, 5001]);
      expect(progress.turns).toBeGreaterThan(2);
      await store.commit(
        rows.map(({ table, key }) => ({ table, key })),
        at,
      );
      expect([...store.rows()]).toHaveLength(1);
    },
  );

  it('is one plain SQLite file once it is closed, which says what it is', async () => {
    await closedStore();
    expect(filesIn(directory)).toEqual(['jobrig.db']);
    const database = new DatabaseSync(directory.database);
    const row = database.prepare("SELECT row ->> 'thingName' AS name FROM thing WHERE key = 'thing-7'").get();
    expect({ ...(row as object) }).toEqual({ name: 'thing-7' });
    database.close();
  });

  it('is made with the directories above it', async () => {
    const store = await open(join(directory.path, 'a', 'b'));
    await fill(store, 1);
    expect(existsSync(join(directory.path, 'a', 'b', 'jobrig.db'))).toBe(true);
    close(store);
  });

  it('begins anew where a process was killed while making it', async () => {
    writeFileSync(`${directory.database}.new`, 'half');
    expect([...(await open()).rows()]).toEqual([]);
  });
});

describe('two on one directory', () => {
  it('the second is refused with who has it, and the first goes on', async () => {
    const store = await open();
    await fill(store, 1);
    expect(await refusal()).toMatchObject({
      code: 'STORE_IN_USE',
      message: `${directory.database} is in use by process ${process.pid}`,
    });
    await fill(store, 2);
    expect([...store.rows()]).toHaveLength(2);
  });

  it('what a killed process had is taken over', async () => {
    expect(await refusal(await killedStore())).toBe(40);
  });
});

describe('what is not ours stays as it is', () => {
  it.each([
    ['a text', 'not a database, by any means; '.repeat(300), 'STORE_FOREIGN', 'is not a database'],
    ['nothing', '', 'STORE_TORN', 'is empty'],
  ])('%s', async (_what, text, code, complaint) => {
    writeFileSync(directory.database, text);
    expect(await refusal()).toMatchObject({ code, message: `${directory.database} ${complaint}` });
    expect(readFileSync(directory.database, 'utf8')).toBe(text);
    expect(filesIn(directory)).toEqual(['jobrig.db']);
  });

  it('a database of another program', async () => {
    const other = new DatabaseSync(directory.database);
    other.exec('CREATE TABLE accounts (id INTEGER); INSERT INTO accounts VALUES (1)');
    other.close();
    const before = readFileSync(directory.database);
    expect(await refusal()).toMatchObject({
      code: 'STORE_FOREIGN',
      message: `${directory.database} is a database of another program`,
    });
    expect(readFileSync(directory.database)).toEqual(before);
  });

  it('the database of a later jobrig', async () => {
    await closedStore();
    const later = new DatabaseSync(directory.database);
    later.exec('PRAGMA user_version = 99');
    later.close();
    expect(await refusal()).toMatchObject({ code: 'STORE_VERSION', message: expect.stringContaining('has format 99') });
  });

  it.each([
    { region: 'eu-north-1', account: identity.account },
    { region: identity.region, account: '123456789012' },
  ])('the state of another account or region', async (other) => {
    await closedStore();
    expect(await refusal(directory, { identity: other })).toMatchObject({
      code: 'STORE_OF_OTHER_ACCOUNT',
      message: `${directory.database} was made for us-east-1 and account 000000000000`,
    });
    expect(await refusal()).toBe(40);
  });
});

describe('a torn store is named, at whatever place it is torn', () => {
  it('the database cut short, anywhere', async () => {
    await closedStore();
    const whole = readFileSync(directory.database);
    for (let length = whole.length - 1; length > 0; length -= 3001) {
      writeFileSync(directory.database, whole.subarray(0, length));
      expect(await refusal(), `cut to ${length} of ${whole.length} bytes`).toMatchObject({
        code: expect.stringMatching(/^STORE_(TORN|FOREIGN)$/),
        message: expect.stringContaining(directory.database),
      });
    }
  });

  it('a byte changed, anywhere: it is noticed, or it was in no row', async () => {
    await closedStore();
    const whole = readFileSync(directory.database);
    const before = await rowsOf(directory);
    const refused: unknown[] = [];
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (position, change) => {
        writeFileSync(directory.database, whole);
        overwrite(directory.database, position, Buffer.from([whole[position]! ^ change]));
        try {
          expect(await rowsOf(directory)).toEqual(before);
        } catch (error) {
          expect(error).toMatchObject({ message: expect.stringContaining(directory.database) });
          refused.push(error);
        }
      }),
      { numRuns: 40 },
    );
    expect(refused.length).toBeGreaterThan(3);
  });

  it('the log cut short: what was answered and is gone is counted', async () => {
    const whole = await killedStore();
    const log = readFileSync(whole.log);
    for (const share of [0.9, 0.5, 0.1, 0]) {
      const cut = whole.killed();
      copies.push(cut);
      truncateSync(cut.log, Math.floor(log.length * share));
      expect(await refusal(cut), `cut to ${share}`).toMatchObject({
        code: 'STORE_TORN',
        message: expect.stringMatching(/lacks the last \d+ commits that .*jobrig\.mark counts/),
      });
      expect(existsSync(cut.log)).toBe(true);
    }
  });

  it('the log damaged in the middle, or gone', async () => {
    const damaged = await killedStore();
    overwrite(damaged.log, Math.floor(statSync(damaged.log).size / 2), Buffer.from('damage'));
    expect(await refusal(damaged)).toMatchObject({ code: 'STORE_TORN' });
    const gone = directory.killed();
    copies.push(gone);
    rmSync(gone.log);
    expect(await refusal(gone)).toMatchObject({
      code: 'STORE_TORN',
      message: expect.stringContaining('lacks the last 40'),
    });
  });

  it('the database gone, its log still there', async () => {
    const left = await killedStore();
    rmSync(left.database);
    expect(await refusal(left)).toMatchObject({
      code: 'STORE_TORN',
      message: `${left.database} is missing, but ${left.log} is there`,
    });
  });

  it('goes on without what is lost for who says so, as the hint tells', async () => {
    const left = await killedStore();
    truncateSync(left.log, statSync(left.log).size / 2);
    const { hint } = (await refusal(left)) as { readonly hint: string };
    expect(hint).toContain(`remove ${left.mark}`);
    rmSync(left.mark);
    const kept = await refusal(left);
    expect(kept).toBeGreaterThan(5);
    expect(kept).toBeLessThan(40);
  });

  it('a mark that is none', async () => {
    const left = await killedStore();
    copyFileSync(left.database, left.mark);
    expect(await refusal(left)).toMatchObject({
      code: 'STORE_TORN',
      message: expect.stringContaining('an unknown number'),
    });
  });
});

const ofSqlite = (errcode: number) => ({ errcode, code: 'ERR_SQLITE_ERROR' });
const ofNode = (code: string) => ({ code, syscall: 'open' });

describe('the file system says no', () => {
  it('to a directory that cannot be made', async () => {
    writeFileSync(join(directory.path, 'file'), '');
    const below = join(directory.path, 'file', 'data');
    expect(await refusal(directory, { directory: below })).toMatchObject({
      code: 'STORE_UNUSABLE',
      message: expect.stringContaining(join(below, 'jobrig.db')),
    });
  });

  it.each(['database', 'mark'] as const)('to a directory where the %s should be', async (which) => {
    if (which === 'mark') close(await open());
    mkdirSync(directory[which]);
    expect(await refusal()).toMatchObject({
      code: 'STORE_UNUSABLE',
      message: expect.stringContaining(directory.database),
      hint: expect.stringContaining('has room'),
    });
  });

  it.each([
    ['SQLITE_PERM', ofSqlite(3), true],
    ['SQLITE_READONLY', ofSqlite(8), true],
    ['SQLITE_READONLY_DIRECTORY', ofSqlite(1544), true],
    ['SQLITE_IOERR', ofSqlite(10), true],
    ['SQLITE_IOERR_SHMSIZE', ofSqlite(4874), true],
    ['SQLITE_FULL', ofSqlite(13), true],
    ['SQLITE_CANTOPEN', ofSqlite(14), true],
    ['ENOSPC', ofNode('ENOSPC'), true],
    ['EDQUOT', ofNode('EDQUOT'), true],
    ['EROFS', ofNode('EROFS'), true],
    ['EACCES', ofNode('EACCES'), true],
    ['EPERM', ofNode('EPERM'), true],
    ['EIO', ofNode('EIO'), true],
    ['SQLITE_CORRUPT', ofSqlite(11), false],
    ['SQLITE_CORRUPT_INDEX', ofSqlite(779), false],
    ['SQLITE_NOTADB', ofSqlite(26), false],
    ['SQLITE_ERROR', ofSqlite(1), false],
  ])('%s: what to do about it', (name, said, isOfSystem) => {
    const files = { database: directory.database, log: directory.log, mark: directory.mark };
    const failing = (): never => {
      throw Object.assign(new Error(name), said);
    };
    const hint = isOfSystem ? /that has room/ : /move this file away/;
    expect(() => attempt(files, failing)).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(hint) as string }) as Error,
    );
  });
});

/** Of the store opened last. */
function thread(): Worker {
  return unref.mock.contexts.at(-1) as Worker;
}

/** A store whose thread ends in this turn, which no event has told of yet. */
async function abandoned(): Promise<SqliteStore> {
  const store = await openSqliteStore({ directory: directory.path, identity });
  await fill(store, 3);
  void thread().terminate();
  return store;
}

describe('the thread has ended', () => {
  const said = {
    code: 'STORE_UNUSABLE',
    message: expect.stringMatching(/jobrig\.db cannot be used any more: its thread has ended/),
  };

  it.each([
    ['closes it', (store: SqliteStore) => store.close()],
    ['reads it', (store: SqliteStore) => [...store.rows()]],
  ])('who %s within that turn is told, and does not wait for ever', async (_what, act) => {
    const store = await abandoned();
    const error = await Promise.resolve()
      .then(() => act(store))
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject(said);
    expect(() => act(store)).toThrow(expect.objectContaining(said));
  });

  it('a commit under way is refused, as is each that follows; what was kept is there for the next thread', async () => {
    const store = await abandoned();
    const row = { table: 'thing', key: 'late', row: {} } as const;
    await expect(store.commit([row], at)).rejects.toMatchObject(said);
    await expect(store.commit([row], at)).rejects.toMatchObject(said);
    const left = directory.killed();
    copies.push(left);
    expect((await rowsOf(left)).length).toBe(3);
  });

  it('by running out of memory, which is said', async () => {
    const store = await openSqliteStore({ directory: directory.path, identity });
    thread().emit('error', new Error('Worker terminated due to reaching memory limit: JS heap out of memory'));
    await expect(store.commit([], at)).rejects.toMatchObject({
      message: expect.stringContaining('its thread has ended (Worker terminated due to reaching memory limit'),
    });
    await thread().terminate();
  });
});
