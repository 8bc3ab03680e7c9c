/**
 * Reserved topics beside Jobs: no client is cut off for one that AWS would let it use, whatever way it comes in, and none may
 * use another thing's. Features that the door is given answer there; the others are counted, dropped, and told of once.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { reservedFeatures, type ReservedFeature } from '../../broker/mqtt/reserved-topics.ts';
import { closeDoors, openDoor, type TestDoor } from '../support/mqtt-door.ts';
import { WireClient, type WireOptions } from '../support/wire-client.ts';

afterEach(closeDoors);

const allowed: readonly (readonly [ReservedFeature, string])[] = [
  ['shadow', '$aws/things/lamp/shadow/get'],
  ['shadow', '$aws/things/lamp/shadow/update'],
  ['shadow', '$aws/things/lamp/shadow/delete'],
  ['shadow', '$aws/things/lamp/shadow/name/config/get'],
  ['shadow', '$aws/things/lamp/shadow/name/update/update'],
  ['streams', '$aws/things/lamp/streams/AFR_OTA-1/describe/json'],
  ['streams', '$aws/things/lamp/streams/AFR_OTA-1/get/cbor'],
  ['basic-ingest', '$aws/rules/telemetry'],
  ['basic-ingest', '$aws/rules/telemetry/lamp/room/1'],
  ['defender', '$aws/things/lamp/defender/metrics/json'],
  ['defender', '$aws/things/lamp/defender/metrics/cbor'],
  ['greengrass-health', '$aws/things/lamp/greengrassv2/health/json'],
  ['provisioning', '$aws/certificates/create/json'],
  ['provisioning', '$aws/certificates/create/cbor'],
  ['provisioning', '$aws/certificates/create-from-csr/json'],
  ['provisioning', '$aws/provisioning-templates/fleet/provision/json'],
  ['provisioning', '$aws/provisioning-templates/fleet/provision/cbor'],
  ['commands', '$aws/commands/things/lamp/executions/e-1/response/json'],
  ['commands', '$aws/commands/clients/lamp/executions/e-1/response/cbor'],
  ['device-location', '$aws/device_location/lamp/get_position_estimate'],
];

const waysIn: Readonly<Record<string, Partial<WireOptions>>> = {
  'MQTT 3.1.1, clean session': {},
  'MQTT 3.1.1, persistent session': { clean: false },
  'MQTT 5': { protocolVersion: 5 },
};

describe.each(Object.entries(waysIn))('%s', (_way, options) => {
  it.each(['a service at peace', 'a strict service'])(
    'a client of %s may publish on every reserved topic that AWS would let it use, with QoS 0 and 1',
    async (kind) => {
      const { door, port, events } = await openDoor({ strict: kind === 'a strict service' });
      const lamp = await WireClient.connect(port, { clientId: 'lamp', ...options });
      for (const [, topic] of allowed) {
        lamp.publish(topic, '{}', { qos: 0, messageId: undefined });
        lamp.publish(topic, 'no JSON at all');
      }
      await lamp.until(() => lamp.packets.filter(({ cmd }) => cmd === 'puback').length === allowed.length);
      await lamp.settled();
      expect(events.filter((event) => event.kind === 'publish-refused' || event.kind === 'disconnected')).toEqual([]);
      for (const feature of reservedFeatures) {
        const rows = allowed.filter(([of]) => of === feature);
        expect(door.reservedPublications[feature], feature).toBe(2 * rows.length);
      }
    },
  );
});

it('every feature has a topic in this test', () => {
  expect(new Set(allowed.map(([feature]) => feature))).toEqual(new Set(reservedFeatures));
});

it('a feature that the service does not have is told of once, with who used it first', async () => {
  const { port, events } = await openDoor();
  for (const clientId of ['lamp', 'door']) {
    const client = await WireClient.connect(port, { clientId });
    client.publish(`$aws/things/${clientId}/greengrassv2/health/json`, {});
    client.publish('$aws/rules/telemetry', {});
    client.publish('$aws/rules/other', {});
    await client.settled();
  }
  expect(events.filter(({ kind }) => kind === 'not-answered')).toEqual([
    {
      kind: 'not-answered',
      feature: 'greengrass-health',
      clientId: 'lamp',
      topic: '$aws/things/lamp/greengrassv2/health/json',
    },
    { kind: 'not-answered', feature: 'basic-ingest', clientId: 'lamp', topic: '$aws/rules/telemetry' },
  ]);
});

describe('a client is cut off for', () => {
  const refused = [
    ...allowed.map(([, topic]) => topic.replaceAll('lamp', 'door')).filter((topic) => topic.includes('door')),
    '$aws/things/lamp/shadow',
    '$aws/things/lamp/shadow/put',
    '$aws/things/lamp/shadow/get/accepted',
    '$aws/things/lamp/shadow/update/documents',
    '$aws/things/lamp/shadow/name/get',
    '$aws/things/lamp/shadow/name//get',
    '$aws/things/lamp/streams',
    '$aws/things/lamp/defender/metrics/json/accepted',
    '$aws/rules',
    '$aws/rules//lamp',
    '$aws/certificates/create/json/accepted',
    '$aws/events/presence/connected/lamp',
    '$aws/anything',
  ].filter((topic) => !topic.startsWith('$aws/rules/telemetry'));
  it.each(refused)('%s', async (topic) => {
    const { door, port, happened } = await openDoor({ isThing: (name) => name === 'lamp' });
    const lamp = await WireClient.connect(port, { clientId: 'lamp' });
    lamp.publish(topic, {});
    await lamp.closed;
    expect((await happened('publish-refused')).message).toMatch(/publish refused/);
    expect(new Set(Object.values(door.reservedPublications))).toEqual(new Set([0]));
  });
});

describe('subscriptions to reserved topics', () => {
  it.each([
    ['$aws/things/lamp/shadow/#', 1],
    ['$aws/things/lamp/shadow/name/+/update/delta', 1],
    ['$aws/things/lamp/streams/s-1/data/cbor', 1],
    ['$aws/things/lamp/tunnels/notify', 1],
    ['$aws/certificates/create/json/+', 1],
    ['$aws/provisioning-templates/fleet/provision/json/accepted', 1],
    ['$aws/commands/things/lamp/executions/+/request/json', 1],
    ['$aws/commands/clients/lamp/executions/+/request', 1],
    ['$aws/device_location/lamp/get_position_estimate/accepted', 1],
    ['$aws/things/door/shadow/#', 0x87],
    ['$aws/things/+/shadow/#', 0x87],
    ['$aws/commands/things/+/executions/#', 0x87],
    ['$aws/commands/+/lamp/executions/#', 0x87],
    ['$aws/commands/clients/door/executions/#', 0x87],
    ['$aws/commands/#', 0x87],
    ['$aws/rules/telemetry', 0x87],
    ['$aws/+/create/json/accepted', 0x87],
  ] as const)('%s: %d', async (filter, granted) => {
    const { port } = await openDoor({ isThing: (name) => name === 'lamp' });
    const lamp = await WireClient.connect(port, { clientId: 'lamp', protocolVersion: 5 });
    expect(await lamp.subscribe([filter])).toEqual([granted]);
  });

  it('a client id that looks like a wildcard grants nothing', async () => {
    const { port } = await openDoor();
    const client = await WireClient.connect(port, { clientId: '+', protocolVersion: 5 });
    expect(await client.subscribe(['$aws/commands/clients/+/executions/#'])).toEqual([0x87]);
  });
});

async function echoing(): Promise<TestDoor> {
  return await openDoor({
    answerers: {
      defender({ topic, payload, parsed, clientId }, { reply, announce, done }) {
        reply(`${topic}/accepted`, `${clientId} ${parsed.parameters['format']} ${payload.toString()}`);
        announce(`${topic}/seen`, Buffer.from([0x00, 0xff]));
        done();
      },
    },
  });
}

describe.each(Object.entries(waysIn))('a feature that the door is given, %s', (_way, options) => {
  it('replies to who asked, subscribed or not, and tells others what they subscribed to', async () => {
    const { port, events } = await echoing();
    const topic = '$aws/things/lamp/defender/metrics/json';
    const watch = await WireClient.connect(port, { clientId: 'lamp-2' });
    const lamp = await WireClient.connect(port, { clientId: 'lamp', ...options });
    lamp.publish(topic, 'report');
    await lamp.until(() => lamp.messages.length === 1);
    expect(await lamp.subscribe([`${topic}/seen`])).toEqual([1]);
    lamp.publish(topic, 'again');
    await lamp.until(() => lamp.messages.length === 3);
    expect(lamp.topics()).toEqual([`${topic}/accepted`, `${topic}/accepted`, `${topic}/seen`]);
    expect(lamp.messages.map(({ payload }) => payload)).toEqual([
      'lamp json report',
      'lamp json again',
      Buffer.from([0x00, 0xff]).toString(),
    ]);
    await watch.settled();
    expect(watch.topics()).toEqual([]);
    expect(events.filter(({ kind }) => kind === 'not-answered')).toEqual([]);
  });

  it('takes no last will', async () => {
    const { door, port, happened } = await echoing();
    const will = {
      topic: '$aws/things/lamp/defender/metrics/json',
      payload: Buffer.from('{}'),
      qos: 1,
      retain: false,
    } as const;
    const lamp = await WireClient.connect(port, { clientId: 'lamp', will, ...options });
    await lamp.drop();
    await happened('disconnected');
    const again = await WireClient.connect(port, { clientId: 'lamp', ...options });
    await again.settled();
    expect(door.reservedPublications.defender).toBe(0);
  });
});
