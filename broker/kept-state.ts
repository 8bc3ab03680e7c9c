/**
 * What a service comes back to: the engine's rows, MQTT sessions and how late it was, from one directory, from a database or from nothing.
 * Joins store, journal and clock and knows what none of them is for. Service time goes on from the last commit where the
 * wall clock is behind it, as it is after a run with a faster clock.
 */
import { type Clock, scaledClock } from './clock.ts';
import type { Change, ServiceIdentity } from './engine/contract.ts';
import { letDieYoung, pauseBriefly } from './garbage-collection.ts';
import { type Journal, createJournal } from './journal.ts';
import type { LedStore, LedStoreOptions } from './led-store.ts';
import type { SessionChange, SessionStore } from './mqtt/kept-sessions.ts';
import { Inflow } from './net/inflow.ts';
import { packing } from './packed-rows.ts';
import { OperationalError } from '../protocol/operational-error.ts';
import type { DurationMs } from '../protocol/time.ts';
import { torn } from './store/database-file.ts';
import type { Durability } from './store/sqlite-database.ts';
import { openSqliteStore } from './store/sqlite-store.ts';
import type { PostgresAddress } from './store/postgres-address.ts';
import { type DamageListener, type RowChange, type Store, isSessionTable } from './store/store.ts';

export interface KeptState {
  readonly clock: Clock;
  /** How far service time is ahead of the wall clock at the start, because an earlier service got that far. */
  readonly aheadMs?: DurationMs;
  /** Absent in memory. */
  readonly journal?: Journal;
  readonly sessionStore?: SessionStore;
  /** Held while too much waits to be kept. */
  readonly inflow: Inflow;
  /** Builds what rows are for. @throws OperationalError naming the file when its rows do not fit together. */
  restore<Built>(build: (rows: Iterable<Required<Change>>) => Built): Promise<Built>;
  /** Of an engine that leads on a database. */
  readonly led?: Pick<LedStore, 'epoch' | 'lagMs'>;
  /** After whoever hands in changes has been closed. */
  close(): Promise<void>;
}

export interface KeptStateOptions {
  /** A directory, or the address of a database. */
  readonly place: { readonly directory: string } | { readonly database: PostgresAddress };
  readonly identity: ServiceIdentity;
  readonly durability?: Durability;
  readonly timeScale?: number;
  /** Makes service time of the steady clock; absent: it is that. */
  readonly clockOf?: (steady: Clock) => Clock;
  /** Nothing can be kept any more: the service refuses everything from now on. */
  readonly onFailure: (error: unknown) => void;
  readonly onWarning?: (warning: string) => void;
  /** How to lead on a database. */
  readonly leading?: Leading;
}

export type Leading = Pick<LedStoreOptions, 'policy' | 'isPatient' | 'onWaiting' | 'onFollowing' | 'signal'>;

export function stateInMemory({
  timeScale,
  clockOf = itself,
}: Pick<KeptStateOptions, 'timeScale' | 'clockOf'>): KeptState {
  pauseBriefly();
  return {
    clock: clockOf(scaledClock(timeScale)),
    inflow: new Inflow(),
    restore: (build) => Promise.resolve(build([])),
    close: () => Promise.resolve(),
  };
}

const itself = (steady: Clock): Clock => steady;

/** @throws OperationalError naming the file or database when it is in use, torn, foreign or cannot be written. */
export async function openKeptState(options: KeptStateOptions): Promise<KeptState> {
  const { timeScale, clockOf = itself, onFailure, onWarning } = options;
  let failed = false;
  const fail = (error: unknown): void => {
    if (!failed) onFailure(error);
    failed = true;
  };
  letDieYoung();
  const store = await openStore(options, fail);
  /** Sessions as a database gave them with all else, until something is kept of them. */
  let early: ReadSessions | undefined;
  const isLed = 'epoch' in store;
  const clock = clockOf(scaledClock(timeScale, store.lastCommitAt));
  const inflow = new Inflow();
  let hasLagged = false;
  inflow.onChange(() => {
    if (!hasLagged) onWarning?.(`${store.name} lags: while very much waits to be kept, clients are not read`);
    hasLagged = true;
  });
  const journal = createJournal(store, clock, fail, inflow);
  return {
    clock,
    aheadMs: Math.max((store.lastCommitAt ?? 0) - Date.now(), 0),
    journal,
    inflow,
    ...(isLed && { led: store }),
    sessionStore: {
      async rows(damaged) {
        if (early === undefined) return sessionRows(store, damaged);
        const { rows, damaged: those } = early;
        early = undefined;
        for (const row of those) damaged(row);
        return rows;
      },
      keep(change) {
        early = undefined;
        journal.keep([change], () => {});
      },
      kept: () => new Promise((resolve, reject) => journal.keep([], settle(resolve, reject))),
    },
    async restore(build) {
      if (isLed) early = await readSessions(store);
      const rows = await store.rows((table) => !isSessionTable(table));
      try {
        const built = build(engineRows(rows));
        store.restored?.();
        return built;
      } catch (cause) {
        if (cause instanceof OperationalError) throw cause;
        throw torn(store.name, 'holds rows that do not fit together', cause);
      }
    },
    async close() {
      await journal.drained();
      try {
        if (!failed) await store.commit([], clock.now());
        await store.close();
      } catch (error) {
        // A full disk refuses this too, and a database may have gone away; it is then as a killed process would leave it.
        if (!failed) throw error;
      }
    },
  };
}

async function openStore(options: KeptStateOptions, onFailure: (error: unknown) => void): Promise<Store | LedStore> {
  const { place, identity, durability, onWarning, leading } = options;
  if ('directory' in place) {
    const store = await openSqliteStore({ directory: place.directory, identity, durability });
    return store.takesPacked ? packing(store) : store;
  }
  const { openLedStore } = await import('./led-store.ts');
  return openLedStore({
    ...leading,
    address: place.database,
    identity,
    ...(durability && { durability }),
    onFailure,
    ...(onWarning && { onWarning }),
  });
}

interface ReadSessions {
  readonly rows: readonly Required<SessionChange>[];
  readonly damaged: readonly Pick<SessionChange, 'table' | 'key'>[];
}

async function readSessions(store: Store): Promise<ReadSessions> {
  const damaged: Pick<SessionChange, 'table' | 'key'>[] = [];
  const rows = [...(await sessionRows(store, (row) => damaged.push(row)))];
  return { rows, damaged };
}

/** One in memory at a time where the store reads them so. */
async function sessionRows(
  store: Store,
  damaged: (row: Pick<SessionChange, 'table' | 'key'>) => void,
): Promise<Iterable<Required<SessionChange>>> {
  const tell: DamageListener = (table, key) => {
    if (isSessionTable(table)) damaged({ table, key });
  };
  return ofSessions(await store.rows(isSessionTable, tell));
}

function* ofSessions(rows: Iterable<Required<RowChange>>): Generator<Required<SessionChange>> {
  for (const { table, key, row } of rows) if (isSessionTable(table)) yield { table, key, row };
}

function* engineRows(rows: Iterable<Required<RowChange>>): Generator<Required<Change>> {
  for (const { table, key, row } of rows) if (!isSessionTable(table)) yield { table, key, row };
}

function settle(resolve: () => void, reject: (error: Error) => void): (kept: boolean) => void {
  return (kept) => (kept ? resolve() : reject(new Error('the service could not store its state')));
}
