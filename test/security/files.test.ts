/** Whatever a signed URL or a document source names: an answer, nothing outside the folder, and a service that goes on. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { type Socket, createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Service, startService } from '../../broker/start-service.ts';
import { ask } from '../support/ask.ts';
import { rawHttp, scopedTo } from '../support/raw-http.ts';
import { killAll, startServe } from '../support/serve-process.ts';

let base: string;
let folder: string;
let service: Service;
let jobs = 0;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'jobrig-files-'));
  folder = join(base, 'folder');
  await mkdir(join(folder, 'bucket/below'), { recursive: true });
  await writeFile(join(folder, 'bucket/file'), 'an object');
  await writeFile(join(base, 'secret'), 'secret');
  service = await startService({ files: folder });
  await ask(service, 'iot:CreateThing', { thingName: 'T' });
});

afterEach(async () => {
  await service.close();
  await rm(base, { recursive: true });
});

afterAll(killAll);

/** The URL that a device is handed for a placeholder, as path and query. */
async function signedTarget(kind: '' | '-upload', key: string, port = httpPort()): Promise<string> {
  const jobId = `job-${(jobs += 1)}`;
  const document = `{"url":"\${aws:iot:s3-presigned-url${kind}:s3://bucket/${key}}"}`;
  const presignedUrlConfig = { roleArn: 'arn:aws:iam::000000000000:role/anything-at-all' };
  const targets = ['arn:aws:iot:us-east-1:000000000000:thing/T'];
  const body = JSON.stringify({ targets, document, presignedUrlConfig });
  const made = await rawHttp(port, { method: 'PUT', path: `/jobs/${jobId}`, headers: scopedTo('iot'), body });
  if (made.status !== 200) throw new Error(String(made.headers['x-amzn-errortype']));
  const asked = await rawHttp(port, { path: `/jobs-data/things/T/jobs/${jobId}?includeJobDocument=true` });
  const { execution } = asked.json() as { readonly execution: { readonly jobDocument: string } };
  const { url } = JSON.parse(execution.jobDocument) as { readonly url: string };
  return url.slice(url.indexOf('/files/'));
}

const httpPort = (): number => Number(new URL(service.httpUrl ?? '').port);

async function upload(key: string, body = 'sent'): Promise<readonly [number, string | undefined]> {
  const path = await signedTarget('-upload', key);
  const { status, text } = await rawHttp(httpPort(), { method: 'PUT', path, body });
  return [status, /<Code>(\w+)<\/Code>/.exec(text)?.[1]];
}

async function download(key: string): Promise<readonly [number, string]> {
  const { status, text } = await rawHttp(httpPort(), { path: await signedTarget('', key) });
  return [status, text];
}

afterEach(async () => {
  // Whatever was asked before.
  expect((await rawHttp(httpPort(), { path: '/healthz' })).status).toBe(200);
});

const unfinished = async (): Promise<readonly string[]> =>
  (await readdir(join(folder, 'bucket'))).filter((name) => name.endsWith('.part'));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** @returns when it has begun, and is the latest of so many. */
async function begin(port: number, key: string, count: number): Promise<Socket> {
  const path = await signedTarget('-upload', key, port);
  const socket = createConnection(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`PUT ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\nhalf`);
  while ((await unfinished()).length < count) await turn();
  return socket;
}

describe('an upload', () => {
  it.each([
    ['below a file', 'file/deeper', 409, 'InvalidRequest'],
    ['far below a file', 'file/a/b/c', 409, 'InvalidRequest'],
    ['on a folder', 'below', 409, 'InvalidRequest'],
    ['with a last part that is too long for a file', `a/${'x'.repeat(256)}`, 400, 'KeyTooLongError'],
    ['with a first part that is too long', `${'x'.repeat(256)}/a`, 400, 'KeyTooLongError'],
  ])('%s is refused', async (_what, key, status, code) => {
    expect(await upload(key)).toEqual([status, code]);
    expect(await readFile(join(folder, 'bucket/file'), 'utf8')).toBe('an object');
  });

  it.each([1, 200, 219, 230, 255])('with a last part of %i characters is kept', async (length) => {
    const key = `long/${'z'.repeat(length)}`;
    expect(await upload(key)).toEqual([200, undefined]);
    expect(await readdir(join(folder, 'bucket/long'))).toEqual(['z'.repeat(length)]);
  });

  it('does not leave the folder by a link, neither one to a folder nor one in its own place', async () => {
    await mkdir(join(base, 'outside'));
    await symlink(join(base, 'outside'), join(folder, 'bucket/out'));
    await symlink(join(base, 'secret'), join(folder, 'bucket/to-secret'));
    await symlink(join(base, 'nowhere'), join(folder, 'bucket/dangling'));
    expect(await upload('out/x')).toEqual([403, 'AccessDenied']);
    expect(await upload('out/new/x')).toEqual([403, 'AccessDenied']);
    expect((await upload('to-secret'))[0]).toBe(200);
    expect((await upload('dangling/x'))[0]).toBe(409);
    expect(await readFile(join(base, 'secret'), 'utf8')).toBe('secret');
    expect((await readdir(base)).sort()).toEqual(['folder', 'outside', 'secret']);
    expect(await readdir(join(base, 'outside'))).toEqual([]);
  });

  it('that is cut off leaves nothing behind', async () => {
    (await begin(httpPort(), 'cut', 1)).destroy();
    while ((await unfinished()).length > 0) await turn();
    expect((await readdir(join(folder, 'bucket'))).sort()).toEqual(['below', 'file']);
  });

  it('that a kill has cut off is removed at the next start, and not what other services write', async () => {
    const flags = ['--memory', '--files', folder];
    const other = await startServe({ flags });
    const killed = await startServe({ flags });
    for (const { httpUrl } of [other, killed]) {
      await rawHttp(Number(new URL(httpUrl).port), { method: 'POST', path: '/things/T', headers: scopedTo('iot') });
    }
    const here = await begin(httpPort(), 'here', 1);
    const there = await begin(Number(new URL(other.httpUrl).port), 'there', 2);
    await begin(Number(new URL(killed.httpUrl).port), 'killed', 3);
    await killed.kill();
    const foreign = ['.x.part', `.${'0'.repeat(8)}-1-${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}.part`];
    for (const name of foreign) await writeFile(join(folder, 'bucket', name), 'not ours');
    const old = `.${'0'.repeat(8)}-1-${'1'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}.part`;
    await writeFile(join(folder, 'bucket', old), 'of a machine that is gone');
    await utimes(join(folder, 'bucket', old), 0, 0);
    await startServe({ flags });
    while ((await unfinished()).length > 4) await turn();
    for (const [socket, key] of [
      [here, 'here'],
      [there, 'there'],
    ] as const) {
      socket.write('half');
      expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1.1 200/);
      expect(await readFile(join(folder, 'bucket', key), 'utf8')).toBe('halfhalf');
      socket.destroy();
    }
    expect([...(await unfinished())].sort()).toEqual([...foreign].sort());
  });
});

describe('a download', () => {
  it('does not leave the folder by a link, and takes one within it', async () => {
    await symlink(join(base, 'secret'), join(folder, 'bucket/to-secret'));
    await symlink(base, join(folder, 'bucket/up'));
    await symlink(join(folder, 'bucket/file'), join(folder, 'bucket/alias'));
    await symlink('loop', join(folder, 'bucket/loop'));
    for (const key of ['to-secret', 'up/secret', 'loop']) {
      expect(await download(key)).toEqual([404, expect.stringContaining('NoSuchKey')]);
    }
    expect(await download('alias')).toEqual([200, 'an object']);
  });

  it('waits for no pipe and reads no device', async () => {
    execFileSync('mkfifo', [join(folder, 'bucket/pipe')]);
    await symlink('/dev/zero', join(folder, 'bucket/zero'));
    for (const key of ['pipe', 'zero']) expect((await download(key))[0]).toBe(404);
  });
});

it.each(['\ud800', 'a/\udfff/b'])('a key that UTF-8 cannot write makes no job: %j', async (key) => {
  await expect(signedTarget('', key)).rejects.toThrow('InvalidRequest');
});

function create(key: string): ReturnType<typeof rawHttp> {
  const targets = ['arn:aws:iot:us-east-1:000000000000:thing/T'];
  const body = JSON.stringify({ targets, documentSource: `s3://bucket/${key}` });
  const path = `/jobs/source-${(jobs += 1)}`;
  return rawHttp(httpPort(), { method: 'PUT', path, headers: scopedTo('iot'), body });
}

describe('a document source', () => {
  it.each([32_769, 40_000_000_000])('of %i bytes is refused, without being read', async (bytes) => {
    await writeFile(join(folder, 'bucket/large.json'), '{}');
    await truncate(join(folder, 'bucket/large.json'), bytes);
    const { status, text } = await create('large.json');
    expect([status, text]).toEqual([400, expect.stringContaining('larger than 32768 bytes')]);
  });

  it('that is a pipe, a device, a folder or a link that leads out cannot be found', async () => {
    execFileSync('mkfifo', [join(folder, 'bucket/pipe')]);
    await symlink('/dev/zero', join(folder, 'bucket/zero'));
    await symlink(join(base, 'secret'), join(folder, 'bucket/to-secret'));
    for (const key of ['pipe', 'zero', 'below', 'to-secret']) {
      const { status, text } = await create(key);
      expect([status, text]).toEqual([400, expect.stringContaining('cannot be found')]);
    }
  });
});
