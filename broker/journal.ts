/**
 * Keeps what happened before anything is said about it. What is handed in during one turn of the event loop is kept by one
 * commit, and is settled together afterwards, in order. Without a store there is no journal. Knows neither commands
 * nor sessions; whoever hands something in gets told when it may speak, or that it never may.
 */
import type { Clock } from './clock.ts';
import type { RowChange, Store } from './store/store.ts';

export interface Journal {
  /** Calls `settled` once, in the order of the calls, with whether the changes are kept. */
  keep(changes: readonly RowChange[], settled: (kept: boolean) => void): void;
  /** Resolves when everything handed in so far is settled. */
  drained(): Promise<void>;
}

type Settled = (kept: boolean) => void;

/**
 * Group commit: while one turn's changes are being kept, the next ones gather.
 * @param onFailure the store failed; from then on nothing is kept, and the process had better end.
 */
export function createJournal(store: Store, clock: Pick<Clock, 'now'>, onFailure: (error: unknown) => void): Journal {
  let changes: RowChange[] = [];
  let waiting: Settled[] = [];
  let commits: Promise<void> | undefined;
  let failed = false;

  async function commitTurns(): Promise<void> {
    while (waiting.length > 0) {
      await endOfTurn();
      const [kept, told] = [changes, waiting];
      [changes, waiting] = [[], []];
      try {
        if (!failed && kept.length > 0) await store.commit(kept, clock.now());
        else if (!failed && store.confirm !== undefined) await store.confirm();
      } catch (error) {
        failed = true;
        onFailure(error);
      }
      for (const settled of told) settled(!failed);
    }
    commits = undefined;
  }

  return {
    keep(more, settled) {
      for (const change of more) changes.push(change);
      waiting.push(settled);
      commits ??= commitTurns();
    },
    drained: () => commits ?? Promise.resolve(),
  };
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
