/** What tests of `jobrig store copy` have in common: rows that a store may get wrong, in directories and databases, and what is in them. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { type LedStore, openLedStore } from '../../broker/led-store.ts';
import { type CopyPlace, type StoreCopyOptions, copyStore } from '../../broker/store-copy.ts';
import { parsePostgresAddress } from '../../broker/store/postgres-address.ts';
import { openSqliteStore } from '../../broker/store/sqlite-store.ts';
import { type RowChange, tableNames } from '../../broker/store/store.ts';
import type { Postgres } from './postgres.ts';

export const folder = mkdtempSync(join(tmpdir(), 'jobrig-copy-'));
export const identity = { region: 'us-east-1', account: '000000000000' };
let made = 0;
export function newDirectory(): string {
  return join(folder, `data-${(made += 1)}`);
}

export const thing = (key: string): RowChange => ({ table: 'thing', key, row: { thingName: key } });

/** Rows of every table, with keys and texts that a store may get wrong. */
export const oddRows: readonly RowChange[] = [
  ...tableNames.map((table) => ({ table, key: `of ${table}`, row: { table, 10: 'ten', 9: 'nine', empty: {} } })),
  {
    table: 'mqttRetained',
    key: 'sensors/\0/\u001b/\ud800/ü/🙂',
    row: { payload: '\0\ud800"\\\u2028🙂', list: [1e21, -0] },
  },
  { table: 'mqttMessage', key: "it's; DROP TABLE kept", row: { text: 'x'.repeat(200_000) } },
];
/** More than there are in two batches. */
export const manyRows: readonly RowChange[] = [
  ...oddRows,
  ...Array.from({ length: 4100 }, (_, index) => thing(`thing-${index}`)),
];

export async function filled(rows: readonly RowChange[] = oddRows): Promise<string> {
  const directory = newDirectory();
  const store = await openSqliteStore({ directory, identity });
  await store.commit(rows, 1_800_000_000_000);
  store.close();
  return directory;
}

export type Told = Partial<Pick<StoreCopyOptions, 'signal' | 'onProgress' | 'onWatch'>>;

function place(text: string): CopyPlace {
  return text.startsWith('postgres') ? { database: parsePostgresAddress(text) } : { directory: text };
}

export function copy(from: string, to: string, told: Told = {}): ReturnType<typeof copyStore> {
  const { signal = new AbortController().signal, onProgress = () => {}, onWatch = () => {} } = told;
  return copyStore({ from: place(from), to: place(to), signal, onProgress, onWatch });
}

/** Every row of a directory as its bytes are, with the head. */
export function bytesIn(directory: string): readonly string[] {
  const database = new DatabaseSync(join(directory, 'jobrig.db'), { readOnly: true });
  try {
    return ['service', ...tableNames].flatMap((table) =>
      database
        .prepare(`SELECT * FROM ${table}`)
        .all()
        .map((row) => `${table} ${JSON.stringify(row)}`),
    );
  } finally {
    database.close();
  }
}

export async function rowsIn(server: Postgres, url: string): Promise<number> {
  const [{ found } = {}] = await server.admin(
    `SELECT to_regclass('${schemaOf(url)}.kept') IS NOT NULL AS found`,
    databaseOf(url),
  );
  if (found !== true) return 0;
  const [{ rows } = {}] = await server.admin(
    `SELECT count(*)::int AS rows FROM ${schemaOf(url)}.kept`,
    databaseOf(url),
  );
  return rows as number;
}

export async function schemaIsThere(server: Postgres, url: string): Promise<boolean> {
  return (
    (await server.admin(`SELECT FROM pg_namespace WHERE nspname = '${schemaOf(url)}'`, databaseOf(url))).length > 0
  );
}

export function databaseOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

export function schemaOf(url: string): string {
  return new URL(url).searchParams.get('schema') ?? 'jobrig';
}

export async function led(url: string, options: object = {}): Promise<LedStore> {
  const store = await openLedStore({ address: parsePostgresAddress(url), identity, ...options });
  store.restored!();
  return store;
}
