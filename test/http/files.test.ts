/** The directory that stands in for S3: what names an object, what a signed URL opens, and that nothing else opens anything. */
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DocumentContext } from '../../broker/engine/contract.ts';
import { type Files, openFiles } from '../../broker/http/files.ts';
import { type HttpDoor, openHttpDoor } from '../../broker/http/http-door.ts';
import { resolvePlaceholders } from '../../broker/http/placeholders.ts';
import { relativePathOf } from '../../broker/http/s3-object.ts';
import { type SignedUrls, createSignedUrls } from '../../broker/http/signed-urls.ts';
import { OperationalError } from '../../protocol/operational-error.ts';
import { type S3Object, parseS3Url } from '../../protocol/s3-url.ts';
import type { TransferEvent } from '../../protocol/transfers.ts';
import { rawHttp, scopedTo } from '../support/raw-http.ts';
import { createRecordingPort } from '../support/recording-port.ts';
import { testFolder } from '../support/folders.ts';

const firmware = 'image '.repeat(100);
const object = { bucket: 'images', key: 'v2/firmware.bin' };
const context: DocumentContext = { jobId: 'J', thingName: 'T:1', executionNumber: 3 };
const key = Buffer.from('a key of this test');
const start = Date.UTC(2026, 10, 22, 2, 43, 15, 500);

let directory: string;
let now: number;
let files: Files;
let urls: SignedUrls;
let port: ReturnType<typeof createRecordingPort>;
let door: HttpDoor;
let httpPort: number;
let events: TransferEvent[];

/** A signature that tells what was signed. */
async function signImage(image: AsyncIterable<Uint8Array>): Promise<string> {
  let bytes = 0;
  for await (const chunk of image) bytes += chunk.length;
  return `signed-${bytes}`;
}

function presign(method: string, { bucket, key: objectKey, versionId }: S3Object, expiresInSec: number): string {
  return [method, bucket, objectKey, versionId, expiresInSec].filter((part) => part !== undefined).join(' ');
}

function resolved(text: string, config = {}): string {
  return resolvePlaceholders(text, { ...context, ...config }, presign);
}

function isBelow(named: S3Object | undefined): boolean {
  const path = named && relativePathOf(named);
  return path === undefined || join('/base', path).startsWith('/base/images/');
}

function create(members: object): ReturnType<typeof rawHttp> {
  const body = JSON.stringify({ targets: ['arn:aws:iot:us-east-1:000000000000:thing/T'], ...members });
  return rawHttp(httpPort, { method: 'PUT', path: '/jobs/J', headers: scopedTo('iot'), body });
}

beforeEach(async () => {
  directory = testFolder('files');
  await mkdir(join(directory, 'images/v2'), { recursive: true });
  await writeFile(join(directory, 'images/v2/firmware.bin'), firmware);
  await writeFile(join(directory, 'outside'), 'secret');
  now = start;
  urls = createSignedUrls(key, 'us-east-1');
  const baseUrl = (): string => `http://127.0.0.1:${httpPort}`;
  events = [];
  const onTransfer = (event: TransferEvent): void => void events.push(event);
  files = await openFiles({ directory, key, region: 'us-east-1', now: () => now, baseUrl, onTransfer, signImage });
  port = createRecordingPort();
  door = await openHttpDoor({
    port,
    files,
    handled: new Set(['iot:CreateJob', 'iot:CreateJobTemplate'] as const),
    listeners: { http: 0 },
    status: () => ({ endpoints: {}, connectedClients: 0 }),
  });
  httpPort = door.ports.http ?? 0;
});

afterEach(async () => {
  await door.close();
});

describe('the URL of an object', () => {
  it.each([
    'https://s3.us-east-1.amazonaws.com/images/v2/firmware.bin',
    'https://s3-eu-west-1.amazonaws.com/images/v2/firmware.bin',
    'https://s3.amazonaws.com/images/v2%2Ffirmware.bin',
    'https://images.s3.eu-central-1.amazonaws.com/v2/firmware.bin',
    'https://images.s3.amazonaws.com/v2/firmware.bin?x=1#part',
    'https://images.s3-fips.dualstack.us-east-1.amazonaws.com/v2/firmware.bin',
    'https://images.s3.dualstack.us-east-1.amazonaws.com/v2/firmware.bin',
    'https://s3.cn-north-1.amazonaws.com.cn/images/v2/firmware.bin',
    's3://images/v2/firmware.bin',
  ])('%s', (url) => {
    expect(parseS3Url(url)).toEqual(object);
  });

  it.each([
    'https://images.s3.amazonaws.com/v2/firmware.bin?versionId=a%2Bc',
    'https://s3.amazonaws.com/images/v2/firmware.bin?x=1&versionId=a%2Bc#part',
    'https://images.s3.amazonaws.com/v2%2Ffirmware.bin%3FversionId%3Da%2Bc',
    's3://images/v2/firmware.bin?versionId=a%2Bc',
  ])('with a version: %s', (url) => {
    expect(parseS3Url(url)).toEqual({ ...object, versionId: 'a+c' });
  });

  it.each(['https://example.com/images/a', 'https://s3.amazonaws.com.example.com/images/a', 'ftp://x', '', 'images/a'])(
    'is not %s',
    (url) => {
      expect(parseS3Url(url)).toBeUndefined();
    },
  );

  it('leads to a place below its bucket or nowhere, whatever it says', () => {
    const piece = fc.oneof(
      fc.constantFrom('..', '.', '/', '%2e%2e', '%2F', '\\', '\0', '', 'a'),
      // Any code point. The ready-made unit of these lists all of them first: seconds, and a hundred megabytes.
      fc.string({ unit: fc.nat(0x10_ff_ff).map((codePoint) => String.fromCodePoint(codePoint)) }),
    );
    const text = fc.array(piece).map((pieces) => pieces.join(''));
    fc.assert(fc.property(text, (name) => isBelow({ bucket: 'images', key: name })));
    fc.assert(fc.property(text, (name) => isBelow(parseS3Url(`s3://images/${name}`))));
    fc.assert(fc.property(text, (name) => relativePathOf({ bucket: `${name}/`, key: 'a' }) === undefined));
  });
});

describe('a placeholder', () => {
  it.each([
    ['s3-presigned-url:https://s3.us-east-1.amazonaws.com/images/a b.bin', 'GET images a b.bin 3600'],
    ['s3-presigned-url-v1:https://s3.us-east-1.amazonaws.com/images/a.bin', 'GET images a.bin 3600'],
    ['s3-presigned-url-v2:https://images.s3.us-east-1.amazonaws.com/a%20b.bin', 'GET images a b.bin 3600'],
    ['s3-presigned-url:https:\\/\\/s3.amazonaws.com\\/images\\/a.bin', 'GET images a.bin 3600'],
    ['s3-presigned-url:s3://images/\\u00e4.bin', 'GET images ä.bin 3600'],
    ['s3-presigned-url-v2:https://images.s3.amazonaws.com/a%2Fb%3FversionId%3D7', 'GET images a/b 7 3600'],
    [
      's3-presigned-url-upload:https://images.s3.us-east-1.amazonaws.com/${jobId}/${thingName}-${executionNumber}.log',
      'PUT images J/T:1-3.log 3600',
    ],
    ['s3-presigned-url-upload:https://images.s3.us-east-1.amazonaws.com', 'PUT images J/T:1/3 3600'],
  ])('%s becomes %s', (placeholder, url) => {
    expect(resolved(`{"url":"\${aws:iot:${placeholder}}"}`)).toBe(`{"url":"${url}"}`);
  });

  it('takes the life of its URL from the job', () => {
    const config = { presignedUrlConfig: { expiresInSec: 60 } };
    expect(resolved('"${aws:iot:s3-presigned-url:s3://images/a}"', config)).toBe('"GET images a 60"');
  });

  it.each([
    '{"url":"${aws:iot:s3-presigned-url:https://example.com/a}"}',
    '{"url":"${aws:iot:s3-presigned-url:s3://images/a"}',
    '{"url":"${aws:iot:parameter:x}"}',
    '{"plain":"text"}',
  ])('is left alone in %s', (text) => {
    expect(resolved(text)).toBe(text);
  });
});

describe('a signed URL', () => {
  const document = '{"url":"${aws:iot:s3-presigned-url:s3://images/v2/firmware.bin}"}';
  const handedOut = (text = document): string => {
    const config = { presignedUrlConfig: { expiresInSec: 60 } };
    return (JSON.parse(files.resolveDocument(text, { ...context, ...config })) as { url: string }).url;
  };

  it('downloads its object', async () => {
    const response = await fetch(handedOut());
    expect([response.status, await response.text()]).toEqual([200, firmware]);
  });

  it('has the query of a presigned one', () => {
    const query = new URL(handedOut()).searchParams;
    expect([...query.keys()]).toEqual([
      'X-Amz-Security-Token',
      'X-Amz-Algorithm',
      'X-Amz-Date',
      'X-Amz-SignedHeaders',
      'X-Amz-Expires',
      'X-Amz-Credential',
      'X-Amz-Signature',
    ]);
    expect(query.get('X-Amz-Date')).toBe('20261122T024315Z');
  });

  it('goes on where a download was cut off', async () => {
    const url = handedOut();
    const whole = await fetch(url);
    const ifRange = whole.headers.get('etag') ?? '';
    const rest = await fetch(url, { headers: { range: 'bytes=590-', 'if-range': ifRange } });
    expect([rest.status, await rest.text()]).toEqual([206, firmware.slice(590)]);
    expect(rest.headers.get('content-range')).toBe('bytes 590-599/600');
    expect((await fetch(url, { headers: { range: 'bytes=600-' } })).status).toBe(416);

    await writeFile(join(directory, 'images/v2/firmware.bin'), 'another image');
    const other = await fetch(url, { headers: { range: 'bytes=590-', 'if-range': ifRange } });
    expect([other.status, await other.text()]).toEqual([200, 'another image']);
  });

  it('expires in service time', async () => {
    const url = handedOut();
    now = start - 500 + 59_999;
    expect((await fetch(url)).status).toBe(200);
    now = start - 500 + 60_000;
    const response = await fetch(url);
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('<Code>AccessDenied</Code><Message>Request has expired</Message>');
  });

  it('opens nothing when a character of it is changed', async () => {
    const target = handedOut().replace(/^http:\/\/[^/]+/, '');
    for (let index = '/files/'.length; index < target.length; index += 1) {
      const changed = target.slice(0, index) + (target[index] === '1' ? '2' : '1') + target.slice(index + 1);
      expect(urls.open('GET', changed, now)).toBe('wrong signature');
    }
    for (const changed of [target.replace('/v2/', '/v2/../'), `${target}&x=1`, target.slice(0, -1)]) {
      const { status, text } = await rawHttp(httpPort, { path: changed });
      expect([status, text]).toEqual([403, expect.stringContaining('<Code>SignatureDoesNotMatch</Code>')]);
    }
  });

  it('is good for its method only', async () => {
    expect((await fetch(handedOut(), { method: 'PUT', body: 'x' })).status).toBe(403);
    expect(await readFile(join(directory, 'images/v2/firmware.bin'), 'utf8')).toBe(firmware);
  });

  it.each(['v2/missing', 'v2', '../outside', 'v2/../../outside', '', 'a//b'])('finds no object %j', async (missing) => {
    const path = urls.sign('GET', { ...object, key: missing }, 60, now, context);
    const { status, text } = await rawHttp(httpPort, { path });
    expect([status, text]).toEqual([404, expect.stringContaining('<Code>NoSuchKey</Code>')]);
  });

  it('carries the version, and answers with it', async () => {
    const url = handedOut('{"url":"${aws:iot:s3-presigned-url:s3://images/v2/firmware.bin?versionId=3HL4kq}"}');
    expect(new URL(url).searchParams.get('versionId')).toBe('3HL4kq');
    const response = await fetch(url);
    expect([await response.text(), response.headers.get('x-amz-version-id')]).toEqual([firmware, '3HL4kq']);
  });

  it('tells whose execution moves which bytes, and how that ends', async () => {
    const ended = (): TransferEvent[] => events.filter(({ kind }) => kind === 'ended');
    const whose = { by: 'url', jobId: 'J', thingName: 'T:1', executionNumber: 3 };
    await (await fetch(handedOut(), { headers: { range: 'bytes=590-594' } })).text();
    await (await fetch(handedOut('{"url":"${aws:iot:s3-presigned-url:s3://images/missing}"}'))).text();
    const upload = '{"url":"${aws:iot:s3-presigned-url-upload:s3://logs/log.txt}"}';
    await fetch(handedOut(upload), { method: 'PUT', body: 'all is well' });
    await vi.waitUntil(() => ended().length === 3, 60_000);
    expect(events.map(({ kind }) => kind)).toEqual(['asked', 'ended', 'asked', 'ended', 'asked', 'ended']);
    expect(ended()).toEqual([
      {
        kind: 'ended',
        outcome: 'finished',
        bytes: 5,
        transfer: { id: 1, ...whose, direction: 'download', object, start: 590, end: 595, bytes: 5, totalBytes: 600 },
      },
      {
        kind: 'ended',
        outcome: 'refused',
        bytes: 0,
        transfer: {
          id: 2,
          ...whose,
          direction: 'download',
          object: { bucket: 'images', key: 'missing' },
          start: 0,
          end: 0,
          bytes: 0,
          totalBytes: 0,
        },
      },
      {
        kind: 'ended',
        outcome: 'finished',
        bytes: 11,
        transfer: {
          id: 3,
          ...whose,
          direction: 'upload',
          object: { bucket: 'logs', key: 'log.txt' },
          start: 0,
          end: 11,
          bytes: 11,
          totalBytes: 0,
        },
      },
    ]);
  });

  it('tells of a device that gives a download up', async () => {
    await writeFile(join(directory, 'images/v2/firmware.bin'), Buffer.alloc(32 * 1024 * 1024));
    const stop = new AbortController();
    const response = await fetch(handedOut(), { signal: stop.signal });
    await response.body!.getReader().read();
    stop.abort();
    await vi.waitUntil(() => events.length === 2, 60_000);
    expect(events[1]).toMatchObject({ kind: 'ended', outcome: 'given up', transfer: { jobId: 'J' } });
  });

  it('of an upload keeps what a device sends, once it is whole', async () => {
    const upload = '{"url":"${aws:iot:s3-presigned-url-upload:s3://logs/${thingName}/${jobId}.txt}"}';
    const response = await fetch(handedOut(upload), { method: 'PUT', body: 'all is well' });
    expect(response.status).toBe(200);
    expect(await readFile(join(directory, 'logs/T:1/J.txt'), 'utf8')).toBe('all is well');
    expect(await readdir(join(directory, 'logs/T:1'))).toEqual(['J.txt']);
  });

  it('of an upload refuses what does not say how much it is, or is too much', async () => {
    const path = urls.sign('PUT', { bucket: 'logs', key: 'x' }, 60, now, context);
    const headers = { 'transfer-encoding': 'chunked' };
    expect((await rawHttp(httpPort, { method: 'PUT', path, headers, body: 'x' })).status).toBe(411);
    const huge = { 'content-length': String(2 ** 40) };
    expect((await rawHttp(httpPort, { method: 'PUT', path, headers: huge })).status).toBe(400);
    expect(await readdir(directory)).toEqual(['images', 'outside']);
  });
});

describe('a document source', () => {
  it('is read once, when the job is created, and goes along', async () => {
    await writeFile(join(directory, 'images/job.json'), '{"operation":"update"}');
    port.reply = { accepted: true, response: {} };
    const documentSource = 'https://images.s3.us-east-1.amazonaws.com/job.json';
    expect((await create({ documentSource })).status).toBe(200);
    expect(port.commands).toMatchObject([{ request: { documentSource, document: '{"operation":"update"}' } }]);
  });

  it.each([
    [{ documentSource: 's3://images/missing.json' }, 'cannot be found'],
    [{ documentSource: 's3://images/../outside' }, 'cannot be found'],
    [{ documentSource: 'https://example.com/job.json' }, 'cannot be found'],
    [{ documentSource: 's3://images/v2', document: '{}' }, 'cannot be specified at the same time'],
  ])('that is %j is refused, and nothing is created', async (members, message) => {
    const { status, text } = await create(members);
    expect([status, text]).toEqual([400, expect.stringContaining(message)]);
    expect(port.commands).toEqual([]);
  });
});

describe('a placeholder for a signature', () => {
  const presignedUrlConfig = { roleArn: 'arn:aws:iam::000000000000:role/ota' };

  it.each([
    ['${aws:iot:code-sign-signature:s3://us-east-1.images/v2/firmware.bin@7}', 'signed-600'],
    ['${aws:iot:code-sign-signature:s3://us-east-1.images/v2/firmware.bin}', 'signed-600'],
    ['${aws:iot:code-sign-signature:https:\\/\\/images.s3.amazonaws.com\\/v2\\/firmware.bin}', 'signed-600'],
    [
      '${aws:iot:s3-presigned-url:${aws:iot:code-sign-signature:s3://us-east-1.images/v2/firmware.bin@7}}',
      '${aws:iot:s3-presigned-url:s3://images/v2/firmware.bin?versionId=7}',
    ],
    [
      '${aws:iot:s3-presigned-url-v2:${aws:iot:code-sign-signature:https://s3.amazonaws.com/images/a%20b}',
      '${aws:iot:s3-presigned-url-v2:s3://images/a%20b}',
    ],
  ])('%s becomes %s when the job is made', async (placeholder, value) => {
    port.reply = { accepted: true, response: {} };
    const document = `{"a":"${placeholder}","b":"x"}`;
    expect((await create({ document, presignedUrlConfig })).status).toBe(200);
    expect(port.commands).toMatchObject([{ request: { document: `{"a":"${value}","b":"x"}` } }]);
  });

  it('stands in a document of a template and of a file, too', async () => {
    port.reply = { accepted: true, response: {} };
    const text = '{"a":"${aws:iot:code-sign-signature:s3://images/v2/firmware.bin}"}';
    await writeFile(join(directory, 'images/job.json'), text);
    await create({ documentSource: 's3://images/job.json' });
    const body = JSON.stringify({ document: text, description: 'd' });
    await rawHttp(httpPort, { method: 'PUT', path: '/job-templates/J', headers: scopedTo('iot'), body });
    const document = '{"a":"signed-600"}';
    expect(port.commands).toMatchObject([{ request: { document } }, { request: { document } }]);
  });

  it.each([
    ['${aws:iot:code-sign-signature:s3://us-east-1.images/missing@7}', 'which is to be signed, cannot be found.'],
    ['${aws:iot:code-sign-signature:s3://images/../outside}', 'which is to be signed, cannot be found.'],
    ['${aws:iot:code-sign-signature:https://example.com/a}', 'in the job document is not valid.'],
    ['${aws:iot:code-sign-signature:}', 'in the job document is not valid.'],
    ['${aws:iot:s3-presigned-url:${aws:iot:code-sign-signature:s3://images}}', 'in the job document is not valid.'],
  ])('%s is refused, and nothing is created', async (placeholder, message) => {
    const { status, text } = await create({ document: `{"a":"${placeholder}"}`, presignedUrlConfig });
    expect([status, text]).toEqual([400, expect.stringContaining(message)]);
    expect(port.commands).toEqual([]);
  });
});

describe('the directory', () => {
  it.each(['missing', 'outside'])('must be one: %s', async (name) => {
    const opening = openFiles({
      directory: join(directory, name),
      key,
      region: 'r',
      now: () => 0,
      baseUrl: () => '',
      signImage,
    });
    await expect(opening).rejects.toMatchObject({ name: OperationalError.name, code: 'FILES_UNUSABLE' });
  });
});
