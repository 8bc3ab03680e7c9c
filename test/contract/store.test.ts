/** The store contract: SQLite at each durability, and the map that says it in the fewest words. */
import { describe } from 'vitest';
import { type Durability, durabilities } from '../../broker/store/sqlite-database.ts';
import { openSqliteStore } from '../../broker/store/sqlite-store.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { type StoreDirectory, makeStoreDirectory } from '../support/store-directory.ts';
import { type StoreUnderTest, storeContract } from './store.contract.ts';

const identity = { region: 'us-east-1', account: '000000000000' };

async function sqlite(
  durability: Durability,
  directory: StoreDirectory = makeStoreDirectory(),
): Promise<StoreUnderTest> {
  const store = await openSqliteStore({ directory: directory.path, identity, durability });
  const dispose = (): void => {
    store.close();
    directory.remove();
  };
  return {
    store,
    reopen(how) {
      if (how === 'closed') {
        store.close();
        return sqlite(durability, directory);
      }
      const left = directory.killed();
      dispose();
      return sqlite(durability, left);
    },
    dispose,
  };
}

function memory(store = new MemoryStore()): StoreUnderTest {
  return { store, reopen: () => memory(store), dispose: () => {} };
}

describe.each(durabilities)('SQLite, durability %s', (durability) => {
  storeContract(() => sqlite(durability));
});

describe('memory', () => {
  storeContract(() => memory());
});
