/** No web page acts on a running service: every way in, every header that tells a browser's request from another's. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type Service, startService } from '../../broker/start-service.ts';
import { rawHttp, scopedTo } from '../support/raw-http.ts';

let service: Service;
let open: Service;

beforeAll(async () => {
  service = await startService();
  open = await startService({ allowedOrigins: ['https://tool.example'], advertise: { host: 'rig.lan' } });
});
afterAll(async () => {
  await service.close();
  await open.close();
});

const portOf = (url: string | undefined): number => Number(new URL(url ?? '').port);

type Headers = Readonly<Record<string, string>>;

/** What a page of another origin makes a browser send. */
const attacks: readonly (readonly [what: string, headers: Headers])[] = [
  ['a foreign origin', { origin: 'https://evil.example' }],
  ['a page of another port of this machine', { origin: 'http://localhost:3000' }],
  ['a page in a sandbox or from a file', { origin: 'null' }],
  ['a request without origin from another site', { 'sec-fetch-site': 'cross-site' }],
  ['a name that was made to mean 127.0.0.1', { host: 'evil.example' }],
  ['that name, with the port', { host: 'evil.example:4510', origin: 'http://evil.example:4510' }],
  ['a name that looks like this one', { host: '127.0.0.1.evil.example' }],
  ['an address of nobody', { host: '0.0.0.0' }],
  ['its own name with another one in front', { host: 'localhost.evil.example' }],
  ['its own name in an origin of others', { origin: 'http://localhost.evil.example' }],
  ['its own name as a user of others', { origin: 'http://localhost:4510@evil.example' }],
  ['its own address without a scheme', { origin: 'localhost:4510' }],
  ['its own address by another scheme', { origin: 'ftp://localhost' }],
  ['an extension of a browser', { origin: 'chrome-extension://abcdefghijklmnop' }],
  ['an empty origin', { origin: '' }],
  ['several origins', { origin: 'http://localhost http://evil.example' }],
];

const requests: readonly (readonly [what: string, method: string, path: string, headers: Headers, body: string])[] = [
  ['a text/plain POST that makes a thing', 'POST', '/things/lured', { 'content-type': 'text/plain' }, '{}'],
  ['a signed PUT of a job', 'PUT', '/jobs/lured', scopedTo('iot'), '{}'],
  ['a device request', 'PUT', '/things/lured/jobs/$next', {}, '{}'],
  ['a list', 'GET', '/things', {}, ''],
  ['a deletion', 'DELETE', '/jobs/lured?force=true', {}, ''],
  ['the page', 'GET', '/', {}, ''],
  ['the metrics', 'GET', '/metrics', {}, ''],
  ['an unknown path', 'GET', '/nothing', {}, ''],
];

describe.each(attacks)('%s', (_what, headers) => {
  it.each(requests)('opens no HTTP: %s', async (_request, method, path, more, body) => {
    const response = await rawHttp(portOf(service.httpUrl), { method, path, headers: { ...more, ...headers }, body });
    expect(response.status).toBe(403);
    expect(response.json()['message']).toMatch(/Start it with --allow-origin|localhost, or start it|another site/);
    const { text } = await rawHttp(portOf(service.httpUrl), { path: '/things', headers: scopedTo('iot') });
    expect(text).toBe('{"things":[]}');
  });

  it('opens no WebSocket', async () => {
    const webSocket = new WebSocket(service.wsUrl ?? '', 'mqtt', { headers });
    const [, response] = (await once(webSocket, 'unexpected-response')) as [unknown, { statusCode?: number }];
    expect(response.statusCode).toBe(403);
    webSocket.once('error', () => {}).terminate();
    expect(service.connectedClients).toBe(0);
  });
});

/** What may: no browser at all, the rig's own page, and what was allowed. */
describe('is answered:', () => {
  it.each([
    ['a client that is no browser', {}],
    ['the page itself', { 'sec-fetch-site': 'same-origin' }],
    ['somebody who typed the address', { 'sec-fetch-site': 'none' }],
  ])('%s', async (_what, headers) => {
    const path = '/things';
    const all = { ...scopedTo('iot'), ...headers };
    expect((await rawHttp(portOf(service.httpUrl), { path, headers: all })).status).toBe(200);
  });

  it('the page by its origin, over HTTP and WebSocket', async () => {
    const headers = { origin: service.httpUrl ?? '' };
    expect((await rawHttp(portOf(service.httpUrl), { path: '/', headers })).status).toBe(200);
    const webSocket = new WebSocket(service.wsUrl ?? '', 'mqtt', { headers });
    await once(webSocket, 'open');
    webSocket.terminate();
  });

  it('a page that was allowed, with what its browser wants to hear', async () => {
    const headers = { origin: 'https://tool.example', 'sec-fetch-site': 'cross-site', ...scopedTo('iot') };
    const response = await rawHttp(portOf(open.httpUrl), { path: '/things', headers });
    expect(response.status).toBe(200);
    expect(response.headers).toMatchObject({ 'access-control-allow-origin': headers.origin, vary: 'origin' });
    const preflight = await rawHttp(portOf(open.httpUrl), {
      method: 'OPTIONS',
      path: '/jobs/J',
      headers: {
        origin: headers.origin,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'authorization,x-amz-date',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': headers.origin,
      'access-control-allow-methods': expect.stringContaining('PUT') as string,
      'access-control-allow-headers': 'authorization,x-amz-date',
    });
    const webSocket = new WebSocket(open.wsUrl ?? '', 'mqtt', { headers: { origin: headers.origin } });
    await once(webSocket, 'open');
    webSocket.terminate();
    const other = { path: '/things', headers: { ...headers, origin: 'https://other.example' } };
    expect((await rawHttp(portOf(open.httpUrl), other)).status).toBe(403);
  });

  it('a client that calls it by a name that was given', async () => {
    const headers = { host: 'rig.lan:4510', ...scopedTo('iot') };
    expect((await rawHttp(portOf(open.httpUrl), { path: '/things', headers })).status).toBe(200);
    expect((await rawHttp(portOf(service.httpUrl), { path: '/things', headers })).status).toBe(403);
  });
});

describe('a Host header or a target that makes no sense', () => {
  it.each([
    'GET / HTTP/1.1\r\nHost: u27.0.0.1\r\n',
    'GET /endpoint HTTP/1.1\r\nHost: u27.0.0.1\r\n',
    'PUT /jobs/J HTTP/1.1\r\nHost: u27.0.0.1\r\nContent-Length: 2\r\n',
    'GET /things HTTP/1.1\r\nHost: [::1\r\n',
    'GET /things HTTP/1.1\r\nHost: \r\n',
    'GET /things HTTP/1.1\r\nHost: a@localhost\r\n',
    'GET /things HTTP/1.1\r\nHost: localhost:99999\r\n',
    'GET /things HTTP/1.1\r\nHost: localhost/../x\r\n',
    'GET http://localhost/things HTTP/1.1\r\nHost: localhost\r\n',
    'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n',
    'GET /things\\x HTTP/1.1\r\nHost: localhost\r\n',
    'GET //evil.example/things HTTP/1.1\r\nHost: localhost\r\n',
    'GET /%ff HTTP/1.1\r\nHost: localhost\r\n',
    'GET // HTTP/1.1\r\nHost: localhost\r\n',
    'GET /.. HTTP/1.1\r\nHost: localhost\r\n',
    'GET /metrics/../healthz HTTP/1.1\r\nHost: localhost\r\n',
    'GET //[ HTTP/1.1\r\nHost: localhost\r\n',
    'POST //:80/page/actions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n',
    'GET //%5b::1 HTTP/1.1\r\nHost: localhost\r\n',
    'GET /page/% HTTP/1.1\r\nHost: localhost\r\n',
    'GET /page/\u00ff?key=%ff HTTP/1.1\r\nHost: localhost\r\n',
    'GET /things?maxResults=%ff&&=&nextToken=//[ HTTP/1.1\r\nHost: localhost\r\n',
    'GET /files/%ff/..%2f..?X-Amz-Signature=%ff HTTP/1.1\r\nHost: localhost\r\n',
    'GET /things HTTP/1.1\r\nHost: 0x7f.evil.example\r\n',
    'GET /things HTTP/1.1\r\nHost: localhost:4510:80\r\n',
    'GET /things HTTP/1.1\r\nHost: localhost\u00e9\r\n',
    'GET /things HTTP/1.1\r\nHost: xn--a\r\n',
    'PRI * HTTP/2.0\r\n',
    'TRACE / HTTP/1.1\r\nHost: localhost\r\n',
    'PUT /jobs/J HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n',
    'PUT /jobs/J HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n',
    'GET /things HTTP/1.1\r\n',
    'GET /things HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n',
    'GET /jobs HTTP/1.1\r\nhost: localhost\r\nHOST: localhost\r\n',
    'GET /jobs HTTP/1.1\r\nHost: localhost\r\nAuthorization: a\r\nAuthorization: b\r\n',
    'GET /jobs HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nOrigin: http://evil.example\r\n',
  ])('%j is refused, without a stack on stderr', async (head) => {
    const stderr = vi.spyOn(console, 'error').mockReturnValue();
    const socket = connect(portOf(service.httpUrl), '127.0.0.1');
    socket.write(Buffer.from(`${head}Connection: close\r\n\r\n{}`, 'latin1'));
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1\.1 (400|403|404) /);
    expect(text).not.toMatch(/\.(ts|js|mjs):\d+/);
    expect(stderr.mock.calls).toEqual([]);
    stderr.mockRestore();
    expect((await rawHttp(portOf(service.httpUrl), { path: '/healthz' })).status).toBe(200);
  });
});
