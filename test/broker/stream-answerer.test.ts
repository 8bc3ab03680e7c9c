/** The pace at which a stream is read: one block at a time, when the device has taken the one before, and no longer than it is there. */
import { decode, encode } from 'cborg';
import { expect, it, vi } from 'vitest';
import type { ServicePort } from '../../broker/engine/port.ts';
import type { OpenFile } from '../../broker/http/object-folder.ts';
import { streamAnswerer } from '../../broker/stream-answerer.ts';
import type { TransferEvent } from '../../protocol/transfers.ts';

const blockSize = 1024;
const files = [{ fileId: 0, s3Location: { bucket: 'images', key: 'v2.bin' } }];

/** A service whose only stream has one file of 100 blocks, and a connection that reads when it is told to. */
function setUp(read: (position: number) => { bytesRead: number } = () => ({ bytesRead: blockSize })) {
  let jobId: string | undefined = 'J';
  const reads: number[] = [];
  const said: { topic: string; payload: Buffer }[] = [];
  const events: TransferEvent[] = [];
  const readers: ((isThere: boolean) => void)[] = [];
  let closed = 0;
  const handle = {
    read(_buffer: Buffer, _offset: number, _length: number, position: number) {
      reads.push(position / blockSize);
      return Promise.resolve(read(position));
    },
    close: () => {
      closed += 1;
      return Promise.resolve();
    },
  };
  const port = {
    submit: (_command: unknown, answer: (reply: unknown, at: number) => void) =>
      answer({ accepted: true, response: { streamId: 'S', version: 1, files, jobId } }, 0),
  } as unknown as ServicePort;
  const image = { handle, bytes: 100 * blockSize } as unknown as OpenFile;
  const answerer = streamAnswerer({
    port,
    openImage: () => Promise.resolve(image),
    onTransfer: (event) => void events.push(event),
  });
  return {
    reads,
    said,
    events,
    closed: () => closed,
    /** Its execution is deleted, and the document that names the stream with it. */
    pull: () => (jobId = undefined),
    ask(members: object, clientId = 'T'): void {
      const parameters = { thingName: 'T', streamId: 'S', operation: 'get', format: 'cbor' };
      answerer(
        {
          topic: '$aws/things/T/streams/S/get/cbor',
          parsed: { kind: 'reserved', feature: 'streams', parameters },
          payload: Buffer.from(encode({ f: 0, l: blockSize, ...members })),
          clientId,
          connection: {},
        },
        {
          reply: () => {},
          announce: () => {},
          tell: (topic, payload) => void said.push({ topic, payload: payload as Buffer }),
          drained: () => new Promise((resolve) => void readers.push(resolve)),
          done: () => {},
        },
      );
    },
    /** The connection takes what it was sent, or has ended. */
    async take(isThere = true): Promise<void> {
      await vi.waitUntil(() => readers.length > 0, 60_000);
      readers.shift()!(isThere);
    },
  };
}

it('reads a block when the one before has been taken', async () => {
  const { reads, ask, take, events } = setUp();
  ask({ n: 3 });
  for (const expected of [[0], [0, 1], [0, 1, 2]]) {
    await vi.waitUntil(() => reads.length === expected.length, 60_000);
    expect(reads).toEqual(expected);
    await take();
  }
  await vi.waitUntil(() => events.length === 2, 60_000);
  expect(events[1]).toMatchObject({ outcome: 'finished', bytes: 3 * blockSize, transfer: { jobId: 'J' } });
});

it('reads no more for a device that has left, and closes the file', async () => {
  const { reads, ask, take, events, closed } = setUp();
  ask({ n: 3 });
  await take(false);
  await vi.waitUntil(() => closed() === 1, 60_000);
  expect(reads).toEqual([0]);
  expect(events[1]).toMatchObject({ kind: 'ended', outcome: 'given up', bytes: blockSize });
});

it('lets one client wait for itself only', async () => {
  const { reads, ask } = setUp();
  ask({ n: 1 });
  ask({ o: 1, n: 1 });
  ask({ o: 2, n: 1 }, 'U');
  await vi.waitUntil(() => reads.length === 2, 60_000);
  expect(reads.toSorted()).toEqual([0, 2]);
});

it('refuses what a client asks beyond 128 requests that wait, and goes on with these', async () => {
  const { said, ask, take } = setUp();
  for (let o = 0; o < 130; o += 1) ask({ o: o % 100, n: 1 });
  expect(said.filter(({ topic }) => topic.includes('rejected'))).toHaveLength(2);
  for (let taken = 0; taken < 128; taken += 1) await take();
  expect(said.filter(({ topic }) => topic.includes('data'))).toHaveLength(128);
});

it('tells a device that its file cannot be read, and answers the next request', async () => {
  let broken = true;
  const { said, ask, take, closed } = setUp(() => {
    if (broken) throw new Error('EIO: i/o error, read');
    return { bytesRead: blockSize };
  });
  ask({ n: 1, c: 'rdy' });
  await vi.waitUntil(() => said.length === 1, 60_000);
  expect(decode(said[0]!.payload)).toMatchObject({ code: 'InternalError' });
  broken = false;
  ask({ n: 1 });
  await take();
  expect(said[1]?.topic).toBe('$aws/things/T/streams/S/data/cbor');
  expect(closed()).toBeGreaterThan(0);
});

it('tells for which job blocks are asked for also when that job is gone', async () => {
  const { ask, take, events, pull } = setUp();
  ask({ n: 1 });
  await take();
  await vi.waitUntil(() => events.length === 2, 60_000);
  pull();
  ask({ n: 1, o: 1 });
  await take();
  await vi.waitUntil(() => events.length === 4, 60_000);
  expect(events.map(({ transfer }) => transfer.jobId)).toEqual(['J', 'J', 'J', 'J']);
});
