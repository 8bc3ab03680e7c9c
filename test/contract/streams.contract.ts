/**
 * MQTT file streams, in whichever format and by whichever way in they are asked for: what a stream says of itself, which bytes
 * its blocks have, and how it says no (reference streams-and-ota.md §1). Members are told by their letters; bytes are bytes.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CertificateAuthority, openCertificateAuthority } from '../../broker/certificates.ts';
import type { CommandOf, OperationName } from '../../broker/engine/contract.ts';
import { type Service, startService } from '../../broker/start-service.ts';

/** A service with streams, and how its operator asks it. */
export interface StreamService extends Pick<Service, 'mqttUrl' | 'mqttsUrl' | 'wsUrl' | 'wssUrl' | 'ca' | 'close'> {
  /** @returns whether it was accepted */
  run<Name extends OperationName>(name: Name, request: CommandOf<Name>['request']): Promise<boolean>;
}

export type StreamMessage = Readonly<Record<string, unknown>>;

export interface StreamAnswer {
  readonly kind: 'description' | 'data' | 'rejected';
  readonly members: StreamMessage;
}

export interface StreamDoor {
  /** Resolves with the answers of one request; of blocks there are as many as `answers`. */
  ask(operation: string, members: StreamMessage, answers?: number): Promise<readonly StreamAnswer[]>;
  close(): Promise<void>;
}

export const thingName = 'lamp';
export const streamId = 'S';

const image = randomBytes(10_000);
const roleArn = 'arn:aws:iam::000000000000:role/streams';
const inImages = (fileId: number, key: string) => ({ fileId, s3Location: { bucket: 'images', key } });
const files = [inImages(0, 'v2.bin'), inImages(255, 'small.bin'), inImages(9, 'missing'), inImages(5, 'empty.bin')];

/** Of a stream in its first version, whose file 0 has 40 blocks of 256 bytes, the last one with 16. */
const refusals: readonly (readonly [members: StreamMessage, code: string, message: string])[] = [
  [{}, 'InvalidRequest', 'The member f is missing.'],
  [{ f: 0 }, 'InvalidRequest', 'The member l is missing.'],
  [{ f: 'x', l: 256 }, 'InvalidRequest', 'The member f must be an integer.'],
  [{ f: 0, l: 256.5 }, 'InvalidRequest', 'The member l must be an integer.'],
  [{ f: 0, l: 256, n: [] }, 'InvalidRequest', 'The member n must be an integer.'],
  [{ f: 0, l: 256, b: 7 }, 'InvalidRequest', 'The member b is not a bitmap.'],
  [{ f: 0, l: 256, s: 2 }, 'VersionMismatch', 'Expected version 2 but found version 1'],
  [{ f: 1, l: 256 }, 'ResourceNotFound', 'The stream has no file 1.'],
  [{ f: 9, l: 256 }, 'ResourceNotFound', 'The file cannot be found.'],
  [{ f: 0, l: 255 }, 'BlockSizeOutOfBounds', 'The block size is out of bounds'],
  [{ f: 0, l: 131_073 }, 'BlockSizeOutOfBounds', 'The block size is out of bounds'],
  [{ f: 0, l: 256, o: -1 }, 'OffsetOutOfBounds', 'The offset is out of bounds'],
  [{ f: 0, l: 256, o: 98_305 }, 'OffsetOutOfBounds', 'The offset is out of bounds'],
  [{ f: 0, l: 256, n: -1 }, 'BlockCountLimitExceeded', 'The number of blocks must be from 0 to 98304'],
  [{ f: 0, l: 256, b: Buffer.alloc(12_288) }, 'BlockBitmapLimitExceeded', 'The bitmap is longer than 12287 bytes'],
  [{ f: 0, l: 256, o: 40 }, 'InvalidRequest', 'The data requested is out of the range of data available.'],
  [{ f: 0, l: 256, o: 39, n: 2 }, 'InvalidRequest', 'The data requested is out of the range of data available.'],
  [
    { f: 0, l: 256, o: 39, b: Buffer.of(3) },
    'InvalidRequest',
    'The data requested is out of the range of data available.',
  ],
  [{ f: 5, l: 256 }, 'InvalidRequest', 'The data requested is out of the range of data available.'],
  [{ f: 0, l: 256, b: Buffer.of(0) }, 'InvalidRequest', 'No block is selected.'],
];

/** @param folder stands in for S3 */
export async function inOneProcess(folder: string, dataDir: string): Promise<StreamService> {
  const service = await startService({ board: true, files: folder, dataDir, durability: 'off' });
  return Object.assign(service, {
    run: ((name, request) =>
      new Promise((resolve) => {
        service.port.submit({ name, request } as CommandOf<typeof name>, ({ accepted }) => resolve(accepted));
      })) as StreamService['run'],
  });
}

export function streamContract(
  openDoor: (service: StreamService, authority: CertificateAuthority) => Promise<StreamDoor>,
  startStreams: typeof inOneProcess = inOneProcess,
): void {
  let directory: string;
  let service: StreamService;
  let authority: CertificateAuthority;
  let door: StreamDoor;

  async function start(): Promise<void> {
    const dataDir = join(directory, 'data');
    authority = await openCertificateAuthority(dataDir);
    service = await startStreams(directory, dataDir);
    door = await openDoor(service, authority);
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'jobrig-streams-'));
    await mkdir(join(directory, 'images'));
    await writeFile(join(directory, 'images/v2.bin'), image);
    await writeFile(join(directory, 'images/small.bin'), image.subarray(0, 60));
    await writeFile(join(directory, 'images/empty.bin'), '');
    await start();
  });

  afterAll(async () => {
    await door.close();
    await service.close();
    await rm(directory, { recursive: true });
  });

  const run: StreamService['run'] = (name, request) => service.run(name, request);

  describe('of version 1', () => {
    let isThere = false;
    beforeEach(async () => {
      isThere ||= await run('iot:CreateStream', { streamId, files, roleArn, description: 'two images' });
      expect(isThere).toBe(true);
    });

    it.each<[StreamMessage, number[]]>([
      [{ f: 0, l: 4096 }, [0, 1, 2]],
      [{ f: 0, l: 4096, n: 0 }, [0, 1, 2]],
      [{ f: 0, l: 256, o: 38 }, [38, 39]],
      [{ f: 0, l: 256, o: 3, n: 2 }, [3, 4]],
      [{ f: 0, l: 256, o: 8, b: Buffer.of(0x05, 0x80) }, [8, 10, 23]],
      [{ f: 0, l: 256, o: 8, b: Buffer.of(0xff, 0xff), n: 3 }, [8, 9, 10]],
      [{ f: 0, l: 256, s: 1, o: 39, n: 1 }, [39]],
      [{ f: 0, l: 131_072 }, [0]],
      [{ f: 255, l: 256, unknown: 1 }, [0]],
    ])('answers %j with the blocks %j, and the bytes of the file in them', async (members, blocks) => {
      const size = members['l'] as number;
      const answers = await door.ask('get', { c: 'rdy', ...members }, blocks.length);
      const source = members['f'] === 0 ? image : image.subarray(0, 60);
      expect(answers).toEqual(
        blocks.map((block) => {
          const bytes = source.subarray(block * size, (block + 1) * size);
          return { kind: 'data', members: { c: 'rdy', f: members['f'], i: block, l: bytes.length, p: bytes } };
        }),
      );
    });

    it('answers without a token who sent none', async () => {
      const [answer] = await door.ask('get', { f: 255, l: 256 });
      expect(Object.keys(answer!.members)).toEqual(['f', 'i', 'l', 'p']);
    });

    it.each(refusals)('refuses %j: %s', async (members, code, message) => {
      const [answer] = await door.ask('get', { c: 'mine', ...members });
      const both = { clientToken: 'mine', c: 'mine', code, o: code, message, m: message };
      expect(answer).toEqual({ kind: 'rejected', members: both });
    });

    it('refuses a token that is too long, and does not repeat it', async () => {
      const [answer] = await door.ask('get', { f: 0, l: 256, c: 'x'.repeat(65) });
      expect(answer).toMatchObject({ kind: 'rejected', members: { code: 'InvalidRequest' } });
      expect(answer?.members).not.toHaveProperty('c');
    });

    it.each(['create', 'notify', 'data'])('has no operation %s', async (operation) => {
      expect(await door.ask(operation, {})).toMatchObject([{ kind: 'rejected', members: { code: 'InvalidTopic' } }]);
    });
  });

  it('describes itself, but not while a file of it is missing', async () => {
    expect(await door.ask('describe', { c: 'x' })).toMatchObject([
      { kind: 'rejected', members: { code: 'ResourceNotFound' } },
    ]);
    expect(await run('iot:UpdateStream', { streamId, files: [files[0]!, files[1]!] })).toBe(true);
    expect(await door.ask('describe', { c: 'x' })).toEqual([
      {
        kind: 'description',
        members: {
          c: 'x',
          s: 2,
          d: 'two images',
          r: [
            { f: 0, z: 10_000 },
            { f: 255, z: 60 },
          ],
        },
      },
    ]);
  });

  it('is there again after a restart, in the same version', async () => {
    await door.close();
    await service.close();
    await start();
    expect(await door.ask('get', { f: 255, l: 256, s: 2 })).toMatchObject([{ kind: 'data', members: { l: 60 } }]);
  });

  it('is not found once it is deleted, and goes on with its version when it is made again', async () => {
    expect(await run('iot:DeleteStream', { streamId })).toBe(true);
    for (const operation of ['get', 'describe']) {
      const [answer] = await door.ask(operation, { f: 0, l: 256 });
      expect(answer).toMatchObject({ kind: 'rejected', members: { code: 'ResourceNotFound' } });
    }
    expect(await run('iot:CreateStream', { streamId, files, roleArn })).toBe(true);
    expect(await door.ask('get', { f: 255, l: 256, s: 3 })).toMatchObject([{ kind: 'data' }]);
  });
}
