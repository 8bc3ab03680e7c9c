/** Callers that leave in the midst of a request, by HTTP and HTTPS, at every point of it: no bug is told of, and the service goes on. */
import { once } from 'node:events';
import { mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ServiceEvent } from '../../broker/service-events.ts';
import { type Service, startService } from '../../broker/start-service.ts';
import { untilClosed } from '../support/until-closed.ts';
import { rawHttp, scopedTo } from '../support/raw-http.ts';
import { sharedFolder } from '../support/folders.ts';

const directory = sharedFolder('aborted');
let service: Service;
const events: ServiceEvent[] = [];
/** Paths of signed URLs. */
let urls: { readonly download: string; readonly upload: string };

beforeAll(async () => {
  for (const bucket of ['images', 'logs']) await mkdir(join(directory, bucket));
  await writeFile(join(directory, 'images/large.bin'), '');
  await truncate(join(directory, 'images/large.bin'), 8 * 1024 * 1024);
  service = await startService({ files: directory, mqttPort: 'off', mqttsPort: 'off', wsPort: 'off', wssPort: 'off' });
  service.onEvent((event) => void events.push(event));
  await call('POST', '/things/T', 'iot', {});
  await call('PUT', '/jobs/J', 'iot', {
    targets: ['arn:aws:iot:us-east-1:000000000000:thing/T'],
    presignedUrlConfig: { roleArn: 'arn:aws:iam::000000000000:role/presigned', expiresInSec: 3600 },
    document: JSON.stringify({
      download: '${aws:iot:s3-presigned-url:s3://images/large.bin}',
      upload: '${aws:iot:s3-presigned-url-upload:s3://logs/log.txt}',
    }),
  });
  const { execution } = (await call('PUT', '/things/T/jobs/$next', 'iot-jobs-data', {})) as {
    readonly execution: { readonly jobDocument: string };
  };
  const document = JSON.parse(execution.jobDocument) as typeof urls;
  urls = { download: pathOf(document.download), upload: pathOf(document.upload) };
});

afterAll(async () => {
  await service.close();
});

async function call(
  method: string,
  path: string,
  scope: string,
  content: object,
): Promise<Readonly<Record<string, unknown>>> {
  const headers = { ...scopedTo(scope), 'content-type': 'application/json' };
  const answer = await rawHttp(portOf('http'), { method, path, headers, body: JSON.stringify(content) });
  expect(answer.status, answer.text).toBe(200);
  return answer.json();
}

function pathOf(url: string): string {
  return url.slice(url.indexOf('/files/'));
}

function portOf(scheme: 'http' | 'https'): number {
  return Number(new URL((scheme === 'http' ? service.httpUrl : service.httpsUrl) ?? '').port);
}

async function arrive(scheme: 'http' | 'https'): Promise<Socket> {
  const at = { port: portOf(scheme), host: '127.0.0.1' };
  const socket = scheme === 'http' ? connect(at) : connectTls({ ...at, rejectUnauthorized: false });
  socket.on('error', () => {});
  await once(socket, scheme === 'http' ? 'connect' : 'secureConnect');
  return socket;
}

const body = JSON.stringify({ attributePayload: { attributes: { a: 'b'.repeat(500) } } });
const requests: Readonly<Record<string, () => readonly [line: string, body: string]>> = {
  'a call with a body': () => ['POST /things/X HTTP/1.1', body],
  'a call without one': () => ['GET /things/T HTTP/1.1', ''],
  'a call of a device': () => ['GET /things/T/jobs HTTP/1.1', ''],
  'an upload': () => [`PUT ${urls.upload} HTTP/1.1`, 'x'.repeat(4000)],
  'a download': () => [`GET ${urls.download} HTTP/1.1`, ''],
};

function textOf([line, content]: readonly [string, string]): string {
  return [line, 'host: 127.0.0.1', `content-length: ${content.length}`, '', content].join('\r\n');
}

/** Where the caller leaves, as a part of what it has to say; with all of it said, as soon as it is. */
const cuts = [0.02, 0.5, 0.9, 1] as const;
const times = 8;

describe.each(['http', 'https'] as const)('by %s', (scheme) => {
  it.each(Object.keys(requests))('%s', async (name) => {
    const text = textOf(requests[name]!());
    const leave = async (part: number, how: number): Promise<void> => {
      const socket = (await arrive(scheme)).resume();
      const said = text.slice(0, Math.ceil(text.length * part));
      if (how === 0) socket.end(said);
      else if (how === 1) socket.end(said, () => void socket.destroy());
      else await new Promise((resolve) => socket.write(said, resolve));
      if (how === 2 && scheme === 'http') socket.resetAndDestroy();
      else if (how >= 2) socket.destroy();
      await untilClosed(socket);
    };
    for (const cut of cuts) {
      await Promise.all(Array.from({ length: times }, (_, index) => leave(cut, index % 4)));
    }
    const { status } = await rawHttp(portOf('http'), { path: '/things/T', headers: scopedTo('iot') });
    expect(status).toBe(200);
    expect(events.filter(({ kind }) => kind === 'request-failed')).toEqual([]);
    await vi.waitUntil(
      async () => (await readdir(join(directory, 'logs'))).every((file) => file === 'log.txt'),
      60_000,
    );
  });
});

it('who has many requests on one connection that are not answered loses it, and nobody else does', async () => {
  const socket = await arrive('http');
  const seen: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => seen.push(bytes));
  socket.write(textOf(['GET /things/T HTTP/1.1', '']).repeat(500));
  await untilClosed(socket);
  expect(Buffer.concat(seen).toString().split('HTTP/1.1 200').length - 1).toBeLessThan(500);
  const good = await arrive('http');
  good.write(textOf(['GET /things/T HTTP/1.1', '']).repeat(40));
  let answered = '';
  while (answered.split('HTTP/1.1 ').length <= 40) answered += String((await once(good, 'data'))[0]);
  good.destroy();
});
