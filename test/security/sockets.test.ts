/** Sockets that never prove anything are given back, and while they are there, good devices get in all the same. */
import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { type Socket, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket, createWebSocketStream } from 'ws';
import { type Service, startService } from '../../broker/start-service.ts';
import { untilClosed } from '../support/until-closed.ts';
import { rawHttp } from '../support/raw-http.ts';
import { type ServeProcess, killAll, startServe } from '../support/serve-process.ts';
import { WireClient } from '../support/wire-client.ts';

const insecure = { rejectUnauthorized: false } as const;
const portOf = (url: string | undefined): number => Number(new URL(url ?? '').port);

async function secured(port: number): Promise<Socket> {
  const socket = connectTls({ port, host: '127.0.0.1', ...insecure });
  await once(socket, 'secureConnect');
  return socket;
}

async function plain(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

async function webSocketTo(url: string): Promise<Duplex> {
  const webSocket = new WebSocket(url, 'mqtt', insecure);
  await once(webSocket, 'open');
  return createWebSocketStream(webSocket);
}

/** As a device does, it tries again when it is turned away before it could say who it is. */
async function arrived(clientId: string, open: () => Promise<Duplex>): Promise<WireClient> {
  for (let attempt = 1; ; attempt += 1) {
    const device = await open().then(
      (stream) => new WireClient(stream),
      () => undefined,
    );
    if ((await device?.login({ clientId })) === 0) return device!;
    if (attempt === 5) throw new Error(`${clientId} was turned away ${attempt} times`);
  }
}

/** The beginning of a ClientHello, of which more never comes. */
const halfHello = Buffer.from('16030100f0010000ec0303', 'hex');
const halfRequest = 'GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: webso';

describe('a connection that does not go on is closed within seconds', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService({ identity: 'client-id' });
  });
  afterAll(() => service.close());

  type Url = 'wsUrl' | 'wssUrl' | 'mqttsUrl' | 'httpUrl' | 'httpsUrl';
  interface Kind {
    readonly what: string;
    readonly url: Url;
    readonly open: (port: number) => Promise<Socket>;
    readonly bytes?: string | Buffer;
  }
  const secureDoors: readonly Url[] = ['mqttsUrl', 'wssUrl', 'httpsUrl'];
  const kinds: readonly Kind[] = [
    ...secureDoors.map((url) => ({ what: 'silent before the handshake', url, open: plain })),
    ...secureDoors.map((url) => ({ what: 'half a handshake', url, open: plain, bytes: halfHello })),
    { what: 'half a request', url: 'wsUrl', open: plain, bytes: halfRequest },
    { what: 'half a request', url: 'wssUrl', open: secured, bytes: halfRequest },
    { what: 'half a request', url: 'httpUrl', open: plain, bytes: halfRequest },
    { what: 'half a request', url: 'httpsUrl', open: secured, bytes: halfRequest },
    { what: 'silent', url: 'wssUrl', open: secured },
    { what: 'silent', url: 'httpsUrl', open: secured },
    { what: 'silent', url: 'httpUrl', open: plain },
  ];

  it.concurrent.each(kinds)('$what on $url', async ({ url, open, bytes }) => {
    const socket = (await open(portOf(service[url]))).resume();
    if (bytes !== undefined) socket.write(bytes);
    await untilClosed(socket);
  });

  it.concurrent.each(['mqttsUrl', 'wssUrl', 'httpsUrl'] as const)(
    'a handshake of one byte a second on %s',
    async (url) => {
      const socket = (await plain(portOf(service[url]))).resume();
      let sent = 0;
      const drip = setInterval(() => socket.write(halfHello.subarray(sent, (sent += 1))), 1000);
      await untilClosed(socket);
      clearInterval(drip);
    },
  );
});

describe('with TLS', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService({ identity: 'client-id' });
  });
  afterAll(() => service.close());

  it.each(['mqttsUrl', 'wssUrl'] as const)('a hundred handshakes at once on %s all come to their end', async (url) => {
    const open = url === 'wssUrl' ? () => webSocketTo(service.wssUrl!) : () => secured(portOf(service[url]));
    const devices = await Promise.all(Array.from({ length: 100 }, (_, index) => arrived(`device-${index}`, open)));
    await Promise.all(devices.map((device) => device.settled()));
    for (const device of devices) device.stream.destroy();
  });
});

it('messages of WebSocket that never end cost those who have begun them, and a device is served meanwhile', async () => {
  const service = await startService();
  // A binary frame of four megabytes, of which the last bytes never come.
  const piece = Buffer.concat([Buffer.from('82ff0000000000400000', 'hex'), Buffer.alloc(4), Buffer.alloc(4_190_000)]);
  const closed: number[] = [];
  const sockets = await Promise.all(
    Array.from({ length: 24 }, async (_, index) => {
      const webSocket = new WebSocket(service.wsUrl ?? '', 'mqtt');
      const [{ socket }] = (await once(webSocket, 'upgrade')) as [{ socket: Socket }];
      socket.on('error', () => {}).once('close', () => closed.push(index));
      webSocket.on('error', () => {});
      return socket;
    }),
  );
  for (const socket of sockets) socket.write(piece);
  const device = await arrived('device', () => plain(portOf(service.mqttUrl)));
  await vi.waitFor(() => expect(closed.length).toBeGreaterThanOrEqual(8), { timeout: 60_000 });
  await device.settled();
  expect(closed.length).toBeLessThan(24);
  for (const socket of sockets) socket.destroy();
  await service.close();
});

describe('with 256 descriptors', () => {
  afterAll(killAll);

  it('good devices get in beside callers that ask for much and read nothing of it', async () => {
    const { urls } = await startServe({ flags: ['--memory'], maxDescriptors: 256 });
    const asked = Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(64));
    const callers = await Promise.all(Array.from({ length: 200 }, () => plain(portOf(urls['http']))));
    // One may be closed at any moment from now on: above the limit it gives way to the next.
    const closed = callers.map((caller) => new Promise((resolve) => caller.once('close', resolve)));
    for (const caller of callers) caller.on('error', () => {}).write(asked);
    await (await arrived('good', () => plain(portOf(urls['mqtt'])))).settled();
    expect((await rawHttp(portOf(urls['http']), { path: '/healthz' })).status).toBe(200);
    // What they are owed is closed and not kept.
    for (const caller of callers) caller.resume();
    await Promise.all(closed);
  });

  const silent = 400;
  const doors = ['mqtts', 'wss', 'https', 'http', 'ws', 'mqtt'];

  describe('that it is attacked for again and again', () => {
    let urls: ServeProcess['urls'];
    beforeAll(async () => {
      const ports = doors.flatMap((door) => [`--${door}-port`, '0']);
      const flags = ['--memory', '--identity', 'client-id', ...ports];
      ({ urls } = await startServe({ flags, maxDescriptors: 256 }));
    });

    it.each(doors)(`good devices get in on every door beside ${silent} silent connections to %s`, async (attacked) => {
      const port = portOf(urls[attacked]);
      const sockets = await Promise.all(Array.from({ length: silent }, () => plain(port)));
      for (const socket of sockets) socket.on('error', () => {});

      const devices = [
        await arrived('good-mqtt', () => plain(portOf(urls['mqtt']))),
        await arrived('good-mqtts', () => secured(portOf(urls['mqtts']))),
        await arrived('good-ws', () => webSocketTo(urls['ws']!)),
        await arrived('good-wss', () => webSocketTo(urls['wss']!)),
      ];
      expect((await rawHttp(portOf(urls['http']), { path: '/healthz' })).status).toBe(200);
      const [answer] = (await once(httpsRequest(`${urls['https']}/healthz`, insecure).end(), 'response')) as [
        { statusCode: number },
      ];
      expect(answer.statusCode).toBe(200);
      // Those who have proved who they are stay, however many more come.
      const more = await Promise.all(Array.from({ length: silent }, () => plain(port)));
      for (const socket of more) socket.on('error', () => {});
      await Promise.all(devices.map((device) => device.settled()));
      for (const socket of [...sockets, ...more]) socket.destroy();
      for (const device of devices) device.stream.destroy();
    });
  });
});
