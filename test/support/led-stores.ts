/** Stores that lead on a test's own PostgreSQL, with so little patience that a leader which is cut off is over at once. */
import { type LedStore, type LedStoreOptions, openLedStore } from '../../broker/led-store.ts';
import { parsePostgresAddress } from '../../broker/store/postgres-address.ts';
import type { RowChange } from '../../broker/store/store.ts';
import type { CutWire } from './cut-wire.ts';

const identity = { region: 'us-east-1', account: '000000000000' };

/** A leader that cannot reach its database is over at once, as if it had been killed. */
const policy = {
  lookEveryMs: 5,
  beatEveryMs: 20,
  patienceMs: 60,
  patienceToRestoreMs: 60,
  retryMs: 5,
  leastSilenceMs: 0,
  goneMs: 60,
  maxAwayMs: 0,
};

/** Before anything was read. */
export function leading(url: string, options: Partial<LedStoreOptions> = {}): Promise<LedStore> {
  return openLedStore({
    address: parsePostgresAddress(url),
    identity,
    ...options,
    policy: { ...policy, ...options.policy },
  });
}

/** As if a service had been built of its rows. */
export async function led(url: string, options: Partial<LedStoreOptions> = {}): Promise<LedStore> {
  const store = await leading(url, options);
  store.restored!();
  return store;
}

export function thing(key: string, row: object = { thingName: key }): RowChange {
  return { table: 'thing', key, row };
}

export async function keysIn(store: LedStore): Promise<readonly string[]> {
  return [...(await store.rows())].map(({ key }) => key).sort();
}

/** The same database by way of a wire. */
export function by(wire: CutWire, url: string): string {
  return url.replace(/:\d+\//, `:${wire.port}/`);
}

export function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}
