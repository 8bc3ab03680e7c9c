/**
 * Keeps what happened before anything is said about it. What is handed in during one turn of the event loop is kept by one
 * commit, and is settled together afterwards, in order. Without a store there is no journal. Knows neither commands
 * nor sessions; whoever hands something in gets told when it may speak, or that it never may.
 */
import type { Clock } from './clock.ts';
import type { ExecutionRow } from './engine/rows.ts';
import { Inflow } from './net/inflow.ts';
import type { RowChange, Store } from './store/store.ts';

export interface Journal {
  /** Calls `settled` once, in the order of the calls, with whether the changes are kept. */
  keep(changes: readonly RowChange[], settled: (kept: boolean) => void): void;
  /** Resolves when everything handed in so far is settled. */
  drained(): Promise<void>;
}

type Settled = (kept: boolean) => void;

const maxWaitingBytes = 64 * 1024 * 1024;
/** Of who waits for it to be kept. */
const bytesOfAnswer = 512;
/** Of a row of an execution without its details: most rows are of executions, and all of these are about as long. */
const bytesOfExecution = 512;
/** Of a list, an object or a number, and of each of their members. */
const bytesOfValue = 16;

/**
 * About as much as it takes in memory or as JSON. By its values at once: rows come with many sets of members, and a look at each member
 * by name learns nothing from the row before.
 */
function bytesOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  let bytes = bytesOfValue;
  if (typeof value !== 'object' || value === null) return bytes;
  for (const member of Object.values(value)) {
    bytes += typeof member === 'number' ? bytesOfValue : bytesOf(member);
  }
  return bytes;
}

function bytesOfRow({ table, row }: RowChange): number {
  if (table !== 'jobExecution' || row === undefined) return bytesOf(row);
  return bytesOfExecution + bytesOf((row as ExecutionRow).statusDetails);
}

/**
 * Group commit: while one turn's changes are being kept, the next ones gather.
 * @param onFailure the store failed; from then on nothing is kept, and the process had better end.
 * @param inflow is held while more than `maxBytes` wait, and until half of them have been kept.
 */
export function createJournal(
  store: Store,
  clock: Pick<Clock, 'now'>,
  onFailure: (error: unknown) => void,
  inflow = new Inflow(),
  maxBytes = maxWaitingBytes,
): Journal {
  let changes: RowChange[] = [];
  let waiting: Settled[] = [];
  /** Of what is gathered, and of the commit under way. */
  let bytes = 0;
  let underWay = 0;
  let commits: Promise<void> | undefined;
  let failed = false;

  async function commitTurns(): Promise<void> {
    while (waiting.length > 0) {
      await endOfTurn();
      const [kept, told, size] = [changes, waiting, bytes];
      [changes, waiting, bytes] = [[], [], 0];
      underWay = size;
      try {
        if (!failed && kept.length > 0) await store.commit(kept, clock.now());
        else if (!failed && store.confirm !== undefined) await store.confirm();
      } catch (error) {
        failed = true;
        onFailure(error);
      }
      underWay = 0;
      if (bytes <= maxBytes / 2) inflow.hold(false);
      for (const settled of told) settled(!failed);
    }
    commits = undefined;
  }

  return {
    keep(more, settled) {
      for (const change of more) {
        changes.push(change);
        bytes += bytesOf(change.key) + bytesOfRow(change);
      }
      waiting.push(settled);
      bytes += bytesOfAnswer;
      if (bytes + underWay > maxBytes) inflow.hold(true);
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
