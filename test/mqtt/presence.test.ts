/** Lifecycle events of connections and subscriptions, as a fleet's monitoring hears them. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Reason } from '../../broker/mqtt/disconnection.ts';
import type { Ending } from '../../broker/mqtt/door-events.ts';
import { Presence } from '../../broker/mqtt/presence.ts';
import { closeDoors, openDoor } from '../support/mqtt-door.ts';
import { WireClient, type WireOptions } from '../support/wire-client.ts';

afterEach(closeDoors);

interface Watched {
  readonly port: number;
  /** Resolves with the next so many events that the watch has not been asked for yet: what follows `$aws/events/`, payload. */
  hear(count: number): Promise<(readonly [string, Readonly<Record<string, unknown>>])[]>;
  readonly watch: WireClient;
}

async function watched(filter = '$aws/events/#', options: Parameters<typeof openDoor>[0] = {}): Promise<Watched> {
  const { port } = await openDoor(options);
  const watch = await WireClient.connect(port, { clientId: 'a watch' });
  await watch.subscribe([filter]);
  await watch.settled();
  // Its own subscription.
  watch.messages.length = 0;
  return {
    port,
    watch,
    async hear(count) {
      await watch.until(() => watch.messages.length >= count);
      return watch.messages
        .splice(0, count)
        .map(({ topic, payload }) => [
          topic.slice('$aws/events/'.length),
          JSON.parse(payload) as Record<string, unknown>,
        ]);
    },
  };
}

const anything = expect.any(String) as string;
const instant = expect.any(Number) as number;

describe.each<readonly [string, Partial<WireOptions>]>([
  ['MQTT 3.1.1', {}],
  ['MQTT 3.1.1, persistent session', { clean: false }],
  ['MQTT 5', { protocolVersion: 5 }],
])('%s', (_version, options) => {
  it('a connection is told of, and its end, as one session', async () => {
    const { port, hear } = await watched();
    const lamp = await WireClient.connect(port, { clientId: 'lamp', ...options });
    const [[topic, connected]] = (await hear(1)) as [readonly [string, Record<string, unknown>]];
    expect(topic).toBe('presence/connected/lamp');
    const { sessionIdentifier } = connected;
    expect(connected).toEqual({
      clientId: 'lamp',
      timestamp: instant,
      eventType: 'connected',
      sessionIdentifier: anything,
      principalIdentifier: 'lamp',
      ipAddress: '127.0.0.1',
      versionNumber: 0,
    });
    lamp.send({ cmd: 'disconnect' });
    expect(await hear(1)).toEqual([
      [
        'presence/disconnected/lamp',
        {
          clientId: 'lamp',
          timestamp: instant,
          eventType: 'disconnected',
          clientInitiatedDisconnect: true,
          sessionIdentifier,
          principalIdentifier: 'lamp',
          disconnectReason: 'CLIENT_INITIATED_DISCONNECT',
          versionNumber: 0,
        },
      ],
    ]);
  });

  it('filters that are granted and given back are told of', async () => {
    const { port, hear } = await watched('$aws/events/subscriptions/#');
    const lamp = await WireClient.connect(port, { clientId: 'lamp', ...options });
    await lamp.subscribe(['rooms/1', '$aws/things/lamp/jobs/#']);
    lamp.send({ cmd: 'unsubscribe', messageId: 9, unsubscriptions: ['rooms/1'] });
    const event = { clientId: 'lamp', timestamp: instant, sessionIdentifier: anything, principalIdentifier: 'lamp' };
    expect(await hear(2)).toEqual([
      [
        'subscriptions/subscribed/lamp',
        { ...event, eventType: 'subscribed', topics: ['rooms/1', '$aws/things/lamp/jobs/#'] },
      ],
      ['subscriptions/unsubscribed/lamp', { ...event, eventType: 'unsubscribed', topics: ['rooms/1'] }],
    ]);
  });

  it('why a connection has ended is told', async () => {
    const { port, hear } = await watched('$aws/events/presence/disconnected/lamp');
    const endings: readonly (readonly [string, (client: WireClient) => unknown])[] = [
      ['CONNECTION_LOST', (client) => client.drop()],
      ['FORBIDDEN_ACCESS', (client) => client.publish('$aws/events/x', '{}')],
      ['CLIENT_ERROR', (client) => client.publish('rooms/+', 'on')],
      ['DUPLICATE_CLIENTID', () => WireClient.connect(port, { clientId: 'lamp', ...options })],
    ];
    for (const [disconnectReason, end] of endings) {
      const lamp = await WireClient.connect(port, { clientId: 'lamp', ...options });
      await end(lamp);
      const [[, payload]] = (await hear(1)) as [readonly [string, Record<string, unknown>]];
      expect(payload).toMatchObject({ disconnectReason, clientInitiatedDisconnect: false });
    }
  });
});

const both = (version: number) => [
  ['connected', version],
  ['disconnected', version],
];

it('versions count the connections of a client id', async () => {
  const { port, hear } = await watched('$aws/events/presence/+/+');
  const versions: unknown[] = [];
  for (const clientId of ['lamp', 'lamp', 'door', 'lamp']) {
    const client = await WireClient.connect(port, { clientId });
    await client.drop();
    for (const [topic, { versionNumber }] of await hear(2)) versions.push([topic.split('/')[1], versionNumber]);
  }
  expect(versions).toEqual([...both(0), ...both(1), ...both(0), ...both(2)]);
});

it('who is not let in is told of', async () => {
  const { port } = await openDoor({ identity: 'username' });
  const watch = await WireClient.connect(port, { clientId: 'a watch', username: 'watch' });
  await watch.subscribe(['$aws/events/presence/connect_failed/#']);
  await WireClient.connect(port, { clientId: 'lamp' });
  await watch.until(() => watch.messages.length === 1);
  expect(watch.messages[0]!.topic).toBe('$aws/events/presence/connect_failed/lamp');
  expect(JSON.parse(watch.messages[0]!.payload)).toEqual({
    clientId: 'lamp',
    timestamp: instant,
    eventType: 'connect_failed',
    sessionIdentifier: anything,
    principalIdentifier: 'lamp',
    ipAddress: '127.0.0.1',
    connectFailureReason: 'AUTHORIZATION_FAILED',
  });
});

it('a filter that is refused, and a client id that looks like a wildcard, are not told of', async () => {
  const { port, watch } = await watched();
  const odd = await WireClient.connect(port, { clientId: 'a+b' });
  await odd.settled();
  const lamp = await WireClient.connect(port, { clientId: 'lamp', protocolVersion: 5 });
  await lamp.subscribe(['$SYS/#']);
  await lamp.settled();
  await watch.settled();
  expect(watch.topics()).toEqual(['$aws/events/presence/connected/lamp']);
});

function heard(now: () => number = () => 0) {
  const told: { readonly topic: string; readonly payload: Record<string, unknown> }[] = [];
  const announce = (topic: string, write: () => string): void =>
    void told.push({ topic, payload: JSON.parse(write()) as Record<string, unknown> });
  return { presence: new Presence({ now, announce }), told };
}

describe('by themselves', () => {
  const lamp = { clientId: 'lamp', principalIdentifier: 'lamp', ipAddress: '10.0.0.1' };

  it.each<readonly [Ending, Reason | undefined, string, boolean]>([
    ['goodbye', undefined, 'CLIENT_INITIATED_DISCONNECT', true],
    ['lost', undefined, 'CONNECTION_LOST', false],
    ['taken-over', 'sessionTakenOver', 'DUPLICATE_CLIENTID', false],
    ['shutdown', undefined, 'SERVER_INITIATED_DISCONNECT', false],
    ['cut-off', 'keepAliveTimeout', 'MQTT_KEEP_ALIVE_TIMEOUT', false],
    ['cut-off', 'notAuthorized', 'FORBIDDEN_ACCESS', false],
    ['cut-off', 'quotaExceeded', 'THROTTLED', false],
    ['cut-off', 'malformedPacket', 'CLIENT_ERROR', false],
    ['cut-off', 'serverShuttingDown', 'SERVER_INITIATED_DISCONNECT', false],
    ['cut-off', undefined, 'SERVER_ERROR', false],
  ])('an end by %s (%s) is %s', (how, reason, disconnectReason, clientInitiatedDisconnect) => {
    const { presence, told } = heard();
    presence.connected(lamp).ended(how, reason);
    expect(told.at(-1)).toMatchObject({
      topic: '$aws/events/presence/disconnected/lamp',
      payload: { disconnectReason, clientInitiatedDisconnect },
    });
    expect(told.at(-1)?.payload).not.toHaveProperty('ipAddress');
  });

  it('versions begin anew when a client has been away for an hour', () => {
    let now = 0;
    const { presence, told } = heard(() => now);
    const visit = (awayMs: number): unknown => {
      presence.connected(lamp).ended('lost', undefined);
      now += awayMs;
      return told.at(-1)?.payload['versionNumber'];
    };
    expect([visit(3_599_999), visit(3_600_000), visit(0), visit(0)]).toEqual([0, 1, 0, 1]);
  });
});
