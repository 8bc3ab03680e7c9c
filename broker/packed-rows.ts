/**
 * Rows of executions as a data directory keeps them: nearly all that is written while devices work, and most of what a row costs is its
 * JSON. What its key says and the names of its members are left out, and instants are told from when it was queued, as small numbers are
 * written and read faster. Whole rows stand beside packed ones: whoever reads takes both.
 */
import { crc32 } from 'node:zlib';
import type { ExecutionRow } from './engine/rows.ts';
import { keyOf } from './store/kept-key.ts';
import type { KeptText } from './store/sqlite-database.ts';
import type { RowChange, Store } from './store/store.ts';

/** What most executions do not have. */
type Rest = Pick<ExecutionRow, 'namespaceId' | 'timesOutAt' | 'forceCanceled' | 'inProgressTimesOutAt' | 'hidden'>;

/** JSON has null for what is not there. */
type PackedExecution = readonly [
  status: ExecutionRow['status'],
  statusDetails: ExecutionRow['statusDetails'] | null,
  queuedAt: number,
  msUntilStarted: number | null | undefined,
  msUntilLastUpdated: number,
  versionNumber: number,
  retryAttempt: number,
  sequence: number,
  rest?: Rest,
];

/** The same store, with executions packed. */
export function packing(store: Store): Store {
  return {
    name: store.name,
    lastCommitAt: store.lastCommitAt,
    rows: async (...wanted) => unpackedRows(await store.rows(...wanted)),
    commit: (changes, at) => store.commit(changes.map(packed), at),
    close: () => store.close(),
  };
}

function packed(change: RowChange): RowChange {
  const { table, key, row } = change;
  return table === 'jobExecution' && row !== undefined ? { table, key, row: pack(row as ExecutionRow) } : change;
}

function pack(row: ExecutionRow): PackedExecution {
  const { queuedAt, startedAt, namespaceId, timesOutAt, forceCanceled, inProgressTimesOutAt, hidden } = row;
  const { status, statusDetails, lastUpdatedAt, versionNumber, retryAttempt, sequence } = row;
  const untilStarted = startedAt === undefined ? undefined : startedAt - queuedAt;
  const untilUpdated = lastUpdatedAt - queuedAt;
  const isPlain =
    timesOutAt === undefined &&
    namespaceId === undefined &&
    inProgressTimesOutAt === undefined &&
    forceCanceled === undefined &&
    hidden === undefined;
  if (isPlain) {
    return [status, statusDetails, queuedAt, untilStarted, untilUpdated, versionNumber, retryAttempt, sequence];
  }
  const rest = { namespaceId, timesOutAt, forceCanceled, inProgressTimesOutAt, hidden };
  return [status, statusDetails, queuedAt, untilStarted, untilUpdated, versionNumber, retryAttempt, sequence, rest];
}

function* unpackedRows(rows: Iterable<Required<RowChange>>): Generator<Required<RowChange>> {
  for (const { table, key, row } of rows) {
    yield { table, key, row: Array.isArray(row) ? unpack(key, row as unknown as PackedExecution) : row };
  }
}

/** Every member by name, so that rows of an earlier process have the shape of new ones. */
function unpack(key: string, packedRow: PackedExecution): ExecutionRow {
  const [jobId, thingName, executionNumber] = key.split('/') as [string, string, string];
  const [status, statusDetails, queuedAt, untilStarted, untilUpdated] = packedRow;
  const [, , , , , versionNumber, retryAttempt, sequence, rest] = packedRow;
  return {
    jobId,
    thingName,
    executionNumber: Number(executionNumber),
    namespaceId: rest?.namespaceId,
    status,
    statusDetails: statusDetails ?? undefined,
    queuedAt,
    startedAt: typeof untilStarted === 'number' ? queuedAt + untilStarted : undefined,
    lastUpdatedAt: queuedAt + untilUpdated,
    versionNumber,
    timesOutAt: rest?.timesOutAt,
    forceCanceled: rest?.forceCanceled,
    retryAttempt,
    sequence,
    inProgressTimesOutAt: rest?.inProgressTimesOutAt,
    hidden: rest?.hidden,
  };
}

/** For other stores, which have whole rows. */
export function unpackedText(kept: KeptText): KeptText {
  const { table, key, text } = kept;
  if (table !== 'jobExecution' || !text.startsWith('[')) return kept;
  const whole = JSON.stringify(unpack(keyOf(key), JSON.parse(text) as PackedExecution));
  return { table, key, text: whole, checksum: crc32(whole, crc32(key)) };
}
