/**
 * What two stores need so that everything of one can be put into the other: rows as they are kept, in batches. A source
 * and a target are held until they are closed, so that no service changes or finds them meanwhile; a target has everything or nothing.
 */
import type { Head } from './database-file.ts';
import type { KeptText } from './sqlite-database.ts';

/** Whose rows they are, how many commits made them, and the service time of the last one. */
export type CopiedHead = Pick<Head, 'region' | 'account' | 'commits'> & { readonly at: number | undefined };

export interface CopySource {
  /** How errors call it. */
  readonly name: string;
  readonly head: CopiedHead;
  readonly rows: number;
  batches(): AsyncIterable<readonly KeptText[]>;
  /** Leaves it as it was. @param isCopied whoever believed to lead on it does no longer */
  close(isCopied: boolean): Promise<void>;
}

export interface CopyTarget {
  readonly name: string;
  put(batch: readonly KeptText[]): Promise<void>;
  /** Everything is kept from now on. @throws {OperationalError} then nothing is, or it is not known */
  keep(head: CopiedHead): Promise<void>;
  /** After `keep`, or to leave it as it was. */
  close(): Promise<void>;
}

/** At most so much of a store is in memory at once, but for the last row of a batch. */
const batchBytes = 1_000_000;
const batchRows = 2000;

/** Rows gathered until there is enough of them. */
export function* inBatches<Row extends KeptText>(rows: Iterable<Row>): Generator<readonly Row[]> {
  let batch: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    batch.push(row);
    bytes += row.key.length + row.text.length;
    if (batch.length < batchRows && bytes < batchBytes) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}
