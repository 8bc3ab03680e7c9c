/** What any store must do, whatever it is made of; one suite for all of them. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RowChange, Store, TableName } from '../../broker/store/store.ts';
import { isReadRightly } from '../support/read-rightly.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** The next process: closes the store, or leaves it as a killed process does, and opens what it has kept. */
  reopen(how: 'closed' | 'killed'): StoreUnderTest | Promise<StoreUnderTest>;
  dispose(): void | Promise<void>;
}

const tables: readonly TableName[] = ['thing', 'job', 'jobExecution', 'setting', 'mqttSession', 'mqttMessage'];

/** Names with everything that a key may hold: AWS's separators, quotes, what SQL and UTF-8 may stumble over. */
const key = fc.oneof(
  fc.constantFrom('a', 'b', 'job-1/thing-1/1', "it's", 'ß≠😀', '', 'a\0b', '\0', '\ud800', 'x\udfffy', '\u001b0000'),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
);
const change = fc.record({
  table: fc.constantFrom(...tables),
  key,
  row: fc.option(fc.dictionary(key, fc.jsonValue()).filter(isReadRightly), { nil: undefined }),
});
const commits = fc.array(fc.array(change, { maxLength: 8 }), { maxLength: 8 });

async function contents(store: Store): Promise<Map<string, string>> {
  return new Map(
    [...(await store.rows())].map(({ table, key: name, row }) => [`${table} ${name}`, JSON.stringify(row)]),
  );
}

function expected(changes: readonly RowChange[]): Map<string, string> {
  const rows = new Map<string, string>();
  for (const { table, key: name, row } of changes) {
    if (row === undefined) rows.delete(`${table} ${name}`);
    else rows.set(`${table} ${name}`, JSON.stringify(row));
  }
  return rows;
}

function sorted(rows: Map<string, string>): readonly (readonly [string, string])[] {
  return [...rows].sort(([one], [other]) => (one < other ? -1 : 1));
}

export function storeContract(open: () => StoreUnderTest | Promise<StoreUnderTest>): void {
  describe.each(['closed', 'killed'] as const)('a store that was %s', (how) => {
    it('has exactly what was committed, the last change of each row', async () => {
      await fc.assert(
        fc.asyncProperty(commits, async (turns) => {
          let current = await open();
          try {
            for (const [index, changes] of turns.entries()) await current.store.commit(changes, index);
            current = await current.reopen(how);
            expect(sorted(await contents(current.store))).toEqual(sorted(expected(turns.flat())));
          } finally {
            await current.dispose();
          }
        }),
        { numRuns: 8 },
      );
    });

    it('remembers how late it was', async () => {
      let current = await open();
      expect(current.store.lastCommitAt).toBeUndefined();
      await current.store.commit([], 1_700_000_000_123);
      current = await current.reopen(how);
      expect(current.store.lastCommitAt).toBe(1_700_000_000_123);
      await current.dispose();
    });

    it('goes on after it was opened again, and again', async () => {
      let current = await open();
      for (const name of ['one', 'two', 'three']) {
        await current.store.commit([{ table: 'thing', key: name, row: { name } }], 1);
        current = await current.reopen(how);
      }
      expect([...(await contents(current.store)).keys()].sort()).toEqual(['thing one', 'thing three', 'thing two']);
      await current.dispose();
    });
  });

  it('keeps nothing of a commit that cannot be written', async () => {
    let current = await open();
    const { store } = current;
    await store.commit([{ table: 'thing', key: 'kept', row: { version: 1 } }], 1);
    const endless: Record<string, unknown> = {};
    endless['itself'] = endless;
    const half: RowChange[] = [
      { table: 'thing', key: 'kept', row: { version: 2 } },
      { table: 'job', key: 'broken', row: endless },
    ];
    await expect((async () => store.commit(half, 2))()).rejects.toThrow();
    current = await current.reopen('killed');
    expect(sorted(await contents(current.store))).toEqual([['thing kept', '{"version":1}']]);
    await current.dispose();
  });
}
