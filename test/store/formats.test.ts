/** Files of earlier formats go on as they are: in those of the first rows lie in the order of their keys, newer ones keep together what is made together. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { DatabaseSync } from '@photostructure/sqlite';
import { describe, expect, it } from 'vitest';
import { openSqliteSource } from '../../broker/store/sqlite-copy.ts';
import { type SqliteStore, openSqliteStore } from '../../broker/store/sqlite-store.ts';
import { type RowChange, tableNames } from '../../broker/store/store.ts';
import { testStoreDirectory } from '../support/store-directory.ts';

const identity = { region: 'us-east-1', account: '000000000000' };
const at = 1_700_000_000_000;
const applicationId = 0x6a_62_72_67;

type Row = Required<RowChange>;

/** More than is read at once, in an order that is not that of their keys. */
const rows: readonly Row[] = Array.from({ length: 3000 }, (_, index) => {
  const key = `thing-${(index * 7919) % 3001}`;
  return { table: 'thing', key, row: { thingName: key, text: 'x'.repeat(500) } };
});

/** As jobrig made it before. @param isWithout a table that was not known yet */
function makeEarlier(file: string, format: number, isWithout: string): void {
  const database = new DatabaseSync(file);
  const order = format === 1 ? ' WITHOUT ROWID' : '';
  const columns = `(key TEXT PRIMARY KEY, row TEXT NOT NULL, checksum INTEGER NOT NULL)${order}`;
  for (const table of tableNames) if (table !== isWithout) database.exec(`CREATE TABLE ${table} ${columns}`);
  database.exec(
    'CREATE TABLE service (id INTEGER PRIMARY KEY CHECK (id = 1), head TEXT NOT NULL, checksum INTEGER NOT NULL)',
  );
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${format}; BEGIN`);
  const put = (table: string) => database.prepare(`INSERT INTO ${table} VALUES (?, ?, ?)`);
  const putThing = put('thing');
  for (const { key, row } of rows) {
    const text = JSON.stringify(row);
    putThing.run(key, text, crc32(text, crc32(key)));
  }
  const head = JSON.stringify({ ...identity, commits: 1, at });
  put('service').run(1, head, crc32(head));
  database.exec('COMMIT');
  database.close();
}

function formatOf(file: string): unknown {
  const database = new DatabaseSync(file);
  try {
    const { sql } = database.prepare("SELECT sql FROM sqlite_schema WHERE name = 'shadow'").get() as { sql: string };
    return { ...(database.prepare('PRAGMA user_version').get() as object), isByKey: sql.endsWith('WITHOUT ROWID') };
  } finally {
    database.close();
  }
}

function byKey(some: Iterable<Row>): readonly Row[] {
  return [...some].sort((one, other) => (one.key < other.key ? -1 : 1));
}

/** Every row once, by its key. */
async function read(path: string, change?: (store: SqliteStore) => Promise<void>): Promise<readonly Row[]> {
  const store = await openSqliteStore({ directory: path, identity });
  try {
    await change?.(store);
    return byKey(store.rows());
  } finally {
    store.close();
  }
}

describe.each([
  { format: 1, isByKey: true },
  { format: 2, isByKey: false },
  { format: 3, isByKey: false },
])('a file of format $format', ({ format, isByKey }) => {
  it('is read, written and copied, and stays in its format', async () => {
    const directory = testStoreDirectory();
    if (format < 3) makeEarlier(directory.database, format, 'shadow');
    else await read(directory.path, (store) => store.commit(rows, at));
    expect(await read(directory.path)).toEqual(byKey(rows));

    const changed = { table: 'thing', key: rows[7]!.key, row: { is: 'new' } } as const;
    const later = [
      { table: 'thing', key: rows[8]!.key },
      changed,
      { table: 'shadow', key: 'lamp/', row: { is: 'added' } },
    ] as const;
    const expected = byKey([...rows.filter((_, index) => index !== 7 && index !== 8), changed, later[2]]);
    expect(await read(directory.path, (store) => store.commit(later, at))).toEqual(expected);
    expect(await read(directory.path)).toEqual(expected);
    expect(formatOf(directory.database)).toEqual({ user_version: format, isByKey });

    const source = openSqliteSource(directory.path);
    const keys: string[] = [];
    for await (const batch of source.batches()) keys.push(...batch.map(({ key }) => key));
    await source.close(false);
    expect(keys.sort()).toEqual(expected.map(({ key }) => key));
  });
});

describe('a new file', () => {
  it('has in few pages what was made together, whatever its names', async () => {
    const directory = testStoreDirectory();
    await read(directory.path, async (store) => {
      await store.commit(rows.slice(0, 1500), at);
      const before = statSync(directory.log).size;
      const changed = rows.slice(700, 800).map((row) => ({ ...row, row: { ...row.row, text: 'y'.repeat(500) } }));
      await store.commit(changed, at);
      // A hundred rows of 550 bytes; in the order of their keys they lie in some eighty pages of 4 KB.
      expect(statSync(directory.log).size - before).toBeLessThan(120_000);
    });
  });

  it('is refused where the index of a table has another key than the table', async () => {
    const directory = testStoreDirectory();
    await read(directory.path, (store) => store.commit(rows, at));
    const file = readFileSync(directory.database);
    // In a table its row comes after the key, and in the row a quotation mark before it.
    const key = 'thing-2000';
    let place = file.indexOf(key);
    while ('"'.charCodeAt(0) === file[place - 1] || '{'.charCodeAt(0) === file[place + key.length]) {
      place = file.indexOf(key, place + 1);
    }
    file[place + key.length - 1]! ^= 1;
    writeFileSync(directory.database, file);
    await expect(openSqliteStore({ directory: directory.path, identity })).rejects.toMatchObject({
      code: 'STORE_TORN',
    });
  });
});
