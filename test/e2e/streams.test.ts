/**
 * MQTT file streams end to end: unmodified MQTT.js asks, in JSON and CBOR, for a stream that an unmodified SDK has made, and
 * gets the bytes of a file, message for message as AWS writes them.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IoT } from '@aws-sdk/client-iot';
import { decode, encode } from 'cborg';
import { type MqttClient, connectAsync } from 'mqtt';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Service, startService } from '../../broker/start-service.ts';
import type { ObservationOf } from '../../observation/observation.ts';
import type { TransferEvent } from '../../protocol/transfers.ts';
import { operatorOf } from '../support/operator.ts';
import { sharedFolder } from '../support/folders.ts';

const image = randomBytes(70_000);
const roleArn = 'arn:aws:iam::000000000000:role/streams';
const space = '$aws/things/T/streams/S';

const directory = sharedFolder('streams');
let service: Service;
let operator: IoT;
let device: MqttClient;
let transfers: TransferEvent[];
let seen: ObservationOf<'download'>[];

interface Heard {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: number;
}
let heard: Heard[];

beforeAll(async () => {
  await mkdir(join(directory, 'images'));
  await writeFile(join(directory, 'images/v2.bin'), image);
  await writeFile(join(directory, 'images/small.bin'), image.subarray(0, 60));
  service = await startService({
    files: directory,
    onTransfer: (event) => void transfers.push(event),
    observer: { download: (download) => void seen.push(download) },
  });
  operator = operatorOf(service);
});

afterAll(async () => {
  operator.destroy();
  await service.close();
});

beforeEach(async () => {
  heard = [];
  transfers = [];
  seen = [];
  await operator.createStream({
    streamId: 'S',
    roleArn,
    description: 'images',
    files: [
      { fileId: 0, s3Location: { bucket: 'images', key: 'v2.bin' } },
      { fileId: 7, s3Location: { bucket: 'images', key: 'small.bin' } },
      { fileId: 9, s3Location: { bucket: 'images', key: 'missing' } },
    ],
  });
  await connect();
});

afterEach(async () => {
  await device.endAsync();
  await operator.deleteStream({ streamId: 'S' });
});

async function connect(options: { readonly clean?: boolean } = {}): Promise<void> {
  device = await connectAsync(service.mqttUrl ?? '', { clientId: 'T', reconnectPeriod: 0, ...options });
  device.on('message', (topic, payload, { qos }) => void heard.push({ topic, payload, qos }));
  await device.subscribeAsync(
    ['description', 'data', 'rejected'].map((kind) => `${space}/${kind}/+`),
    { qos: 1 },
  );
}

async function until(count: number): Promise<readonly Heard[]> {
  await vi.waitUntil(() => heard.length >= count, { timeout: 60_000, interval: 5 });
  return heard;
}

/** What comes next for a request in JSON. */
async function asked(request: object | string, topic = 'get'): Promise<readonly [kind: string, answer: unknown]> {
  const before = heard.length;
  device.publish(`${space}/${topic}/json`, typeof request === 'string' ? request : JSON.stringify(request));
  const answer = (await until(before + 1))[before]!;
  return [answer.topic.slice(space.length + 1), JSON.parse(answer.payload.toString())];
}

/** Blocks in the order of their arrival, and the bytes put together. */
function blocksHeard(): { readonly numbers: number[]; readonly bytes: Buffer } {
  const blocks = heard.map(({ payload }) => decode(payload) as { i: number; p: Uint8Array });
  return { numbers: blocks.map(({ i }) => i), bytes: Buffer.concat(blocks.map(({ p }) => p)) };
}

describe('a stream in JSON', () => {
  it('describes itself', async () => {
    await operator.updateStream({
      streamId: 'S',
      files: [{ fileId: 7, s3Location: { bucket: 'images', key: 'small.bin' } }],
    });
    const { streamInfo } = await operator.describeStream({ streamId: 'S' });
    expect(await asked({ c: 'ask' }, 'describe')).toEqual([
      'description/json',
      { c: 'ask', s: streamInfo?.streamVersion, d: 'images', r: [{ f: 7, z: 60 }] },
    ]);
    expect((await asked('', 'describe'))[1]).not.toHaveProperty('c');
  });

  it('gives blocks, the last one as short as it is, with the members that AWS writes', async () => {
    const [topic, answer] = await asked({ c: 'rdy', f: 7, l: 256 });
    expect(topic).toBe('data/json');
    expect(answer).toEqual({ c: 'rdy', f: 7, i: 0, l: 60, p: image.subarray(0, 60).toString('base64') });
    expect(Object.keys(answer as object)).toEqual(['c', 'f', 'i', 'l', 'p']);
  });

  it('takes a bitmap in hexadecimal and in Base64, and numbers as strings', async () => {
    await asked({ f: '0', l: '4096', o: '10', b: '0x0500' });
    await until(2);
    await asked({ f: 0, l: 4096, o: 10, b: Buffer.from([5]).toString('base64') });
    await until(4);
    expect(heard.map(({ payload }) => (JSON.parse(payload.toString()) as { i: number }).i)).toEqual([10, 12, 10, 12]);
  });

  it.each<[object | string, string]>([
    ['{"f":', 'InvalidJson'],
    ['[1]', 'InvalidJson'],
    [{ f: 0, l: 256, b: '#' }, 'InvalidRequest'],
    [{ f: 0, l: 256, b: `0x${'00'.repeat(12_288)}` }, 'BlockBitmapLimitExceeded'],
    // As hexadecimal this is 63 blocks, as Base64 it reaches block 76; AWS was seen to refuse it for a file of 63.
    [{ f: 0, l: 2048, b: 'ffffffffffffff7f' }, 'InvalidRequest'],
  ])('refuses %j: %s', async (request, code) => {
    expect(await asked(request)).toMatchObject(['rejected/json', { code, o: code }]);
  });

  it('tells a refusal with the token of the request', async () => {
    const [, answer] = await asked({ f: 0, l: 1, c: 'mine' });
    expect(Object.keys(answer as object)).toEqual(['clientToken', 'c', 'code', 'o', 'message', 'm']);
    expect(answer).toMatchObject({ clientToken: 'mine', c: 'mine' });
  });

  it('knows no other operation', async () => {
    expect(await asked({}, 'create')).toMatchObject(['rejected/json', { code: 'InvalidTopic' }]);
    expect(await asked({}, 'anything')).toMatchObject(['rejected/json', { code: 'InvalidTopic' }]);
  });
});

describe('a stream in CBOR', () => {
  /** As FreeRTOS's OTA agent sends it: a map of six, blocks that are missing as a bitmap, one at a time. */
  const agentRequest = Buffer.from('a6616363726479616600616c191000616f00616243ffff01616e01', 'hex');

  it('answers byte for byte as AWS does', async () => {
    device.publish(`${space}/get/cbor`, agentRequest);
    const [{ topic, payload, qos }] = (await until(1)) as [Heard];
    expect([topic, qos]).toEqual([`${space}/data/cbor`, 0]);
    const head = Buffer.from('bf616363726479616600616900616c1910006170591000', 'hex');
    expect(payload).toEqual(Buffer.concat([head, image.subarray(0, 4096), Buffer.from([0xff])]));
  });

  it('says what is wrong in both forms of its keys', async () => {
    device.publish(`${space}/get/cbor`, Buffer.from('a1616600ff', 'hex'));
    const [{ payload }] = (await until(1)) as [Heard];
    expect(payload[0]).toBe(0xbf);
    const said = { code: 'InvalidCbor', message: 'Invalid CBOR message' };
    expect(decode(payload)).toEqual({ ...said, o: said.code, m: said.message });
  });

  it('gives an agent its image that asks for what is missing, one block after the other', async () => {
    const missing = new Set(Array.from({ length: 18 }, (_, block) => block));
    const received = Buffer.alloc(image.length);
    while (missing.size > 0) {
      const bitmap = Buffer.alloc(3);
      for (const block of missing) bitmap[block >> 3]! |= 1 << (block & 7);
      device.publish(`${space}/get/cbor`, Buffer.from(encode({ c: 'rdy', f: 0, l: 4096, o: 0, b: bitmap, n: 1 })));
      const { payload } = (await until(19 - missing.size)).at(-1)!;
      const { i, p, l } = decode(payload) as { i: number; p: Uint8Array; l: number };
      expect(l).toBe(p.length);
      received.set(p, i * 4096);
      missing.delete(i);
    }
    expect(received.equals(image)).toBe(true);
  });

  it('gives as many blocks as a request may have, in order', async () => {
    device.publish(`${space}/get/cbor`, Buffer.from(encode({ f: 0, l: 256 })));
    await until(274);
    const { numbers, bytes } = blocksHeard();
    expect(numbers).toEqual(Array.from({ length: 274 }, (_, block) => block));
    expect(bytes.equals(image)).toBe(true);
  });

  it.each([true, false])('answers requests one after the other, to a session that is clean: %s', async (clean) => {
    await device.endAsync();
    heard = [];
    await connect({ clean });
    for (let o = 0; o < 17; o += 1)
      device.publish(`${space}/get/cbor`, Buffer.from(encode({ f: 0, l: 4096, o, n: 1 })));
    await until(17);
    expect(blocksHeard().numbers).toEqual(Array.from({ length: 17 }, (_, block) => block));
  });

  it('answers with QoS 1 who asks with it', async () => {
    device.publish(`${space}/get/cbor`, agentRequest, { qos: 1 });
    expect((await until(1))[0]?.qos).toBe(1);
  });
});

it('who asked hears of a block without having subscribed, at QoS 0; nobody else does', async () => {
  const other = await connectAsync(service.mqttUrl ?? '', { clientId: 'other', reconnectPeriod: 0 });
  other.on('message', () => expect.unreachable());
  await device.unsubscribeAsync(`${space}/data/+`);
  device.publish(`${space}/get/json`, JSON.stringify({ f: 7, l: 256 }), { qos: 1 });
  expect(await until(1)).toMatchObject([{ topic: `${space}/data/json`, qos: 0 }]);
  expect(await asked({ f: 7, l: 1 })).toMatchObject(['rejected/json', { code: 'BlockSizeOutOfBounds' }]);
  expect(heard).toHaveLength(2);
  await other.endAsync();
});

it('a stream that is deleted is not found any more, and its next one has the next version', async () => {
  const before = (await operator.describeStream({ streamId: 'S' })).streamInfo!;
  await operator.deleteStream({ streamId: 'S' });
  expect(await asked({ f: 0, l: 256 })).toMatchObject(['rejected/json', { code: 'ResourceNotFound' }]);
  expect(await asked({}, 'describe')).toMatchObject(['rejected/json', { code: 'ResourceNotFound' }]);
  const created = await operator.createStream({ streamId: 'S', roleArn, files: before.files });
  expect(created.streamVersion).toBe(before.streamVersion! + 1);
  const { streams } = await operator.listStreams({});
  expect(streams?.map(({ streamId }) => streamId)).toEqual(['S']);
});

it('who asks for what is told, block by block', async () => {
  await asked({ f: 0, l: 4096, o: 16, n: 2 });
  await until(2);
  await asked({ f: 0, l: 4096, o: 99, n: 1 });
  await vi.waitUntil(() => transfers.length === 4, 60_000);
  const whose = { by: 'stream', direction: 'download', thingName: 'T', streamId: 'S', totalBytes: 70_000 };
  expect(transfers).toMatchObject([
    { kind: 'asked', transfer: { ...whose, blocks: [16, 17], start: 65_536, end: 70_000, bytes: 4464 } },
    { kind: 'ended', transfer: { object: { bucket: 'images', key: 'v2.bin' } }, outcome: 'finished', bytes: 4464 },
    { kind: 'asked', transfer: { ...whose, blocks: [], bytes: 0 } },
    { kind: 'ended', outcome: 'refused', bytes: 0 },
  ]);
  expect(seen).toEqual([]); // no job has named this stream
});

it('an image as large as a stream may have comes whole, in the largest blocks', async () => {
  const bytes = 24 * 1024 * 1024;
  await truncate(join(directory, 'images/v2.bin'), bytes);
  let received = 0;
  for (let o = 0; o < bytes / 131_072; o += 1) {
    device.publish(`${space}/get/cbor`, Buffer.from(encode({ f: 0, l: 131_072, o, n: 1 })));
    const { i, l } = decode((await until(1))[0]!.payload) as { i: number; l: number };
    expect(i).toBe(o);
    received += l;
    heard = [];
  }
  expect(received).toBe(bytes);
  await writeFile(join(directory, 'images/v2.bin'), image);
});

it('of a file of 3 GB only the blocks that are asked for are read', async () => {
  // Nobody can have such a file in one piece in memory: Node reads no file above 2 GB as a whole.
  const [bytes, blockSize] = [3 * 1024 ** 3 + 60, 131_072];
  await truncate(join(directory, 'images/v2.bin'), bytes);
  const last = Math.floor(bytes / blockSize);
  for (const [o, l] of [
    [last, 60],
    [0, blockSize],
  ] as const) {
    device.publish(`${space}/get/cbor`, Buffer.from(encode({ f: 0, l: blockSize, o, n: 1 })));
    expect(decode((await until(1))[0]!.payload)).toMatchObject({ i: o, l });
    heard = [];
  }
  // A length that AWS was seen to send.
  device.publish(`${space}/get/cbor`, Buffer.from(encode({ c: 'rdy', f: 0, l: 4096, o: 1025, n: 1 })));
  expect((await until(1))[0]!.payload).toHaveLength(4122);
  await truncate(join(directory, 'images/v2.bin'), 0);
  await writeFile(join(directory, 'images/v2.bin'), image);
});
