/**
 * What a database keeps, as an engine that does not lead yet has it in memory, so that it need not read everything when it takes over. It
 * goes on only from where it is: a position says how many commits there were and whose the last one was, and an owner makes each number
 * once, so two databases that agree there agree in everything before. Only a hint of how much is left to read: who has taken over
 * reads the rest after that. Source of the rules: docs/decisions/0011-epoch-and-takeover.md.
 */

export interface Position {
  readonly commits: number;
  /** Who made the last of them. */
  readonly owner: string;
}

/** What is kept at a moment, or what of it has changed since another one. */
export interface Read<Table extends string, Row> {
  /** Absent: it is everything. */
  readonly from?: Position;
  /** Absent: nothing can go on from there. */
  readonly to: Position | undefined;
  /** A row as it is then; `undefined`: it is gone. Each at most once. */
  readonly rows: Iterable<readonly [table: Table, key: string, row: Row | undefined]>;
}

export class WarmCopy<Table extends string, Row> {
  readonly #tables = new Map<Table, Map<string, Row>>();
  #position: Position | undefined;

  /** Absent: there is nothing yet, or nothing to go on from. */
  get position(): Position | undefined {
    return this.#position;
  }

  take({ from, to, rows }: Read<Table, Row>): void {
    if (from === undefined) this.#tables.clear();
    else if (!isSame(from, this.#position)) throw new Error('a copy goes on from where it is');
    for (const [table, key, row] of rows) {
      const all = this.#rowsOf(table);
      if (row === undefined) all.delete(key);
      else all.set(key, row);
    }
    this.#position = to;
  }

  #rowsOf(table: Table): Map<string, Row> {
    let rows = this.#tables.get(table);
    if (rows === undefined) this.#tables.set(table, (rows = new Map<string, Row>()));
    return rows;
  }

  *rows(isWanted: (table: Table) => boolean = () => true): Generator<readonly [table: Table, key: string, row: Row]> {
    for (const [table, rows] of this.#tables) {
      if (isWanted(table)) for (const [key, row] of rows) yield [table, key, row];
    }
  }
}

function isSame(one: Position, other: Position | undefined): boolean {
  return other !== undefined && one.commits === other.commits && one.owner === other.owner;
}
