/**
 * A device that downloads by MQTT stream, with the real engine: it asks block by block, lives with lost blocks, fails what
 * cannot be had, and whenever its job is pulled it asks for no block more and ends valid.
 */
import { describe, expect, it } from 'vitest';
import { StreamDownload } from '../../agent/board/stream-download.ts';
import { readDocument } from '../../agent/core/plan.ts';
import type { BlockRequest, StreamAnswer } from '../../protocol/stream-blocks.ts';
import { type Subject, begin, judgeEnd, pulls } from '../support/sweep.ts';
import {
  type VirtualWorld,
  createImagesStream,
  hardware,
  imagesStream,
  streamDocument,
} from '../support/virtual-world.ts';

const sizeBytes = 65_536 + 100;
const blockBytes = 2048; // what the receive buffer of the esp32-s3 holds
const blocks = Math.ceil(sizeBytes / blockBytes);

const subject: Subject = {
  name: 'firmware by stream',
  document: streamDocument('2.0.0', sizeBytes),
  prepare: (world) => createImagesStream(world, sizeBytes),
};

function fetched(world: VirtualWorld): BlockRequest[] {
  return world.happenings.flatMap((event) => (event.kind === 'fetched' ? [event.request] : []));
}

function finish(world: VirtualWorld): VirtualWorld {
  world.runUntil(() => world.traces('finished').length > 0);
  return world;
}

describe('a device with an OTA update over MQTT', () => {
  it('asks for one block after the other, and runs the new image', () => {
    const world = finish(begin(subject));
    expect(world.statusOf('job-1')).toBe('SUCCEEDED');
    expect(world.board.view()).toMatchObject({ runningVersion: '2.0.0', openDownload: false, boots: 2 });
    expect(fetched(world).map(({ firstBlock }) => firstBlock)).toEqual(Array.from({ length: blocks }, (_, k) => k));
    expect(new Set(fetched(world).map((request) => JSON.stringify({ ...request, firstBlock: 0 })))).toEqual(
      new Set([
        JSON.stringify({ format: 'cbor', streamId: imagesStream, fileId: 0, blockBytes, firstBlock: 0, count: 1 }),
      ]),
    );
  });

  it.each(['rp2040', 'nrf9160', 'esp32-c3', 'stm32u5'])('does so in smaller blocks on the %s', (name) => {
    const profile = hardware(name);
    const world = finish(begin({ ...subject, world: { hardware: profile } }));
    expect(world.statusOf('job-1')).toBe('SUCCEEDED');
    const [request] = fetched(world);
    expect(request!.blockBytes).toBeLessThan(profile.ram.mqttBufferBytes);
    expect(profile.ram.segmentBytes % request!.blockBytes).toBe(0);
  });

  it('asks again for a block that was lost', () => {
    let lost = 0;
    const loses = (answer: StreamAnswer): boolean => answer.kind === 'block' && answer.block === 5 && (lost += 1) <= 2;
    const world = finish(begin({ ...subject, world: { loses } }));
    expect(world.statusOf('job-1')).toBe('SUCCEEDED');
    expect(fetched(world).filter(({ firstBlock }) => firstBlock === 5)).toHaveLength(3);
  });

  it('fails the job when nothing is heard of a block, however often it asks', () => {
    const world = finish(begin({ ...subject, world: { loses: () => true } }));
    expect(world.statusOf('job-1')).toBe('FAILED');
    expect(fetched(world)).toHaveLength(32);
    expect(world.board.view()).toMatchObject({ step: 'idle', runningVersion: '1.0.0', openDownload: false });
  });

  it('fails the job whose stream is not there', () => {
    const world = finish(begin({ name: 'no stream', document: streamDocument('2.0.0') }));
    expect(world.statusOf('job-1')).toBe('FAILED');
    expect(fetched(world)).toHaveLength(1);
  });

  it('goes on where it was after a power cut', () => {
    const world = begin(subject);
    world.runUntil(() => fetched(world).length === 20);
    world.powerCut();
    world.later(500, () => world.powerOn());
    finish(world);
    expect(world.statusOf('job-1')).toBe('SUCCEEDED');
    expect(fetched(world).length).toBeLessThan(2 * blocks);
  });
});

describe('a pull at every block', () => {
  it.each(['delete the execution', 'delete the job'] as const)('ends the asking: %s', (pull) => {
    for (let count = 1; count < blocks; count += 1) {
      const world = begin(subject);
      world.runUntil(() => fetched(world).length === count);
      pulls[pull](world, subject);
      world.runUntil(() => world.traces('pulled').length > 0);
      const before = fetched(world).length;
      expect(judgeEnd(world, pull)).toEqual([]);
      expect(fetched(world)).toHaveLength(before);
      // One may have been asked for while the news was on its way.
      expect(before - count).toBeLessThanOrEqual(1);
    }
  });

  it('with the stream deleted as well, is no failure that is reported', () => {
    const world = begin(subject);
    world.runUntil(() => fetched(world).length === 7);
    world.operate('iot:DeleteStream', { streamId: imagesStream });
    world.operate('iot:DeleteJob', { jobId: 'job-1', force: true });
    expect(judgeEnd(world, 'delete the job')).toEqual([]);
  });
});

describe('the plan of an OTA document', () => {
  const megabyte = 1_048_576;
  const capacity = {
    slotBytes: megabyte,
    segmentBytes: 4096,
    freeBytes: megabyte,
    tlsBytes: 4096,
    messageBytes: 8192,
    streamFormat: 'cbor' as const,
  };
  const file = { filesize: 1000, fileid: 3, 'sig-sha256-ecdsa': 'c2ln', filepath: '/fw' };
  const plan = (update: object, more = {}) => readDocument({ afr_ota: update } as never, 100, { ...capacity, ...more });
  const refusedBecause = (update: object, more = {}) => (plan(update, more) as { refused?: string }).refused;

  it('has the stream where MQTT is spoken, the URL where it is not', () => {
    const both = { protocols: ['MQTT', 'HTTP'], streamname: 'S', files: [{ ...file, update_data_url: 'https://a/b' }] };
    expect(plan(both)).toEqual({
      kind: 'firmware',
      version: 'c2ln',
      image: {
        url: 'stream:S/3',
        sizeBytes: 1000,
        sha256: 'c2ln',
        stream: { streamId: 'S', fileId: 3, blockBytes: 4096, format: 'cbor' },
      },
    });
    expect(plan({ ...both, protocols: ['HTTP'] })).toMatchObject({ image: { url: 'https://a/b' } });
  });

  it.each<[string, object, object, RegExp]>([
    ['no file', { protocols: ['MQTT'], streamname: 'S', files: [] }, {}, /one file/],
    ['two files', { protocols: ['MQTT'], streamname: 'S', files: [file, file] }, {}, /one file/],
    ['no size', { protocols: ['MQTT'], streamname: 'S', files: [{ ...file, filesize: 0 }] }, {}, /filesize/],
    ['no stream', { protocols: ['MQTT'], files: [file] }, {}, /neither a stream nor a URL/],
    ['no protocol', { streamname: 'S', files: [file] }, {}, /neither a stream nor a URL/],
    ['no room', { protocols: ['MQTT'], streamname: 'S', files: [file] }, { slotBytes: 999 }, /slot/],
    ['a tiny buffer', { protocols: ['MQTT'], streamname: 'S', files: [file] }, { messageBytes: 300 }, /receive buffer/],
    ['odd segments', { protocols: ['MQTT'], streamname: 'S', files: [file] }, { segmentBytes: 1000 }, /receive buffer/],
  ])('is refused with %s', (_what, update, more, reason) => {
    expect(refusedBecause(update, more)).toMatch(reason);
  });
});

const block = (members: object = {}) =>
  ({ kind: 'block', streamId: 'S', fileId: 3, block: 4, bytes: 904, messageBytes: 950, ...members }) as StreamAnswer;

describe('a segment of a stream', () => {
  const stream = { streamId: 'S', fileId: 3, blockBytes: 1024, format: 'cbor' } as const;
  const image = { url: 'stream:S/3', sizeBytes: 5000, sha256: 'x', stream };
  it('takes the block that it waits for, once, of its file and whole', () => {
    const download = new StreamDownload(undefined, image, stream, 4096, 904);
    expect(download.ask(7)).toEqual({ ...stream, firstBlock: 4, count: 1 });
    expect(download.deadline).toBe(10_007);
    for (const other of [{ block: 3 }, { fileId: 2 }, { streamId: 'R' }]) {
      expect(download.take(block(other))).toBe('unrelated');
    }
    expect(download.take(block())).toBe('received');
    expect([download.isWhole, download.deadline, download.take(block())]).toEqual([true, undefined, 'unrelated']);
  });

  it.each([{ bytes: 1024 }, { bytes: 903 }, { kind: 'rejected', code: 'ResourceNotFound' }])(
    'fails by %j',
    (answer) => {
      const download = new StreamDownload(undefined, image, stream, 4096, 904);
      download.ask(0);
      expect(download.take(block(answer))).toBe('failed');
    },
  );
});
