/** Names that no store keeps as they are, and rows that are damaged, cost whoever they belong to and never the service. */
import { chmodSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { connectAsync } from 'mqtt';
import { describe, expect, it } from 'vitest';
import type { ServiceEvent } from '../../broker/service-events.ts';
import { type Service, type ServiceOptions, startService } from '../../broker/start-service.ts';
import { type StoreDirectory, testStoreDirectory } from '../support/store-directory.ts';
import { WireClient } from '../support/wire-client.ts';
import { endAfterTest } from '../support/after-test.ts';

async function serve({ path }: StoreDirectory, options: ServiceOptions = {}): Promise<Service> {
  const service = await startService({ dataDir: path, durability: 'off', ...options });
  endAfterTest(() => service.close());
  return service;
}

const portOf = (url: string | undefined): number => Number(new URL(url ?? '').port);

describe('a client id with U+0000', () => {
  it.each([4, 5] as const)('is refused by MQTT %i, and the service starts again', async (protocolVersion) => {
    const directory = testStoreDirectory();
    const service = await serve(directory);
    for (const clientId of ['\0', 'a\0b', 'lamp\0']) {
      const properties = protocolVersion === 5 ? { sessionExpiryInterval: 3600 } : {};
      const options = { clientId, clean: false, protocolVersion, properties };
      const spoiled = await WireClient.connect(portOf(service.mqttUrl), options);
      await spoiled.closed;
      expect(spoiled.packets).toEqual([
        expect.objectContaining(protocolVersion === 5 ? { reasonCode: 0x85 } : { returnCode: 2 }),
      ]);
    }
    const again = await serve(directory.killed());
    const witness = await WireClient.connect(portOf(again.mqttUrl), { clientId: 'witness' });
    await witness.settled();
  });

  it('is refused over WebSocket', async () => {
    const service = await serve(testStoreDirectory());
    const client = connectAsync(service.wsUrl ?? '', { clientId: 'a\0b', clean: false, reconnectPeriod: 0 });
    await expect(client).rejects.toThrow(/Identifier rejected/);
  });
});

/** What is no U+0000 and may be anything else. */
const oddNames: readonly string[] = [
  '\u0001',
  '\n',
  '\u001b',
  '\u001b0000',
  '\u007f',
  '\u0085',
  '\u00a0',
  '\u00e9',
  'e\u0301',
  '\u202e',
  '\u2028',
  '\ufeff',
  '\ufeffnamed',
  'named',
  'named ',
  '\ufdd0',
  '\ufffd',
  '\ufffe',
  '\uffff',
  '\u{1f600}',
  '\u{10ffff}',
  `a'b"c\\d`,
  '%00',
  '..',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  '+',
  '#',
  '$SYS',
  '0 named',
  'x'.repeat(128),
  'é'.repeat(64),
];

const termsOf = (index: number) =>
  index % 2 === 0
    ? ({ clean: false, protocolVersion: 4 } as const)
    : ({ clean: false, protocolVersion: 5, properties: { sessionExpiryInterval: 3600 } } as const);
const topicOf = (name: string): string => `odd/${name.replaceAll('+', 'plus').replaceAll('#', 'hash')}`;

it('names with odd characters keep their sessions, what waits for them and what is retained, each its own', async () => {
  const directory = testStoreDirectory();
  const service = await serve(directory);
  for (const [index, clientId] of oddNames.entries()) {
    const client = await WireClient.connect(portOf(service.mqttUrl), { clientId, ...termsOf(index) });
    expect(await client.subscribe([topicOf(clientId)])).toEqual([1]);
    await client.drop();
  }
  const speaker = await WireClient.connect(portOf(service.mqttUrl), { clientId: 'speaker' });
  for (const name of oddNames) speaker.publish(topicOf(name), name, { retain: true });
  await speaker.acknowledged(oddNames.length);
  const again = await serve(directory.killed());
  const asker = await WireClient.connect(portOf(again.mqttUrl), { clientId: 'asker' });
  for (const [index, clientId] of oddNames.entries()) {
    const client = await WireClient.connect(portOf(again.mqttUrl), { clientId, ...termsOf(index) });
    expect(client.packets[0]).toMatchObject({ cmd: 'connack', sessionPresent: true });
    await client.until(() => client.messages.length > 0);
    expect(client.messages.map(({ topic, payload }) => [topic, payload])).toEqual([[topicOf(clientId), clientId]]);
    await asker.subscribe([topicOf(clientId)]);
    await asker.until(() => asker.messages.at(-1)?.payload === clientId);
    asker.send({ cmd: 'unsubscribe', messageId: 5000, unsubscriptions: [topicOf(clientId)] });
    await client.drop();
  }
});

/** Sessions of `good` and `bad`, both with a message that waits, as a killed service leaves them. */
async function asleep(): Promise<StoreDirectory> {
  const directory = testStoreDirectory();
  const service = await serve(directory);
  for (const clientId of ['good', 'bad']) {
    const client = await WireClient.connect(portOf(service.mqttUrl), { clientId, clean: false });
    await client.subscribe(['news/#']);
    await client.drop();
  }
  const speaker = await WireClient.connect(portOf(service.mqttUrl), { clientId: 'speaker' });
  speaker.publish('news/today', 'one');
  await speaker.received('puback');
  await speaker.settled();
  await service.close();
  return directory;
}

function spoil({ database }: StoreDirectory, statement: string): void {
  const opened = new DatabaseSync(database);
  opened.exec(statement);
  opened.close();
}

const rowOf = (row: string): string => `UPDATE mqttSession SET row = '${row}' WHERE key = 'bad'`;

describe('a damaged row of a session', () => {
  it.each([
    ['its row was changed', `UPDATE mqttSession SET row = replace(row, 'news', 'olds') WHERE key = 'bad'`],
    ['its row is no JSON', rowOf('{"clientId":')],
    ['its key was cut', `UPDATE mqttSession SET key = 'ba' WHERE key = 'bad'`],
    ['its checksum is gone', `UPDATE mqttSession SET checksum = 0 WHERE key = 'bad'`],
  ])('costs that session and no other: %s', async (_how, statement) => {
    const directory = await asleep();
    spoil(directory, statement);
    const events: ServiceEvent[] = [];
    const service = await serve(directory, { onEvent: (event) => events.push(event) });
    expect(events).toEqual([{ kind: 'forgotten', what: 'session', key: expect.stringMatching(/^ba/) as string }]);
    const good = await WireClient.connect(portOf(service.mqttUrl), { clientId: 'good', clean: false });
    await good.until(() => good.messages.length === 1);
    const bad = await WireClient.connect(portOf(service.mqttUrl), { clientId: 'bad', clean: false });
    await bad.settled();
    expect(bad.packets.find(({ cmd }) => cmd === 'connack')).toMatchObject({ sessionPresent: false });
    expect(bad.messages).toEqual([]);
    await service.close();
    const told: ServiceEvent[] = [];
    await serve(directory, { onEvent: (event) => told.push(event) });
    expect(told).toEqual([]);
  });

  it('costs a message where that is damaged', async () => {
    const directory = await asleep();
    spoil(directory, `UPDATE mqttMessage SET checksum = 0 WHERE key LIKE '% bad'`);
    const service = await serve(directory);
    const [good, bad] = await Promise.all(
      ['good', 'bad'].map((clientId) => WireClient.connect(portOf(service.mqttUrl), { clientId, clean: false })),
    );
    await good!.until(() => good!.messages.length === 1);
    await bad!.settled();
    expect(bad!.messages).toEqual([]);
    expect(bad!.packets.find(({ cmd }) => cmd === 'connack')).toMatchObject({ sessionPresent: true });
  });
});

describe('what is on disk', () => {
  it('is for its owner alone, whatever the umask, and becomes so where it was not', async () => {
    const directory = testStoreDirectory();
    const before = process.umask(0o000);
    try {
      const service = await serve(directory, { files: directory.path });
      const modes = (): Record<string, string> =>
        Object.fromEntries(
          readdirSync(directory.path)
            .filter((name) => name !== 'ca.pem') // devices have to read it
            .map((name) => [name, (statSync(join(directory.path, name)).mode & 0o777).toString(8)]),
        );
      expect(new Set(Object.values(modes()))).toEqual(new Set(['600']));
      expect(Object.keys(modes())).toEqual(
        expect.arrayContaining(['jobrig.db', 'jobrig.db-wal', 'jobrig.mark', 'ca.key']),
      );
      await service.close();
      chmodSync(directory.database, 0o644);
      await serve(directory);
      expect(modes()['jobrig.db']).toBe('600');
    } finally {
      process.umask(before);
    }
  });

  it('that is ahead of the clock is told, with what to do', async () => {
    const directory = testStoreDirectory();
    const fast = await serve(directory, { timeScale: 1_000_000 });
    const start = fast.port.now();
    while (fast.port.now() < start + 7_200_000) await new Promise((resolve) => setImmediate(resolve));
    await fast.close();
    const warnings: string[] = [];
    await serve(directory, { onWarning: (warning) => warnings.push(warning) });
    expect(warnings).toEqual([
      expect.stringMatching(/^Service time is 2\d{3}-.* ahead of this machine's clock.*--data-dir/),
    ]);
    await serve(testStoreDirectory(), { onWarning: (warning) => warnings.push(warning) });
    expect(warnings).toHaveLength(1);
  });
});
