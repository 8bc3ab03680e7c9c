/** Executions are packed where every reader knows how to read them, come back as they were, and are copied whole. */
import { DatabaseSync } from '@photostructure/sqlite';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { executionKey, type ExecutionRow } from '../../broker/engine/rows.ts';
import { type KeptState, openKeptState } from '../../broker/kept-state.ts';
import { copyStore } from '../../broker/store-copy.ts';
import type { RowChange } from '../../broker/store/store.ts';
import { jobExecutionStatuses } from '../../protocol/status.ts';
import { isReadRightly } from '../support/read-rightly.ts';
import { type StoreDirectory, testStoreDirectory } from '../support/store-directory.ts';

const identity = { region: 'us-east-1', account: '000000000000' };

const name = fc.stringMatching(/^[a-zA-Z0-9:_-]{1,20}$/);
const at = fc.integer({ min: 1_500_000_000_000, max: 4_000_000_000_000 });
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });

/** Every member, so that one which is added here or there is missed. */
const members: { readonly [Member in keyof Required<ExecutionRow>]: fc.Arbitrary<ExecutionRow[Member]> } = {
  jobId: name,
  thingName: name,
  executionNumber: fc.integer({ min: 1, max: 1000 }),
  namespaceId: maybe(name),
  status: fc.constantFrom(...jobExecutionStatuses),
  statusDetails: maybe(fc.dictionary(fc.string(), fc.string()).filter(isReadRightly)),
  queuedAt: at,
  startedAt: maybe(at),
  lastUpdatedAt: at,
  versionNumber: fc.integer({ min: 1, max: 2 ** 40 }),
  timesOutAt: maybe(at),
  forceCanceled: maybe(fc.boolean()),
  retryAttempt: fc.integer({ min: 0, max: 10 }),
  sequence: fc.integer({ min: 1, max: 2 ** 40 }),
  inProgressTimesOutAt: maybe(at),
  hidden: maybe(fc.constant(true as const)),
};
const row: fc.Arbitrary<ExecutionRow> = fc.record(members);

function keyOf({ jobId, thingName, executionNumber }: ExecutionRow): string {
  return executionKey(jobId, thingName, executionNumber);
}

const change = (of: ExecutionRow): RowChange => ({ table: 'jobExecution', key: keyOf(of), row: of });

function failed(error: unknown): never {
  throw error;
}

async function open(directory: string): Promise<KeptState> {
  return openKeptState({ place: { directory }, identity, durability: 'off', onFailure: failed });
}

async function keep(directory: string, changes: readonly RowChange[]): Promise<void> {
  const state = await open(directory);
  state.journal!.keep(changes, () => {});
  await state.close();
}

async function restored(directory: string): Promise<unknown[]> {
  const state = await open(directory);
  try {
    return await state.restore((rows) => [...rows]);
  } finally {
    await state.close();
  }
}

function texts({ database: file }: StoreDirectory): string[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const rows = database.prepare('SELECT row FROM jobExecution ORDER BY key').all() as { row: string }[];
    return rows.map((kept) => kept.row);
  } finally {
    database.close();
  }
}

/** As a jobrig from before has left its directory. */
async function secondFormat(): Promise<StoreDirectory> {
  const directory = testStoreDirectory();
  await keep(directory.path, []);
  const database = new DatabaseSync(directory.database);
  database.exec('PRAGMA user_version = 2');
  database.close();
  return directory;
}

const plain: ExecutionRow = {
  jobId: 'update',
  thingName: 'pump',
  executionNumber: 1,
  status: 'IN_PROGRESS',
  statusDetails: { step: 'write "x"' },
  queuedAt: 1_700_000_000_000,
  startedAt: 1_700_000_000_250,
  lastUpdatedAt: 1_700_000_001_000,
  versionNumber: 3,
  retryAttempt: 0,
  sequence: 12,
};

it('gives back every execution as it was', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(row, { minLength: 1, maxLength: 80, selector: (of) => keyOf(of).toLowerCase() }),
      async (rows) => {
        const directory = testStoreDirectory();
        await keep(directory.path, rows.map(change));
        const back = (await restored(directory.path)) as RowChange[];
        const byKey = new Map(back.map((one) => [one.key, one]));
        expect(byKey.size).toBe(rows.length);
        for (const of of rows) expect(byKey.get(keyOf(of))).toEqual(change(of));
        directory.remove();
      },
    ),
    { numRuns: 10 },
  );
});

describe('a new directory', () => {
  it('has neither names nor members in its rows, and no instant but one', async () => {
    const directory = testStoreDirectory();
    await keep(directory.path, [change(plain)]);
    expect(texts(directory)).toEqual(['["IN_PROGRESS",{"step":"write \\"x\\""},1700000000000,250,1000,3,0,12]']);
  });

  it('keeps other rows as they are, and those that are gone', async () => {
    const directory = testStoreDirectory();
    const setting = { table: 'setting', key: 'sequence', row: { next: 13 } } as const;
    await keep(directory.path, [change(plain), setting]);
    await keep(directory.path, [{ table: 'jobExecution', key: keyOf(plain) }]);
    expect(await restored(directory.path)).toEqual([setting]);
  });

  it('is copied whole, and a copy goes on', async () => {
    const [from, to] = [testStoreDirectory(), testStoreDirectory()];
    const cut = { ...plain, executionNumber: 2, timesOutAt: 1_700_000_900_000, hidden: true } as const;
    await keep(from.path, [change(plain), change(cut)]);
    const told = { signal: new AbortController().signal, onProgress() {}, onWatch() {} };
    await copyStore({ from: { directory: from.path }, to: { directory: to.path }, ...told });
    expect(texts(to).map((text) => JSON.parse(text) as object)).toEqual([plain, cut]);
    const next = { ...plain, status: 'SUCCEEDED' } as const;
    await keep(to.path, [change(next)]);
    expect(await restored(to.path)).toEqual([change(next), change(cut)]);
  });
});

describe('a directory from before', () => {
  it('keeps whole rows, which the jobrig that made it reads', async () => {
    const directory = await secondFormat();
    await keep(directory.path, [change(plain)]);
    expect(texts(directory)).toEqual([JSON.stringify(plain)]);
    expect(await restored(directory.path)).toEqual([change(plain)]);
  });
});
