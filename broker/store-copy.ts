/**
 * Everything that a service keeps, from a data directory into a database or back, as `jobrig store copy` does it: rows as they are, byte
 * for byte, but for packed executions, which are whole then; checked by their number. Nothing is changed at the source; at the target
 * everything is there in the end, or nothing.
 * Keys and certificates of the service itself are files in the data directory and no rows: they stay where they are.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { caKeyFile } from './certificates.ts';
import { rememberDirectory } from './data-directory.ts';
import type { ServiceIdentity } from './engine/contract.ts';
import { unpackedText } from './packed-rows.ts';
import type { CopiedHead, CopySource, CopyTarget } from './store/copied.ts';
import type { PostgresAddress } from './store/postgres-address.ts';
import { openSqliteSource, openSqliteTarget } from './store/sqlite-copy.ts';
import { type TableName, tableNames } from './store/store.ts';

export type CopyPlace = { readonly directory: string } | { readonly database: PostgresAddress };

export interface StoreCopyOptions {
  readonly from: CopyPlace;
  readonly to: CopyPlace;
  readonly signal: AbortSignal;
  readonly onWatch: (leader: string, ms: number) => void;
  readonly onProgress: (copied: number, rows: number) => void;
}

export interface StoreCopy extends CopiedHead {
  readonly from: string;
  readonly to: string;
  /** Of every table, also of those that are empty. */
  readonly rows: Readonly<Record<TableName, number>>;
  readonly total: number;
  /** Whether a directory that was copied into has the keys of an authority; absent for a database. */
  readonly hasAuthority?: boolean;
}

/** @throws {OperationalError} and the reason of an abort: the target is then as it was */
export async function copyStore({ from, to, signal, onWatch, onProgress }: StoreCopyOptions): Promise<StoreCopy> {
  const watched = { signal, onWatch };
  const source = await openSource(from, watched);
  let isCopied = false;
  try {
    const undo = 'directory' in to ? rememberDirectory(to.directory) : () => {};
    try {
      const target = await openTarget(to, source.head, watched);
      const rows = await copyRows(source, target, signal, onProgress);
      isCopied = true;
      const total = Object.values(rows).reduce((sum, count) => sum + count, 0);
      return {
        from: source.name,
        to: target.name,
        ...source.head,
        rows,
        total,
        ...('directory' in to && { hasAuthority: existsSync(join(to.directory, caKeyFile)) }),
      };
    } finally {
      if (!isCopied) undo();
    }
  } finally {
    await source.close(isCopied);
  }
}

type Watched = Pick<StoreCopyOptions, 'signal' | 'onWatch'>;

async function openSource(place: CopyPlace, watched: Watched): Promise<CopySource> {
  if ('directory' in place) return openSqliteSource(place.directory);
  const { openPostgresSource } = await import('./store/postgres-copy.ts');
  return openPostgresSource({ address: place.database, ...watched });
}

async function openTarget(
  place: CopyPlace,
  { region, account }: ServiceIdentity,
  watched: Watched,
): Promise<CopyTarget> {
  if ('directory' in place) return openSqliteTarget(place.directory, { region, account });
  const { openPostgresTarget } = await import('./store/postgres-copy.ts');
  return openPostgresTarget({ address: place.database, ...watched }, { region, account });
}

async function copyRows(
  source: CopySource,
  target: CopyTarget,
  signal: AbortSignal,
  onProgress: StoreCopyOptions['onProgress'],
): Promise<StoreCopy['rows']> {
  const counts = Object.fromEntries(tableNames.map((table) => [table, 0])) as Record<TableName, number>;
  try {
    let copied = 0;
    onProgress(copied, source.rows);
    for await (const batch of source.batches()) {
      signal.throwIfAborted();
      await target.put(batch.map(unpackedText));
      for (const { table } of batch) counts[table] += 1;
      copied += batch.length;
      onProgress(copied, source.rows);
    }
    signal.throwIfAborted();
    await target.keep(source.head);
    return counts;
  } finally {
    await target.close();
  }
}
