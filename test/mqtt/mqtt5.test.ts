/** MQTT 5 as AWS's broker speaks it: what is agreed on, and the reason for every refusal. */
import type { IConnectPacket, Packet } from 'mqtt-packet';
import { connectAsync } from 'mqtt';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type IssuedCertificate, openCertificateAuthority } from '../../broker/certificates.ts';
import type { ServerCertificate, Transport } from '../../broker/mqtt/listeners.ts';
import { maxPublishBytes, maxSubscriptions } from '../../protocol/limits.ts';
import { execution, notify, notifyNext } from '../support/fake-service.ts';
import { closeDoors, connect5, openDoor } from '../support/mqtt-door.ts';
import type { WireClient } from '../support/wire-client.ts';

afterEach(closeDoors);

const jobs = '$aws/things/lamp/jobs';
const get = `${jobs}/get`;
const update = `${jobs}/job-1/update`;

/** With which reason the service says goodbye. */
async function farewell(client: WireClient): Promise<number | undefined> {
  await client.closed;
  const last = client.packets.at(-1);
  return last?.cmd === 'disconnect' ? last.reasonCode : undefined;
}

const script = { effects: () => [notify('lamp'), notifyNext('lamp', execution('lamp', 'job-2'))] };
async function connackOn(options: Partial<IConnectPacket> = {}): Promise<Packet | undefined> {
  const { port } = await openDoor({ identity: 'open' });
  return (await connect5(port, options)).received('connack');
}

const roomFilters = (count: number): string[] => Array.from({ length: count }, (_, index) => `rooms/${index}`);

describe('MQTT.js 5', () => {
  let ca: string;
  let certificates: ServerCertificate;
  let lamp: IssuedCertificate;
  beforeAll(async () => {
    const authority = await openCertificateAuthority('memory');
    ({ ca } = authority);
    certificates = { ...(await authority.issueServerCertificate(['127.0.0.1'])), ca };
    lamp = await authority.issueThingCertificate('lamp');
  });

  const urls: { readonly [T in Transport]: (port: number) => string } = {
    tcp: (port) => `mqtt://127.0.0.1:${port}`,
    tls: (port) => `mqtts://127.0.0.1:${port}`,
    ws: (port) => `ws://127.0.0.1:${port}/mqtt`,
    wss: (port) => `wss://127.0.0.1:${port}/mqtt`,
  };
  it.each(['tcp', 'tls', 'ws', 'wss'] as const)('is served by %s', async (transport) => {
    const { door } = await openDoor({ listeners: { [transport]: 0 }, certificates, script });
    const credentials = transport === 'tls' || transport === 'wss' ? { ca, ...lamp } : {};
    const url = urls[transport](door.ports[transport]!);
    const client = await connectAsync(url, { protocolVersion: 5, clientId: 'lamp', ...credentials });
    const topics: string[] = [];
    const all = new Promise<void>((resolve) => {
      client.on('message', (topic) => topics.push(topic) === 4 && resolve());
    });
    await client.subscribeAsync([`${jobs}/notify`, `${jobs}/notify-next`, 'rooms/+'], { qos: 1 });
    await client.publishAsync(update, '{"status":"SUCCEEDED"}', { qos: 1 });
    await client.publishAsync('rooms/1', 'light', { qos: 1 });
    await all;
    expect(topics.filter((topic) => topic.startsWith('$aws'))).toEqual([
      `${update}/accepted`,
      `${jobs}/notify`,
      `${jobs}/notify-next`,
    ]);
    await client.unsubscribeAsync('rooms/+');
    await client.endAsync();
  });

  it('reads why it was cut off', async () => {
    const { port } = await openDoor({ identity: 'client-id' });
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, clientId: 'lamp' });
    const told = new Promise<Packet>((resolve) => {
      client.once('disconnect', resolve);
    });
    client.publish('$aws/things/fan/jobs/get', '{}', { qos: 1 });
    expect(await told).toMatchObject({
      reasonCode: 0x87,
      properties: { reasonString: 'publish refused: not its own thing: $aws/things/fan/jobs/get' },
    });
    await client.endAsync(true);
  });
});

describe('CONNACK', () => {
  it('says what the service allows', async () => {
    expect(await connackOn()).toMatchObject({
      reasonCode: 0,
      sessionPresent: false,
      properties: {
        maximumQoS: 1,
        retainAvailable: true,
        wildcardSubscriptionAvailable: true,
        subscriptionIdentifiersAvailable: false,
        topicAliasMaximum: 8,
        receiveMaximum: 100,
        maximumPacketSize: 146 * 1024,
        serverKeepAlive: 1200,
      },
    });
  });

  it('gives a name to a client that brings none', async () => {
    const first = await connackOn({ clientId: '' });
    const second = await connackOn({ clientId: '' });
    const names = [first, second].map(
      (packet) => packet?.cmd === 'connack' && packet.properties?.assignedClientIdentifier,
    );
    expect(names).toEqual([expect.stringMatching(/^[\w-]{36}$/), expect.stringMatching(/^[\w-]{36}$/)]);
    expect(names[0]).not.toBe(names[1]);
    expect(await connackOn()).not.toMatchObject({ properties: { assignedClientIdentifier: expect.anything() } });
  });

  it.each([
    [60, undefined],
    [604_800, undefined],
    [604_801, 604_800],
    [0xffffffff, 604_800],
  ])('shortens a session expiry of %i s to %s', async (asked, told) => {
    const packet = await connackOn({ properties: { sessionExpiryInterval: asked } });
    expect(packet?.cmd === 'connack' && packet.properties?.sessionExpiryInterval).toBe(told);
  });

  it.each([
    ['a client id above 128 bytes', { clientId: 'x'.repeat(129) }, 0x85],
    ['enhanced authentication', { properties: { authenticationMethod: 'K' } }, 0x8c],
    ['authentication data without a method', { properties: { authenticationData: Buffer.from('x') } }, 0x82],
    ['a Maximum Packet Size below 512', { properties: { maximumPacketSize: 511 } }, 0x82],
    ['a will with QoS 2', { will: { topic: 'a', payload: Buffer.from('b'), qos: 2, retain: false } }, 0x9b],
  ] as const)('refuses %s', async (_what, options, reasonCode) => {
    const { port } = await openDoor();
    const client = await connect5(port, options);
    expect(await client.received('connack')).toMatchObject({ reasonCode });
    await client.closed;
    expect(client.packets).toHaveLength(1);
  });

  it('refuses a client that does not show who it is', async () => {
    const { port } = await openDoor({ identity: 'username' });
    const client = await connect5(port);
    expect(await client.received('connack')).toMatchObject({ reasonCode: 0x87 });
  });
});

describe('DISCONNECT tells why', () => {
  const offences: readonly (readonly [string, number, (client: WireClient) => void])[] = [
    ['a request for another thing', 0x87, (client) => client.publish('$aws/things/fan/jobs/get', {})],
    ["a message on the service's topics", 0x87, (client) => client.publish(`${jobs}/notify`, {})],
    ['a payload above 128 KB', 0x95, (client) => client.publish('rooms/1', Buffer.alloc(maxPublishBytes + 1))],
    [
      'a packet that never ends',
      0x95,
      (client) => {
        client.stream.write(Buffer.from([0x32, 0xff, 0xff, 0xff, 0x7f]));
        client.stream.write(Buffer.alloc(2 * maxPublishBytes));
      },
    ],
    ['RETAIN on a Jobs topic', 0x9a, (client) => client.publish(get, {}, { retain: true })],
    ['QoS 2', 0x9b, (client) => client.publish('rooms/1', 'x', { qos: 2 })],
    ['a subscription with QoS 2', 0x9b, (client) => void client.subscribe(['rooms/1'], 2)],
    [
      'a request for another thing with a very long name',
      0x87,
      (client) => client.publish(`$aws/things/${'é'.repeat(20_000)}/jobs/get`, {}),
    ],
    ['a wildcard in a topic', 0x90, (client) => client.publish('rooms/+', 'x')],
    ['a malformed filter', 0x8f, (client) => void client.subscribe(['rooms/#/light'])],
    ['nine filters in one SUBSCRIBE', 0x97, (client) => void client.subscribe(roomFilters(9))],
    [
      'a subscription identifier',
      0xa1,
      (client) =>
        client.send({
          cmd: 'subscribe',
          messageId: 1,
          subscriptions: [{ topic: 'rooms/1', qos: 1 }],
          properties: { subscriptionIdentifier: 7 },
        }),
    ],
    ['a topic alias above 8', 0x94, (client) => client.publish('rooms/1', 'x', { properties: { topicAlias: 9 } })],
    ['a topic alias of 0', 0x94, (client) => client.publish('rooms/1', 'x', { properties: { topicAlias: 0 } })],
    ['an alias for nothing', 0x82, (client) => client.publish('', 'x', { properties: { topicAlias: 3 } })],
    ['an empty Response Topic', 0x82, (client) => client.publish('a', 'x', { properties: { responseTopic: '' } })],
    ['a PINGREQ with a body', 0x81, (client) => client.stream.write(Buffer.from([0xc0, 1, 0]))],
    ['a second CONNECT', 0x82, (client) => void client.login({ clientId: 'lamp' })],
    [
      'AUTH',
      0x82,
      (client) => client.send({ cmd: 'auth', reasonCode: 0x18, properties: { authenticationMethod: 'K' } }),
    ],
    ['a SUBSCRIBE without filters', 0x82, (client) => client.stream.write(Buffer.from([0x82, 3, 0, 1, 0]))],
    ['a malformed packet', 0x81, (client) => client.stream.write(Buffer.from([0x80, 2, 0, 1]))],
    [
      'an expiry that was not asked for before',
      0x82,
      (client) => client.send({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 5 } }),
    ],
  ];
  it.each(offences)('%s: %i', async (_what, reasonCode, offend) => {
    const { port, service } = await openDoor({ isThing: (name) => name === 'lamp' });
    const offender = await connect5(port);
    offend(offender);
    expect(await farewell(offender)).toBe(reasonCode);
    expect(service.commands).toEqual([]);
    expect((await (await connect5(port)).request(get)).topic).toBe(`${get}/accepted`);
  });

  it('another connection of the same client: 0x8E', async () => {
    const { port } = await openDoor();
    const first = await connect5(port);
    const second = await connect5(port);
    expect(await farewell(first)).toBe(0x8e);
    expect((await second.request(get)).topic).toBe(`${get}/accepted`);
  });

  it('the end of the service: 0x8B', async () => {
    const { port, door } = await openDoor();
    const client = await connect5(port);
    await door.close();
    expect(await farewell(client)).toBe(0x8b);
  });

  it('and says nothing to a client that has said goodbye', async () => {
    const { port } = await openDoor();
    const client = await connect5(port);
    client.send({ cmd: 'disconnect', reasonCode: 0 });
    expect(await farewell(client)).toBeUndefined();
  });
});

describe('SUBACK tells for each filter', () => {
  it('what is granted and why not', async () => {
    const { port } = await openDoor();
    const client = await connect5(port);
    const filters = [`${jobs}/notify`, '$aws/things/fan/jobs/notify', '$share/g/rooms/1', 'rooms/1', 'rooms/1'];
    expect(await client.subscribe(filters)).toEqual([1, 0x87, 1, 1, 1]);
  });

  it('that there are too many', async () => {
    const { port } = await openDoor();
    const client = await connect5(port);
    for (let index = 0; index < maxSubscriptions; index += 1) await client.subscribe([`rooms/${index}`]);
    expect(await client.subscribe(['rooms/50'])).toEqual([0x97]);
    client.send({ cmd: 'unsubscribe', messageId: 999, unsubscriptions: ['rooms/49', 'rooms/48'] });
    expect(await client.received('unsuback')).toMatchObject({ granted: [0, 0] });
    expect(await client.subscribe(['rooms/50'])).toEqual([1]);
  });
});

it('a topic alias stands for the topic that it came with last', async () => {
  const { port } = await openDoor();
  const client = await connect5(port);
  const properties = { topicAlias: 8 };
  client.publish(get, {}, { properties });
  client.publish('', {}, { properties });
  client.publish(update, { status: 'IN_PROGRESS' }, { properties });
  client.publish('', { status: 'IN_PROGRESS' }, { properties });
  await client.until(() => client.messages.length === 4);
  expect(client.topics().sort()).toEqual([
    `${get}/accepted`,
    `${get}/accepted`,
    `${update}/accepted`,
    `${update}/accepted`,
  ]);
});

it('properties that mean nothing to jobs do no harm', async () => {
  const { port } = await openDoor();
  const client = await connect5(port, {
    username: '?SDK=x',
    properties: {
      requestResponseInformation: true,
      requestProblemInformation: true,
      userProperties: { a: ['b', 'c'] },
    },
  });
  client.publish(
    get,
    {},
    {
      properties: {
        responseTopic: `${get}/accepted`,
        correlationData: Buffer.from('x'),
        contentType: 'application/json',
        payloadFormatIndicator: true,
        messageExpiryInterval: 60,
        userProperties: { a: 'b' },
      },
    },
  );
  await client.until(() => client.messages.length === 1);
  expect(client.topics()).toEqual([`${get}/accepted`]);
});
