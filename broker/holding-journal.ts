/**
 * A journal that can be held up: what is handed in while it is held waits, in order, until whoever holds it lets go. The link
 * holds it while a door says what has to be kept together with an outcome, so that both are one commit and later outcomes
 * stay behind.
 */
import type { Journal } from './journal.ts';
import type { RowChange } from './store/store.ts';

export interface HoldingJournal extends Journal {
  /** The outcome that is handed in next waits until the returned function is called; its rows are kept with it. Holds add up. */
  hold(): (rows: readonly RowChange[]) => void;
}

interface Outcome {
  readonly changes: readonly RowChange[];
  readonly settled: (kept: boolean) => void;
}

/** What an outcome waits for, from before it is handed in. */
interface Place {
  holds: number;
  readonly rows: RowChange[];
  outcome?: Outcome;
}

export function holdingJournal(journal: Journal): HoldingJournal {
  const waiting: Place[] = [];
  let next: Place = { holds: 0, rows: [] };
  const whenEmpty: (() => void)[] = [];

  function letGo(): void {
    while (waiting.length > 0 && waiting[0]!.holds === 0) {
      const { outcome, rows } = waiting.shift()!;
      journal.keep([...rows, ...outcome!.changes], outcome!.settled);
    }
    if (waiting.length === 0) for (const empty of whenEmpty.splice(0)) empty();
  }

  return {
    hold() {
      const place = next;
      place.holds += 1;
      let isHeld = true;
      return (rows) => {
        if (!isHeld) return;
        isHeld = false;
        place.rows.push(...rows);
        place.holds -= 1;
        if (place.outcome !== undefined) letGo();
      };
    },
    keep(changes, settled) {
      if (next.holds === 0 && next.rows.length === 0 && waiting.length === 0) {
        journal.keep(changes, settled);
        return;
      }
      next.outcome = { changes, settled };
      waiting.push(next);
      next = { holds: 0, rows: [] };
      letGo();
    },
    async drained() {
      if (waiting.length > 0) await new Promise<void>((resolve) => whenEmpty.push(resolve));
      await journal.drained();
    },
  };
}
