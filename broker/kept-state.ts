/**
 * What a service comes back to: the engine's rows, MQTT sessions and how late it was, from one directory or from nothing.
 * Joins store, journal and clock and knows what none of them is for. Service time goes on from the last commit where the
 * wall clock is behind it, as it is after a run with a faster clock.
 */
import { type Clock, scaledClock } from './clock.ts';
import type { Change, ServiceIdentity } from './engine/contract.ts';
import { type Journal, createJournal } from './journal.ts';
import type { SessionStore } from './mqtt/kept-sessions.ts';
import { OperationalError } from '../protocol/operational-error.ts';
import type { DurationMs } from '../protocol/time.ts';
import { torn } from './store/database-file.ts';
import { type Durability, openSqliteStore } from './store/sqlite-store.ts';
import { type DamageListener, type RowChange, isSessionTable } from './store/store.ts';

export interface KeptState {
  readonly clock: Clock;
  /** How far service time is ahead of the wall clock at the start, because an earlier service got that far. */
  readonly aheadMs?: DurationMs;
  /** Absent in memory. */
  readonly journal?: Journal;
  readonly sessionStore?: SessionStore;
  /** Builds what rows are for. @throws OperationalError naming the file when its rows do not fit together. */
  restore<Built>(build: (rows: Iterable<Required<Change>>) => Built): Built;
  /** After whoever hands in changes has been closed. */
  close(): Promise<void>;
}

export interface KeptStateOptions {
  readonly directory: string;
  readonly identity: ServiceIdentity;
  readonly durability?: Durability;
  readonly timeScale?: number;
  /** Makes service time of the steady clock; absent: it is that. */
  readonly clockOf?: (steady: Clock) => Clock;
  /** Nothing can be kept any more: the service refuses everything from now on. */
  readonly onFailure: (error: unknown) => void;
}

export function stateInMemory({
  timeScale,
  clockOf = itself,
}: Pick<KeptStateOptions, 'timeScale' | 'clockOf'>): KeptState {
  return { clock: clockOf(scaledClock(timeScale)), restore: (build) => build([]), close: () => Promise.resolve() };
}

const itself = (steady: Clock): Clock => steady;

/** @throws OperationalError naming the file when it is in use, torn, foreign or cannot be written. */
export function openKeptState({ timeScale, clockOf = itself, onFailure, ...where }: KeptStateOptions): KeptState {
  const store = openSqliteStore(where);
  const clock = clockOf(scaledClock(timeScale, store.lastCommitAt));
  let failed = false;
  const journal = createJournal(store, clock, (error) => {
    failed = true;
    onFailure(error);
  });
  return {
    clock,
    aheadMs: Math.max((store.lastCommitAt ?? 0) - Date.now(), 0),
    journal,
    sessionStore: {
      *rows(damaged) {
        for (const { table, key, row } of store.rows(isSessionTable, tellOfSession(damaged))) {
          if (isSessionTable(table)) yield { table, key, row };
        }
      },
      keep: (change) => journal.keep([change], () => {}),
      kept: () => new Promise((resolve, reject) => journal.keep([], settle(resolve, reject))),
    },
    restore(build) {
      try {
        return build(engineRows(store.rows((table) => !isSessionTable(table))));
      } catch (cause) {
        if (cause instanceof OperationalError) throw cause;
        throw torn(store.name, 'holds rows that do not fit together', cause);
      }
    },
    async close() {
      await journal.drained();
      if (!failed) await store.commit([], clock.now());
      try {
        store.close();
      } catch (error) {
        // A full disk refuses this too; the file is then as a killed process would leave it.
        if (!failed) throw error;
      }
    },
  };
}

function* engineRows(rows: Iterable<Required<RowChange>>): Generator<Required<Change>> {
  for (const { table, key, row } of rows) if (!isSessionTable(table)) yield { table, key, row };
}

function tellOfSession(damaged: Parameters<SessionStore['rows']>[0]): DamageListener {
  return (table, key) => {
    if (isSessionTable(table)) damaged({ table, key });
  };
}

function settle(resolve: () => void, reject: (error: Error) => void): (kept: boolean) => void {
  return (kept) => (kept ? resolve() : reject(new Error('the service could not store its state')));
}
