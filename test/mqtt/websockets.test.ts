/** MQTT over WebSocket, and the port with TLS where ALPN tells what is spoken, as on AWS's port 443. */
import { once } from 'node:events';
import { connectAsync } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, createWebSocketStream } from 'ws';
import { execution, notify, notifyNext } from '../support/fake-service.ts';
import { closeDoors, openDoor } from '../support/mqtt-door.ts';
import { WireClient } from '../support/wire-client.ts';
import { testCertificates } from '../support/test-certificates.ts';

const { authority, certificates, lamp, secureConnect } = await testCertificates();
afterEach(closeDoors);

const get = '$aws/things/lamp/jobs/get';
const update = '$aws/things/lamp/jobs/job-1/update';
const own = '$aws/things/lamp/jobs/notify';
const foreign = '$aws/things/fan/jobs/notify';

async function openWebSocket(url: string, subprotocols: string | string[] = 'mqtt'): Promise<WebSocket> {
  const webSocket = new WebSocket(url, subprotocols, { ca: authority.ca });
  await once(webSocket, 'open');
  return webSocket;
}

const script = { effects: () => [notify('lamp'), notifyNext('lamp', execution('lamp', 'job-2'))] };

/** A client over it that is closed when the service closes it. */
function wireClient(webSocket: WebSocket): WireClient {
  return new WireClient(createWebSocketStream(webSocket, { allowHalfOpen: false }));
}

/** The status with which an upgrade is refused. */
async function refusal(url: string, subprotocols: string[]): Promise<number | undefined> {
  const [, response] = (await once(new WebSocket(url, subprotocols), 'unexpected-response')) as [
    unknown,
    { statusCode?: number },
  ];
  return response.statusCode;
}

describe('ws', () => {
  it('carries MQTT.js through a request', async () => {
    const { door } = await openDoor({ listeners: { ws: 0 } });
    const client = await connectAsync(`ws://127.0.0.1:${door.ports.ws}/mqtt`, { clientId: 'lamp' });
    const replied = new Promise<string>((resolve) => {
      client.once('message', resolve);
    });
    await client.subscribeAsync(own, { qos: 1 });
    await client.publishAsync(get, '{}', { qos: 1 });
    expect(await replied).toBe(`${get}/accepted`);
    await client.endAsync();
  });

  it.each(['mqtt', 'mqttv3.1'])('agrees on the subprotocol %s, with whatever query comes', async (subprotocol) => {
    const { door } = await openDoor({ listeners: { ws: 0 } });
    const url = `ws://127.0.0.1:${door.ports.ws}/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256`;
    const webSocket = await openWebSocket(url, ['other', subprotocol]);
    expect(webSocket.protocol).toBe(subprotocol);
    expect(await wireClient(webSocket).login({ clientId: 'lamp' })).toBe(0);
  });

  it.each([
    ['/', ['mqtt'], 404],
    ['/mqtt/', ['mqtt'], 404],
    ['/mqtt', [], 400],
    ['/mqtt', ['amqp'], 400],
  ])('refuses the path %s with subprotocols %j by %i', async (path, subprotocols, status) => {
    const { door } = await openDoor({ listeners: { ws: 0 } });
    expect(await refusal(`ws://127.0.0.1:${door.ports.ws}${path}`, subprotocols)).toBe(status);
  });

  it('tells plain HTTP to upgrade', async () => {
    const { door } = await openDoor({ listeners: { ws: 0 } });
    const response = await fetch(`http://127.0.0.1:${door.ports.ws}/mqtt`);
    expect([response.status, response.headers.get('upgrade')]).toEqual([426, 'websocket']);
  });

  it('sends a reply and what follows it in order, in one frame', async () => {
    const { door } = await openDoor({ listeners: { ws: 0 }, script });
    const webSocket = await openWebSocket(`ws://127.0.0.1:${door.ports.ws}/mqtt`);
    const client = wireClient(webSocket);
    await client.login({ clientId: 'lamp' });
    await client.subscribe(['$aws/things/lamp/jobs/#']);
    let frames = 0;
    webSocket.on('message', () => (frames += 1));
    client.publish(update, { status: 'SUCCEEDED' });
    await client.until(() => client.messages.length === 3);
    expect(client.topics()).toEqual([`${update}/accepted`, own, '$aws/things/lamp/jobs/notify-next']);
    expect(frames).toBe(1);
  });

  it('closes with the door, handshakes under way included', async () => {
    const { door } = await openDoor({ listeners: { ws: 0 } });
    const client = wireClient(await openWebSocket(`ws://127.0.0.1:${door.ports.ws}/mqtt`));
    await client.login({ clientId: 'lamp' });
    const silent = await openWebSocket(`ws://127.0.0.1:${door.ports.ws}/mqtt`);
    const silenced = once(silent, 'close');
    await door.close();
    await Promise.all([client.closed, silenced]);
  });

  it('cuts off a client that drops without a word, and its will is published', async () => {
    const { door, happened } = await openDoor({ listeners: { ws: 0 } });
    const url = `ws://127.0.0.1:${door.ports.ws}/mqtt`;
    const watching = wireClient(await openWebSocket(url));
    await watching.login({ clientId: 'watching' });
    await watching.subscribe(['farewell']);
    const webSocket = await openWebSocket(url);
    const client = wireClient(webSocket);
    const will = { topic: 'farewell', payload: Buffer.from('x'), qos: 1, retain: false } as const;
    await client.login({ clientId: 'lamp', will });
    webSocket.terminate();
    expect(await happened('disconnected')).toMatchObject({ clientId: 'lamp' });
    await watching.until(() => watching.messages.length === 1);
  });
});

describe('wss', () => {
  it('needs no certificate, as on AWS, and then goes by the client id', async () => {
    const { door } = await openDoor({ listeners: { wss: 0 }, certificates });
    const url = `wss://127.0.0.1:${door.ports.wss}/mqtt`;
    const client = await connectAsync(url, { clientId: 'lamp', ca: authority.ca });
    await client.subscribeAsync(own, { qos: 1 });
    await client.endAsync();
  });

  it('goes by the certificate where one is shown', async () => {
    const { door } = await openDoor({ listeners: { wss: 0 }, certificates });
    const url = `wss://127.0.0.1:${door.ports.wss}/mqtt`;
    const client = await connectAsync(url, { clientId: 'fan', ca: authority.ca, ...lamp });
    await client.subscribeAsync(own, { qos: 1 });
    await client.endAsync();
  });

  it.each([['x-amzn-mqtt-ca'], ['mqtt']])('speaks MQTT at once with ALPN %s, by certificate', async (protocol) => {
    const { door } = await openDoor({ listeners: { wss: 0 }, certificates });
    const socket = await secureConnect(door.ports.wss!, { ...lamp, ALPNProtocols: [protocol] });
    const client = new WireClient(socket);
    expect(await client.login({ clientId: 'fan' })).toBe(0);
    expect(await client.subscribe([own])).toEqual([1]);
    expect(await client.subscribe([foreign])).toBeUndefined();
    const nobody = new WireClient(await secureConnect(door.ports.wss!, { ALPNProtocols: [protocol] }));
    expect(await nobody.login({ clientId: 'lamp' })).toBe(5);
  });

  it('refuses in the handshake who shows no certificate where one is asked for', async () => {
    const { door, happened } = await openDoor({ listeners: { wss: 0 }, certificates, identity: 'certificate' });
    const webSocket = new WebSocket(`wss://127.0.0.1:${door.ports.wss}/mqtt`, 'mqtt', { ca: authority.ca });
    await once(webSocket, 'error');
    expect((await happened('refused')).message).toMatch(/certificate/i);
  });
});
