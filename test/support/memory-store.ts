/** A store that keeps rows in a map: what every store must do, in the fewest words. */
import type { RowChange, Store } from '../../broker/store/store.ts';
import type { EpochMs } from '../../protocol/time.ts';

export class MemoryStore implements Store {
  readonly name = 'memory';
  lastCommitAt: EpochMs | undefined;
  readonly #rows = new Map<string, Required<RowChange>>();

  *rows(isWanted: (table: RowChange['table']) => boolean = () => true): Iterable<Required<RowChange>> {
    for (const row of this.#rows.values()) if (isWanted(row.table)) yield row;
  }

  commit(changes: readonly RowChange[], at: EpochMs): void {
    // A row that cannot be written is found before anything is.
    const written = changes.map(({ table, key, row }) => ({ table, key, text: row && JSON.stringify(row) }));
    for (const { table, key, text } of written) {
      const place = `${table} ${key}`;
      if (text === undefined) this.#rows.delete(place);
      else this.#rows.set(place, { table, key, row: JSON.parse(text) as object });
    }
    this.lastCommitAt = at;
  }

  close(): void {}
}
