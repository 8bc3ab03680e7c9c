/**
 * A start with more kept messages than its memory could hold, or more sessions than it may have: what is too much is never read
 * together, and what fits is delivered.
 * `JOBRIG_KEPT_MB=1800` plays it at the size at which it was seen to fail.
 */
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { undecided } from '../../broker/mqtt/identity.ts';
import { bytesOf, maxQueuedBytes, maxSessions } from '../../broker/mqtt/memory-bounds.ts';
import { openSqliteStore } from '../../broker/store/sqlite-store.ts';
import type { RowChange } from '../../broker/store/store.ts';
import { killAll, startServe } from '../support/serve-process.ts';
import { type StoreDirectory, testStoreDirectory } from '../support/store-directory.ts';
import { WireClient } from '../support/wire-client.ts';

const keptMegabytes = Number(process.env['JOBRIG_KEPT_MB'] ?? 96);
const heapMegabytes = 64;
const sleepingSessions = 3000;
/** Beside the heap: the program itself, and messages, which are kept as bytes. */
const restMegabytes = 450;

let directory: StoreDirectory;
beforeEach(() => {
  directory = testStoreDirectory();
});
afterEach(killAll);

const bytes = Buffer.alloc(96 * 1024, 'x');
const payload = bytes.toString('base64');
const perMegabyte = Math.floor((1024 * 1024) / payload.length);
const greedy = ['greedy-1', 'greedy-2', 'greedy-3'];

const session = (clientId: string, filters: readonly string[]): RowChange => {
  const row = { clientId, principal: undecided, filters: filters.map((filter) => [filter, 1]) };
  return { table: 'mqttSession', key: clientId, row };
};
const packet = (topic: string, text: string, retain = false): object => ({
  packet: { topic, payload: text, qos: 1, retain },
  encoding: 'base64',
});

/** Half of it waits for sessions, the other half is retained. */
function* messages(): Generator<RowChange> {
  for (const clientId of [...greedy, 'sleeper']) yield session(clientId, ['news/#']);
  for (let index = 0; index < sleepingSessions; index += 1) yield session(`away-${index}`, ['a/b', `c/${index}`]);
  for (let sequence = 1; sequence <= keptMegabytes * perMegabyte; sequence += 1) {
    const isRetained = sequence % 2 === 0;
    const clientId = greedy[sequence % greedy.length]!;
    if (isRetained)
      yield { table: 'mqttRetained', key: `state/${sequence}`, row: packet(`state/${sequence}`, payload, true) };
    else {
      const row = { sequence, clientId, ...packet('news/today', payload) };
      yield { table: 'mqttMessage', key: `${sequence} ${clientId}`, row };
    }
  }
  for (let index = 0; index < 10; index += 1) {
    const sequence = 10_000_000 + index;
    const row = {
      sequence,
      clientId: 'sleeper',
      ...packet('news/late', Buffer.from(`late ${index}`).toString('base64')),
    };
    yield { table: 'mqttMessage', key: `${sequence} sleeper`, row };
  }
}

async function fill(rows: Iterable<RowChange>, atOnce = 50): Promise<void> {
  const identity = { region: 'us-east-1', account: '000000000000' };
  const store = await openSqliteStore({ directory: directory.path, identity, durability: 'off' });
  let batch: RowChange[] = [];
  for (const row of rows) {
    batch.push(row);
    if (batch.length < atOnce) continue;
    await store.commit(batch, Date.now());
    batch = [];
  }
  await store.commit(batch, Date.now());
  await store.close();
}

async function peakMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
}

it('starts and delivers', { timeout: 600_000 }, async () => {
  await fill(messages());
  const flags = ['--data-dir', directory.path, '--durability', 'off'];
  const { mqttPort, pid } = await startServe({ flags, heapMegabytes });
  const healthy = await WireClient.connect(mqttPort, { clientId: 'healthy' });
  expect((await healthy.request('$aws/things/healthy/jobs/get')).topic).toMatch(/get\/rejected$/);
  const sleeper = await WireClient.connect(mqttPort, { clientId: 'sleeper', clean: false });
  await sleeper.until(() => sleeper.messages.length === 10);
  expect(sleeper.messages.map((message) => message.payload)).toEqual(
    Array.from({ length: 10 }, (_, index) => `late ${index}`),
  );
  const one = await WireClient.connect(mqttPort, { clientId: 'greedy-1', clean: false });
  const fits = Math.floor(maxQueuedBytes / bytesOf({ topic: 'news/today', payload: bytes }));
  await one.until(() => one.messages.length >= fits);
  await one.settled();
  expect(one.messages).toHaveLength(fits);
  expect(await peakMegabytes(pid)).toBeLessThan(heapMegabytes + restMegabytes);
});

it(
  'keeps no more sessions than it may, and lets those in that want none, or have one',
  { timeout: 600_000 },
  async () => {
    await fill(tooManySessions(), 50_000);
    const { mqttPort } = await startServe({ flags: ['--data-dir', directory.path, '--durability', 'off'] });
    const come = async (clientId: string, clean: boolean): Promise<boolean> => {
      const client = new WireClient(connect({ port: mqttPort, host: '127.0.0.1' }));
      return (await client.login({ clientId, clean })) === 0;
    };
    expect(await come('one-too-many', false)).toBe(false);
    expect(await come('wants-none', true)).toBe(true);
    expect(await come('away-0', false)).toBe(true);
  },
);

function* tooManySessions(): Generator<RowChange> {
  for (let index = 0; index < maxSessions + 100; index += 1) yield session(`away-${index}`, []);
}
