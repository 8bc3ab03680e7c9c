/**
 * What a PostgreSQL store keeps, read as of one moment: everything, by a cursor, or the rows that have changed since a position, by
 * what each commit says that it changed. The number of commits and whose the last one was are read in the same moment, so that a copy
 * knows where to go on. A row whose checksum is wrong comes as `damaged`: whoever needs it decides.
 */
import { crc32 } from 'node:zlib';
import type { Client } from 'pg';
import type { Position } from '../epoch/warm-copy.ts';
import { keyOf } from './kept-key.ts';
import type { PostgresAddress } from './postgres-address.ts';
import { formatVersion } from './postgres-schema.ts';
import type { TableName } from './store.ts';

/** In the place of a row that cannot be believed. */
export const damaged: object = Object.freeze({});

/** A row as it is then; `undefined`: it is gone. */
export type ReadRow = readonly [table: TableName, key: string, row: object | undefined];

export interface ReadRows {
  /** Present: only what has changed since. */
  readonly from?: Position;
  /** Absent: this database does not say what commits change. */
  readonly to: Position | undefined;
  readonly rows: readonly ReadRow[];
}

interface KeptRow {
  readonly kind: TableName;
  readonly key: string;
  readonly value: string;
  readonly checksum: number;
}

const rowsAtOnce = 5000;

/** As a signed integer of 32 bits, which PostgreSQL has. */
export function checksumOf(key: string, text: string): number {
  return crc32(key + text) | 0;
}

export async function readAll(
  client: Client,
  { schema }: PostgresAddress,
  tables: readonly TableName[],
): Promise<ReadRows> {
  const kinds = tables.map((table) => `'${table}'`).join(', ');
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL enable_seqscan = on');
  const rows: ReadRow[] = [];
  try {
    const to = await positionIn(client, schema);
    await client.query(
      `DECLARE everything NO SCROLL CURSOR FOR SELECT kind, key, value, checksum FROM ${schema}.kept WHERE kind IN (${kinds})`,
    );
    const someMore = (): Promise<{ readonly rows: KeptRow[] }> =>
      client.query<KeptRow>(`FETCH ${rowsAtOnce} FROM everything`);
    // The next ones are on their way while these are looked at.
    for (let next = someMore(), isLast = false; !isLast;) {
      const { rows: batch } = await next;
      isLast = batch.length < rowsAtOnce;
      if (!isLast) {
        next = someMore();
        next.catch(() => {}); // Looked at in the next round, if there is one.
      }
      for (const row of batch) rows.push(proved(row));
    }
    return { to, rows };
  } finally {
    await client.query('COMMIT');
  }
}

async function positionIn(client: Client, schema: string): Promise<Position | undefined> {
  const { rows } = await client.query<{ readonly format: number }>(`SELECT format FROM ${schema}.service`);
  if (rows[0]?.format !== formatVersion) return undefined;
  const { rows: last } = await client.query<{ readonly commits: string; readonly owner: string }>(
    `SELECT commits, change.owner FROM ${schema}.service JOIN ${schema}.change USING (commits)`,
  );
  return last[0] && { commits: Number(last[0].commits), owner: last[0].owner };
}

interface ChangedRow {
  readonly commits: string;
  readonly owner: string;
  /** Absent: nothing has changed. */
  readonly kind: TableName | null;
  readonly key: string | null;
  /** Absent: the row is gone. */
  readonly value: string | null;
  readonly checksum: number;
}

/** One statement, so one moment. @returns `undefined` where nothing goes on from there */
export async function readRest(
  client: Client,
  { schema }: PostgresAddress,
  from: Position,
): Promise<ReadRows | undefined> {
  const text = `
    SELECT service.commits, last.owner, changed.kind, changed.key, kept.value, kept.checksum
    FROM ${schema}.service
    JOIN ${schema}.change AS last ON last.commits = service.commits
    JOIN ${schema}.change AS own ON own.commits = $1 AND own.owner = $2
    LEFT JOIN LATERAL (
      SELECT DISTINCT each.kind, each.key
      FROM ${schema}.change, unnest(change.kinds, change.keys) AS each (kind, key)
      WHERE change.commits > own.commits
    ) AS changed ON true
    LEFT JOIN ${schema}.kept ON kept.kind = changed.kind AND kept.key = changed.key`;
  const { rows: found } = await client.query<ChangedRow>({ name: 'rest', text, values: [from.commits, from.owner] });
  const [first] = found;
  if (first === undefined) return undefined;
  const rows: ReadRow[] = [];
  for (const { kind, key, value, checksum } of found) {
    if (kind === null || key === null) continue;
    rows.push(value === null ? [kind, keyOf(key), undefined] : proved({ kind, key, value, checksum }));
  }
  return { from, to: { commits: Number(first.commits), owner: first.owner }, rows };
}

function proved({ kind, key, value, checksum }: KeptRow): ReadRow {
  const isWhole = checksumOf(key, value) === checksum;
  return [kind, keyOf(key), isWhole ? (JSON.parse(value) as object) : damaged];
}
