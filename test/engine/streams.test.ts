/** Streams as the operator keeps them, what a device may ask of one and which blocks it gets. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GetRequest, checkGet, readGet, selectBlocks } from '../../broker/engine/streams/stream-requests.ts';
import { rowsOf, thingArn, World } from './world.ts';

const roleArn = 'arn:aws:iam::123456789012:role/ota';
const s3Location = { bucket: 'images', key: 'v2.bin' };
const files = [{ fileId: 0, s3Location }];
const day = 24 * 60 * 60_000;

function streamWorld(): World {
  const world = new World();
  world.things('t');
  world.ok('iot:CreateStream', { streamId: 's', files, roleArn });
  return world;
}

const versionOf = (world: World): number | undefined =>
  world.ok('iot:DescribeStream', { streamId: 's' }).streamInfo?.streamVersion;

describe('a stream', () => {
  it('has version 1 again after the last one', () => {
    const rows = rowsOf(streamWorld().engine).map((one) =>
      one.table === 'stream' ? { ...one, row: { ...one.row, version: 65_535 } } : one,
    );
    expect(new World(rows).ok('iot:UpdateStream', { streamId: 's', description: 'x' }).streamVersion).toBe(1);
  });

  it('begins with version 1, and every update is a new one that keeps what it does not name', () => {
    const world = streamWorld();
    world.now += 1000;
    expect(world.ok('iot:UpdateStream', { streamId: 's', description: 'new' }).streamVersion).toBe(2);
    expect(world.ok('iot:DescribeStream', { streamId: 's' }).streamInfo).toEqual({
      streamId: 's',
      streamArn: 'arn:aws:iot:eu-west-1:123456789012:stream/s',
      streamVersion: 2,
      description: 'new',
      files,
      roleArn,
      createdAt: world.now - 1000,
      lastUpdatedAt: world.now,
    });
  });

  it('goes on with its version when its id is used again, but not after 90 days', () => {
    const world = streamWorld();
    world.ok('iot:DeleteStream', { streamId: 's' });
    expect(world.refused('iot:DescribeStream', { streamId: 's' }).code).toBe('ResourceNotFound');
    world.now += 90 * day - 1;
    world.ok('iot:CreateStream', { streamId: 's', files, roleArn });
    expect(versionOf(world)).toBe(2);
    world.ok('iot:DeleteStream', { streamId: 's' });
    world.now += 90 * day;
    world.ok('iot:CreateStream', { streamId: 's', files, roleArn });
    expect(versionOf(world)).toBe(1);
  });

  it('is there once', () => {
    expect(streamWorld().refused('iot:CreateStream', { streamId: 's', files, roleArn })).toMatchObject({
      code: 'ResourceAlreadyExists',
      members: { resourceId: 's', resourceArn: 'arn:aws:iot:eu-west-1:123456789012:stream/s' },
    });
  });

  it.each([
    ['without a file id', [{ s3Location }]],
    ['with a file id twice', [...files, ...files]],
    ['without a place', [{ fileId: 0 }]],
    ['without a key', [{ fileId: 0, s3Location: { bucket: 'images' } }]],
  ])('is not made, nor changed to be, %s', (_what, bad) => {
    const world = streamWorld();
    expect(world.refused('iot:CreateStream', { streamId: 'u', files: bad, roleArn }).code).toBe('InvalidRequest');
    expect(world.refused('iot:UpdateStream', { streamId: 's', files: bad }).code).toBe('InvalidRequest');
  });

  it.each(['iot:UpdateStream', 'iot:DescribeStream', 'iot:DeleteStream'] as const)('is not found by %s', (name) => {
    expect(streamWorld().refused(name, { streamId: 'u' }).code).toBe('ResourceNotFound');
  });

  it('is listed page by page in both orders, without what is deleted', () => {
    const world = streamWorld();
    for (const streamId of ['a', 'b', 'c']) world.ok('iot:CreateStream', { streamId, files, roleArn });
    world.ok('iot:DeleteStream', { streamId: 'b' });
    const list = (ascendingOrder: boolean, nextToken?: string): string[] => {
      const page = world.ok('iot:ListStreams', {
        ascendingOrder,
        maxResults: 2,
        ...(nextToken !== undefined && { nextToken }),
      });
      const ids = page.streams?.map(({ streamId }) => streamId!) ?? [];
      return page.nextToken === undefined ? ids : [...ids, ...list(ascendingOrder, page.nextToken)];
    };
    expect([list(false), list(true)]).toEqual([
      ['c', 'a', 's'],
      ['s', 'a', 'c'],
    ]);
    const { nextToken } = world.ok('iot:ListStreams', { maxResults: 1 });
    expect(world.refused('iot:ListStreams', { ascendingOrder: true, nextToken: nextToken! }).code).toBe(
      'InvalidRequest',
    );
  });

  it('has tags, which go with it', () => {
    const world = streamWorld();
    const resourceArn = 'arn:aws:iot:eu-west-1:123456789012:stream/s';
    world.ok('iot:TagResource', { resourceArn, tags: [{ Key: 'team', Value: 'a' }] });
    world.ok('iot:DeleteStream', { streamId: 's' });
    expect(world.refused('iot:ListTagsForResource', { resourceArn }).code).toBe('ResourceNotFound');
    expect([...world.engine.rows()].filter(({ table }) => table === 'tag')).toEqual([]);
  });

  it('is its row and no more', () => {
    const world = streamWorld();
    world.ok('iot:UpdateStream', { streamId: 's', description: 'new' });
    world.ok('iot:CreateStream', { streamId: 'u', files, roleArn });
    world.ok('iot:DeleteStream', { streamId: 'u' });
    const again = new World(rowsOf(world.engine));
    expect([...again.engine.rows()]).toEqual([...world.engine.rows()]);
    again.ok('iot:CreateStream', { streamId: 'u', files, roleArn });
    expect(again.ok('iot:DescribeStream', { streamId: 'u' }).streamInfo?.streamVersion).toBe(2);
  });
});

describe('a device that asks for a stream', () => {
  it('is told its version and its files, and the job in whose document it is named', () => {
    const world = streamWorld();
    world.job('j', [thingArn('t')], { document: '{"afr_ota":{"streamname":"s"}}' });
    const opened = { streamId: 's', version: 1, description: undefined, files };
    expect(world.ok('jobrig:OpenStream', { thingName: 't', streamId: 's' })).toEqual({ ...opened, jobId: undefined });
    world.start('t');
    expect(world.ok('jobrig:OpenStream', { thingName: 't', streamId: 's' })).toEqual({ ...opened, jobId: 'j' });
  });

  it('need be no thing, nor have a job', () => {
    expect(streamWorld().ok('jobrig:OpenStream', { thingName: 'nobody', streamId: 's' }).version).toBe(1);
  });
});

const request = (members: Readonly<Record<string, unknown>>) => readGet(new Map(Object.entries(members)));

describe('a request for blocks', () => {
  it.each<[Record<string, unknown>, object]>([
    [
      { f: 0, l: 256 },
      { fileId: 0, blockSize: 256, offset: 0 },
    ],
    [
      { f: '1', l: '256', o: '2', n: '3', s: '4', c: 'rdy' },
      { clientToken: 'rdy', version: 4, fileId: 1, blockSize: 256, offset: 2, count: 3 },
    ],
    [
      { f: 0, l: 256, n: 0, s: null, x: 1 },
      { fileId: 0, blockSize: 256, offset: 0 },
    ],
  ])('is read from %j', (members, value) => {
    expect(request(members)).toEqual({ value });
  });

  it.each([
    [{ l: 256 }, 'The member f is missing.'],
    [{ f: 0 }, 'The member l is missing.'],
    [{ f: 0.5, l: 256 }, 'The member f must be an integer.'],
    [{ f: 0, l: 256n }, 'The member l must be an integer.'],
    [{ f: 0, l: 256, o: [] }, 'The member o must be an integer.'],
    [{ f: 0, l: 256, n: true }, 'The member n must be an integer.'],
    [{ f: 0, l: 256, s: 'x' }, 'The member s must be an integer.'],
    [{ f: 0, l: 256, b: 'no bytes' }, 'The member b is not a bitmap.'],
    [{ f: 0, l: 256, c: 1 }, 'The client token must be a string.'],
    [{ f: 0, l: 256, c: 'é'.repeat(33) }, 'The client token is longer than 64 bytes.'],
  ])('cannot be read from %s', (members, message) => {
    expect(request(members)).toEqual({ refusal: { code: 'InvalidRequest', message } });
  });

  const get: GetRequest = { fileId: 0, blockSize: 256, offset: 0 };

  it.each<[Partial<GetRequest>, string | undefined]>([
    [{}, undefined],
    [{ version: 3 }, undefined],
    [{ version: 2 }, 'VersionMismatch'],
    [{ blockSize: 255 }, 'BlockSizeOutOfBounds'],
    [{ blockSize: 131_072, offset: 98_304, count: 98_304 }, undefined],
    [{ blockSize: 131_073 }, 'BlockSizeOutOfBounds'],
    [{ offset: -1 }, 'OffsetOutOfBounds'],
    [{ offset: 98_305 }, 'OffsetOutOfBounds'],
    [{ count: -1 }, 'BlockCountLimitExceeded'],
    [{ count: 98_305 }, 'BlockCountLimitExceeded'],
    [{ bitmap: new Uint8Array(12_287) }, undefined],
    [{ bitmap: new Uint8Array(12_288) }, 'BlockBitmapLimitExceeded'],
    [{ fileId: 1, blockSize: 1 }, 'ResourceNotFound'],
    [{ version: 2, fileId: 1 }, 'VersionMismatch'],
    [{ version: 2, blockSize: 1, offset: -1 }, 'VersionMismatch'],
    [{ blockSize: 1, offset: -1, count: -1 }, 'BlockSizeOutOfBounds'],
  ])('with %j of a stream of version 3: %s', (members, code) => {
    expect(checkGet({ ...get, ...members }, { version: 3, files })?.code).toBe(code);
  });
});

const blocks = (members: Partial<GetRequest>, bytes: number) => {
  const selected = selectBlocks({ fileId: 0, blockSize: 256, offset: 0, ...members }, bytes);
  return 'value' in selected ? selected.value : selected.refusal.message;
};
const bitmap = (...bytes: number[]) => ({ bitmap: Uint8Array.from(bytes) });

describe('the blocks of an answer', () => {
  const outOfRange = 'The data requested is out of the range of data available.';

  it.each([
    ['from the first to the end', {}, 600, [0, 1, 2]],
    ['as many as are asked for', { count: 2 }, 600, [0, 1]],
    ['from the offset on', { offset: 2 }, 600, [2]],
    ['past the end', { offset: 3 }, 600, outOfRange],
    ['more than there are', { count: 4 }, 600, outOfRange],
    ['of an empty file', {}, 0, outOfRange],
    ['of a bitmap, the lowest bit first', { offset: 20, ...bitmap(0x13, 0x00, 0x80) }, 44 * 256, [20, 21, 24, 43]],
    ['of a bitmap past the end', { offset: 20, ...bitmap(0x13, 0x00, 0x80) }, 43 * 256, outOfRange],
    ['of a bitmap past the end, cut off by the number', { ...bitmap(0xff), count: 2 }, 600, [0, 1]],
    [
      'of the constant bitmap that one library sends',
      { offset: 1, count: 1, ...bitmap(0x44, 0x4d, 0x51, 0x3d, 0x3d) },
      1024,
      [3],
    ],
    ['of a bitmap without a bit', bitmap(0, 0), 600, 'No block is selected.'],
    ['of 128 KB together at most', { blockSize: 65_536, count: 9 }, 10 * 65_536, [0, 1]],
    ['of the largest size, one', { blockSize: 131_072 }, 10 * 131_072, [0]],
    [
      'all that 63 bits name',
      bitmap(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
      63 * 256,
      Array.from({ length: 63 }, (_, block) => block),
    ],
  ])('%s', (_what, members, bytes, expected) => {
    expect(blocks(members, bytes)).toEqual(expected);
  });

  it('are in order, within the file, within what one request may have, and among the bits', () => {
    const requests = fc.record({
      fileId: fc.constant(0),
      blockSize: fc.integer({ min: 256, max: 131_072 }),
      offset: fc.integer({ min: 0, max: 200 }),
      count: fc.option(fc.integer({ min: 1, max: 600 }), { nil: undefined }),
      bitmap: fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(requests, fc.nat(1_000_000), (wanted, bytes) => {
        const selected = selectBlocks(wanted as GetRequest, bytes);
        if ('refusal' in selected) return;
        const { value } = selected;
        expect(value.length).toBeGreaterThan(0);
        expect(value.length * wanted.blockSize).toBeLessThanOrEqual(131_072);
        expect(value).toEqual([...new Set(value)].sort((a, b) => a - b));
        expect(value.at(-1)! * wanted.blockSize).toBeLessThan(bytes);
        for (const block of value) {
          const bit = block - wanted.offset;
          if (wanted.bitmap) expect((wanted.bitmap[bit >> 3]! >> (bit & 7)) & 1).toBe(1);
        }
      }),
    );
  });
});
