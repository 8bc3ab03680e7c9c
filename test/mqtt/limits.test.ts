/** What AWS's broker allows a connection, and that breaking it hurts nobody else. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { duplexPair } from '../../rig/live/wire/duplex-pair.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { keepAliveOf } from '../../broker/mqtt/keep-alive.ts';
import { maxPublishBytes, maxSubscriptions } from '../../protocol/limits.ts';
import { notify } from '../support/fake-service.ts';
import { closeDoors, openDoor } from '../support/mqtt-door.ts';
import { WireClient } from '../support/wire-client.ts';

afterEach(closeDoors);

const get = '$aws/things/lamp/jobs/get';

describe('a client is cut off, and the service goes on, after', () => {
  const offences: readonly (readonly [string, (client: WireClient) => void])[] = [
    ['a payload above 128 KB', (client) => client.publish(get, Buffer.alloc(maxPublishBytes + 1, 0x20))],
    ['the same on an ordinary topic', (client) => client.publish('rooms/1', Buffer.alloc(maxPublishBytes + 1))],
    [
      'a packet that never ends',
      (client) => {
        client.stream.write(Buffer.from([0x32, 0xff, 0xff, 0xff, 0x7f]));
        client.stream.write(Buffer.alloc(2 * maxPublishBytes));
      },
    ],
    [
      'nine filters in one SUBSCRIBE',
      (client) => void client.subscribe(Array.from({ length: 9 }, (_, index) => `rooms/${index}`)),
    ],
    ['a malformed filter', (client) => void client.subscribe(['rooms/#/light'])],
    ['what is not MQTT', (client) => client.stream.write('GET / HTTP/1.1\r\n\r\n')],
    ['a second CONNECT', (client) => void client.login({ clientId: 'lamp' })],
    ['a topic with eight slashes', (client) => client.publish('a/b/c/d/e/f/g/h/i', 'x')],
    ['a topic above 256 bytes', (client) => client.publish('é'.repeat(129), 'x')],
    ['a filter with eight slashes', (client) => void client.subscribe(['a/b/c/d/e/f/g/h/+'])],
  ];
  it.each(offences)('%s', async (_what, offend) => {
    const { port, service } = await openDoor();
    const offender = await WireClient.connect(port, { clientId: 'lamp' });
    offend(offender);
    await offender.closed;
    expect(service.commands).toEqual([]);
    const next = await WireClient.connect(port, { clientId: 'lamp' });
    expect((await next.request(get)).topic).toBe(`${get}/accepted`);
  });
});

it('a payload of exactly 128 KB is answered', async () => {
  const { port } = await openDoor();
  const client = await WireClient.connect(port, { clientId: 'lamp' });
  const padded = `{}${' '.repeat(maxPublishBytes - 2)}`;
  expect((await client.request(get, padded)).topic).toBe(`${get}/accepted`);
});

it('many SUBSCRIBE packets at once are no breach of the limit for one', async () => {
  const { port } = await openDoor();
  const client = await WireClient.connect(port, { clientId: 'lamp' });
  client.stream.cork();
  const answers = Array.from({ length: 12 }, (_, index) => client.subscribe([`rooms/${index}`]));
  client.stream.uncork();
  expect(await Promise.all(answers)).toEqual(Array.from({ length: 12 }, () => [1]));
});

it.each([true, false])('the 51st subscription is refused, a repeated one is not (clean: %s)', async (clean) => {
  const { port } = await openDoor();
  const client = await WireClient.connect(port, { clientId: 'lamp', clean });
  for (let index = 0; index < maxSubscriptions; index += 1) {
    expect(await client.subscribe([`rooms/${index}`])).toEqual([1]);
  }
  expect(await client.subscribe(['rooms/50'])).toEqual([128]);
  expect(await client.subscribe(['rooms/49'])).toEqual([1]);
  client.send({ cmd: 'unsubscribe', messageId: 999, unsubscriptions: ['rooms/49'] });
  await client.received('unsuback');
  expect(await client.subscribe(['rooms/50'])).toEqual([1]);
});

it.each([
  [0, 1200],
  [1, 30],
  [30, 30],
  [600, 600],
  [1200, 1200],
  [65535, 1200],
])('a keep-alive of %i s is taken for %i s', (asked, kept) => {
  expect(keepAliveOf(asked)).toBe(kept);
});

it('a client id above 128 bytes is refused with CONNACK 2', async () => {
  const { port } = await openDoor();
  const fitting = await WireClient.connect(port, { clientId: 'é'.repeat(64) });
  expect(await fitting.received('connack')).toMatchObject({ returnCode: 0 });
  const longer = await WireClient.connect(port, { clientId: `${'é'.repeat(64)}x` });
  expect(await longer.received('connack')).toMatchObject({ returnCode: 2 });
  await longer.closed;
});

it('MQTT 3.1 is spoken, with client ids longer than its own 23 characters', async () => {
  const { port } = await openDoor();
  const clientId = 'a-thing-with-a-rather-long-name';
  const client = await WireClient.connect(port, { clientId, protocolId: 'MQIsdp', protocolVersion: 3 });
  const topic = `$aws/things/${clientId}/jobs/get`;
  expect((await client.request(topic)).topic).toBe(`${topic}/accepted`);
});

it('a taken port is an error with a name and a hint', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  await expect(openDoor({ listeners: { tcp: port } })).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    message: `Port ${port} on 127.0.0.1 is taken by another process`,
    hint: expect.stringContaining('another port') as string,
  });
  taken.close();
});

it('the door knows for how many connections there are descriptors', async () => {
  const { door } = await openDoor();
  expect(door.maxConnections).toBeGreaterThan(0);
  expect(Number.isFinite(door.maxConnections) || process.platform !== 'linux').toBe(true);
});

it('a client may come by any stream', async () => {
  const { door, service } = await openDoor();
  const [here, there] = duplexPair();
  door.accept(there);
  const client = new WireClient(here);
  await client.login({ clientId: 'lamp' });
  await client.subscribe(['$aws/things/lamp/jobs/notify']);
  service.say(notify('lamp'));
  expect((await client.request(get)).topic).toBe(`${get}/accepted`);
  expect(client.topics()).toEqual(['$aws/things/lamp/jobs/notify', `${get}/accepted`]);
});

it('closing the door closes every connection and its port', async () => {
  const { door, port, service } = await openDoor();
  const client = await WireClient.connect(port, { clientId: 'lamp' });
  await door.close();
  await client.closed;
  await expect(WireClient.connect(port, { clientId: 'lamp' })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  service.say(notify('lamp'));
});
