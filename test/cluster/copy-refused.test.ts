/** What keeps `jobrig store copy` from being made: one line, and nothing is left on either side. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import type { LedStore } from '../../broker/led-store.ts';
import { openSqliteStore } from '../../broker/store/sqlite-store.ts';
import type { RowChange } from '../../broker/store/store.ts';
import type { OperationalError } from '../../protocol/operational-error.ts';
import { runHere } from '../support/command-here.ts';
import {
  bytesIn,
  copy,
  databaseOf,
  filled,
  folder,
  identity,
  led,
  newDirectory,
  oddRows,
  rowsIn,
  schemaIsThere,
  schemaOf,
  thing,
} from '../support/copies.ts';
import { type CutWire, cutWire } from '../support/cut-wire.ts';
import { postgresOfTests } from '../support/postgres.ts';

const server = postgresOfTests();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a copy that cannot be made', () => {
  type Case = readonly [name: string, prepare: () => Promise<readonly [string, string]>, code: string];
  const cases: readonly Case[] = [
    ['the directory is not there', async () => [newDirectory(), await server.freshSchema()], 'STORE_MISSING'],
    ['the directory is empty', async () => [emptyFolder(), await server.freshSchema()], 'STORE_MISSING'],
    ['the database has no tables of jobrig', async () => [await server.freshSchema(), newDirectory()], 'STORE_MISSING'],
    ['the database has nothing yet', async () => [await usedOnce(), newDirectory()], 'STORE_MISSING'],
    [
      'the directory has a file of another program',
      async () => [foreignFile(), await server.freshSchema()],
      'STORE_FOREIGN',
    ],
    ['the database has something', async () => [await filled(), await filledDatabase()], 'STORE_NOT_EMPTY'],
    [
      'the directory has something',
      async () => [await filledDatabase(), await filled([thing('a')])],
      'STORE_NOT_EMPTY',
    ],
    [
      'the database is of another account',
      async () => [await filled(), await changed("account = '111122223333'")],
      'STORE_OF_OTHER_ACCOUNT',
    ],
    [
      'the directory is of another region',
      async () => [await filledDatabase(), await emptyElsewhere()],
      'STORE_OF_OTHER_ACCOUNT',
    ],
    ['the database is of a newer version', async () => [await filled(), await changed('format = 3')], 'STORE_VERSION'],
    ['the database is of an older version', async () => [await filled(), await changed('format = 0')], 'STORE_VERSION'],
    ['the source is of a newer version', async () => [await changed('format = 3'), newDirectory()], 'STORE_VERSION'],
    [
      'a row of the directory is damaged',
      async () => [await damagedDirectory(), await server.freshSchema()],
      'STORE_TORN',
    ],
    ['a row of the database is damaged', async () => [await damagedDatabase(), newDirectory()], 'STORE_TORN'],
    ['nobody listens', async () => [await filled(), 'postgres://postgres@127.0.0.1:1/x'], 'STORE_UNREACHABLE'],
  ];

  it.each(cases)('%s: one line, and nothing is left', async (_, prepare, code) => {
    const [from, to] = await prepare();
    const isNew = !existsSync(to);
    const before = to.startsWith('postgres') ? '' : JSON.stringify(isNew ? [] : bytesIn(to));
    const error = await copy(from, to).catch((thrown: unknown) => thrown as OperationalError);
    expect(error).toMatchObject({ name: 'OperationalError', code });
    expect(`${(error as OperationalError).message} ${(error as OperationalError).hint}`).toMatch(/^[^\n]+$/);
    if (to.startsWith('postgres')) return;
    expect(existsSync(to)).toBe(!isNew);
    if (!isNew) expect(JSON.stringify(bytesIn(to))).toBe(before);
  });

  it('either side is in use', async () => {
    const [directory, url] = [await filled(), await filledDatabase()];
    const empty = await server.freshSchema();
    const target = newDirectory();
    const [open, leader, waiting] = [await openSqliteStore({ directory, identity }), await led(url), await led(empty)];
    const inUse = { code: 'STORE_IN_USE', message: expect.stringContaining(`process ${process.pid}`) as string };
    await expect(copy(directory, await server.freshSchema())).rejects.toMatchObject(inUse);
    await expect(copy(url, target)).rejects.toMatchObject(inUse);
    await expect(copy(await filled(), empty)).rejects.toMatchObject(inUse);
    open.close();
    await leader.commit([thing('still its own')], 9);
    await Promise.all([leader.close(), waiting.close()]);
    expect(existsSync(target)).toBe(false);
  });

  it('keeps engines and other copies out while it is made', async () => {
    const [directory, url] = [await filled(), await server.freshSchema()];
    let others: Promise<readonly unknown[]> | undefined;
    let engine: Promise<LedStore> | undefined;
    await copy(directory, url, {
      onProgress(copied) {
        if (copied === 0 || others !== undefined) return;
        others = Promise.allSettled([copy(directory, `${url}_other`)]);
        engine = led(url);
        engine.catch(() => {});
      },
    });
    expect(await others).toMatchObject([{ reason: { code: 'STORE_IN_USE' } }]);
    const store = await engine!;
    expect(await store.rows()).toHaveLength(oddRows.length);
    await store.close();
  });

  it.each([0, 2, 3])(
    'Ctrl-C at moment %i: nothing is left on either side, and it can be made again',
    async (moment) => {
      for (const [from, to] of [
        [await filled(), await server.freshSchema()],
        [await filledDatabase(oddRows), newDirectory()],
      ] as const) {
        const ctrlC = new AbortController();
        const reason = new Error('interrupted');
        let seen = 0;
        if (moment === 0) ctrlC.abort(reason);
        const onProgress = (copied: number, rows: number): void => {
          seen += 1;
          if (seen === moment || (moment === 3 && copied === rows)) ctrlC.abort(reason);
        };
        await expect(copy(from, to, { signal: ctrlC.signal, onProgress })).rejects.toBe(reason);
        if (to.startsWith('postgres')) expect(await schemaIsThere(server, to)).toBe(false);
        else expect(existsSync(to)).toBe(false);
        expect(await copy(from, to)).toMatchObject({ total: oddRows.length });
      }
    },
  );

  it.each(['cut', 'deafen'] as const)('the database is lost on the way (%s): nothing is kept', async (what) => {
    const [directory, url] = [await filled(), await server.freshSchema()];
    const wire: CutWire = await cutWire(server.port);
    const ctrlC = new AbortController();
    const onProgress = (copied: number): void => {
      if (copied === 0) return;
      wire[what]();
      // A database that never answers is given up by Ctrl-C only.
      if (what === 'deafen') setImmediate(() => ctrlC.abort(new Error('interrupted')));
    };
    const by = url.replace(/:\d+\//, `:${wire.port}/`);
    const failed = expect(copy(directory, by, { signal: ctrlC.signal, onProgress })).rejects;
    await (what === 'cut' ? failed.toMatchObject({ code: 'STORE_UNREACHABLE' }) : failed.toThrow('interrupted'));
    wire.cut();
    await wire[Symbol.asyncDispose]();
    // The server may need a moment to see that nobody is there any more.
    await expect
      .poll(() => copy(directory, url).catch((error: { code: string }) => error.code), { timeout: 20_000 })
      .toMatchObject({ total: oddRows.length });
  });

  it('a disk that is full', async () => {
    const url = await server.fresh();
    await (await led(url)).close();
    await server.admin(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$;
       CREATE TRIGGER full_disk BEFORE INSERT ON jobrig.kept FOR EACH ROW EXECUTE FUNCTION refuse()`,
      databaseOf(url),
    );
    await expect(copy(await filled(), url)).rejects.toMatchObject({ code: 'STORE_NOT_WRITTEN' });
    expect(await rowsIn(server, url)).toBe(0);
  });

  it.each<[string, string[], string]>([
    ['two directories', ['store', 'copy', 'a', 'b'], 'directories'],
    ['the same database twice', ['store', 'copy', 'postgres://h/x', 'postgres://u:hunter2@h/x'], 'same database'],
    ['another scheme', ['store', 'copy', 'a', 'mysql://h/x'], 'TO is no address'],
    ['an address without a database', ['store', 'copy', 'postgres://u:hunter2@h', 'a'], 'FROM names no database'],
    ['an empty word', ['store', 'copy', '', 'postgres://h/x'], "argument 'from'. It is empty."],
    ['one word', ['store', 'copy', 'a'], "'to'"],
    ['three words', ['store', 'copy', 'a', 'postgres://h/x', 'c'], 'too many arguments'],
    ['no word', ['store'], 'copy FROM TO'],
    ['another word', ['store', 'move', 'a', 'b'], 'move'],
    ['an unknown flag', ['store', 'copy', 'a', 'postgres://h/x', '--force'], '--force'],
  ])('%s: wrong usage in one line', async (_, words, named) => {
    const { code, stdout, stderr } = await runHere(...words);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^jobrig: [^\n]+\n$/);
    expect(stderr).toContain(named);
    expect(stderr).not.toContain('hunter2');
  });
});

function emptyFolder(): string {
  const directory = newDirectory();
  mkdirSync(directory);
  return directory;
}

function foreignFile(): string {
  const directory = emptyFolder();
  writeFileSync(join(directory, 'jobrig.db'), 'something else, and long enough to be looked at as a header of a file');
  return directory;
}

/** A database in which an engine has led and kept nothing. */
async function usedOnce(): Promise<string> {
  const url = await server.freshSchema();
  await (await led(url)).close();
  return url;
}

async function filledDatabase(rows: readonly RowChange[] = [thing('a')]): Promise<string> {
  const url = await server.freshSchema();
  const store = await led(url);
  await store.commit(rows, 5);
  await store.close();
  return url;
}

async function changed(assignment: string): Promise<string> {
  const url = await usedOnce();
  await server.admin(`UPDATE ${schemaOf(url)}.service SET ${assignment}`, databaseOf(url));
  return url;
}

async function emptyElsewhere(): Promise<string> {
  const directory = newDirectory();
  const store = await openSqliteStore({ directory, identity: { ...identity, region: 'eu-west-1' } });
  await store.commit([], 1);
  store.close();
  return directory;
}

async function damagedDirectory(): Promise<string> {
  const directory = await filled();
  const database = new DatabaseSync(join(directory, 'jobrig.db'));
  database.exec(`UPDATE mqttRetained SET row = '{}'`);
  database.close();
  return directory;
}

async function damagedDatabase(): Promise<string> {
  const url = await filledDatabase();
  await server.admin(`UPDATE ${schemaOf(url)}.kept SET value = '{}'`, databaseOf(url));
  return url;
}
