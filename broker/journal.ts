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

interface Entry {
  readonly changes: readonly RowChange[];
  readonly settled: (kept: boolean) => void;
}

/**
 * Group commit: while one turn's changes are being kept, the next ones gather.
 * @param onFailure the store failed; from then on nothing is kept, and the process had better end.
 */
export function createJournal(store: Store, clock: Pick<Clock, 'now'>, onFailure: (error: unknown) => void): Journal {
  let gathering: Entry[] = [];
  let commits: Promise<void> | undefined;
  let failed = false;

  async function commitTurns(): Promise<void> {
    while (gathering.length > 0) {
      await endOfTurn();
      const turn = gathering;
      gathering = [];
      const changes = turn.flatMap((entry) => entry.changes);
      try {
        if (!failed && changes.length > 0) await store.commit(changes, clock.now());
        else if (!failed && store.confirm !== undefined) await store.confirm();
      } catch (error) {
        failed = true;
        onFailure(error);
      }
      for (const entry of turn) entry.settled(!failed);
    }
    commits = undefined;
  }

  return {
    keep(changes, settled) {
      gathering.push({ changes, settled });
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
