/** A started service and clients that take more than their share: each is bounded, nothing of what may be said is lost, and others go on. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { maxQueuedMessages, maxRetainedMessages } from '../../broker/mqtt/memory-bounds.ts';
import type { ServiceEvent } from '../../broker/service-events.ts';
import { type Service, startService } from '../../broker/start-service.ts';
import { ask } from '../support/ask.ts';
import { WireClient, type WireOptions } from '../support/wire-client.ts';

let service: Service;
let events: ServiceEvent[] = [];

afterEach(() => service.close());

async function start(options: Parameters<typeof startService>[0] = {}): Promise<void> {
  events = [];
  service = await startService({ onEvent: (event) => events.push(event), ...options });
}

function connect(clientId: string, options: Partial<WireOptions> = {}): Promise<WireClient> {
  return WireClient.connect(Number(new URL(service.mqttUrl ?? '').port), { clientId, ...options });
}

const acknowledged = ({ packets }: WireClient): number => packets.filter(({ cmd }) => cmd === 'puback').length;
const asleep = { clean: false, properties: { sessionExpiryInterval: 3600 } };
const forVersion = (protocolVersion: 4 | 5): Partial<WireOptions> =>
  protocolVersion === 5 ? { ...asleep, protocolVersion } : { clean: false, protocolVersion };

describe('above the rate of a connection,', () => {
  const flood = 3000;
  beforeEach(() => start());

  it.each([4, 5] as const)('messages of MQTT %i are read later, whole and in order', async (protocolVersion) => {
    const witness = await connect('lamp');
    const client = await connect('pump', { protocolVersion });
    await witness.subscribe(['a/b'], 0);
    const startedAt = performance.now();
    for (let index = 0; index < flood; index += 1) client.publish('a/b', String(index), { qos: 0 });
    await witness.until(() => witness.messages.length === flood);
    expect(performance.now() - startedAt).toBeGreaterThan((flood - 1000) * 0.9);
    expect(witness.messages.map(({ payload }) => Number(payload))).toEqual([...witness.messages.keys()]);
  });

  it('PINGREQ counts, and each is answered', async () => {
    const client = await connect('lamp');
    const answered = client.packets.length;
    const startedAt = performance.now();
    for (let index = 0; index < flood; index += 1) client.send({ cmd: 'pingreq' });
    await client.until(() => client.packets.length === answered + flood);
    expect(performance.now() - startedAt).toBeGreaterThan(1800);
  });

  it('a client may say its last and leave', async () => {
    const witness = await connect('lamp');
    await witness.subscribe(['a/b'], 0);
    const client = await connect('pump');
    for (let index = 0; index < 500; index += 1) client.publish('a/b', 'x', { qos: 0 });
    client.send({ cmd: 'disconnect' });
    client.stream.end();
    await witness.until(() => witness.messages.length === 500);
  });
});

describe('a session that is away', () => {
  beforeEach(() => start({ packetsPerSecond: 1_000_000 }));

  it.each([4, 5] as const)('gets as much as its queue holds, and the first of it (MQTT %i)', async (version) => {
    await ask(service, 'iot:CreateThing', { thingName: 'lamp' });
    const sleeper = await connect('lamp', forVersion(version));
    await sleeper.subscribe(['news/#', '$aws/things/lamp/jobs/notify']);
    await sleeper.drop();
    const speaker = await connect('speaker');
    for (let index = 0; index < maxQueuedMessages + 200; index += 1) speaker.publish('news/today', `news ${index}`);
    await speaker.until(() => acknowledged(speaker) === maxQueuedMessages + 200);
    const targets = ['arn:aws:iot:us-east-1:000000000000:thing/lamp'];
    await ask(service, 'iot:CreateJob', { jobId: 'J', targets, document: '{}' });
    await speaker.settled();
    expect(events.filter(({ kind }) => kind === 'dropped').length).toBeGreaterThan(200);
    const awake = await connect('lamp', forVersion(version));
    await awake.until(() => awake.messages.length >= maxQueuedMessages);
    await awake.settled();
    expect(awake.messages.map(({ payload }) => payload)).toEqual(
      Array.from({ length: maxQueuedMessages }, (_, index) => `news ${index}`),
    );
  });

  it('gets what has waited for it, however large, without being cut off', async () => {
    const sleeper = await connect('sleeper', { clean: false });
    await sleeper.subscribe(['a/b']);
    await sleeper.drop();
    const speaker = await connect('speaker');
    const payload = Buffer.alloc(120 * 1024, 'x');
    for (let index = 0; index < 60; index += 1) speaker.publish('a/b', payload);
    await speaker.until(() => acknowledged(speaker) === 60);
    const awake = await connect('sleeper', { clean: false });
    await awake.until(() => awake.messages.length === 60);
  });
});

describe('what others are to have', () => {
  beforeEach(() => start({ packetsPerSecond: 1_000_000 }));

  it('is not kept for a client that does not acknowledge: it is cut off, and others go on', async () => {
    const rude = await connect('rude', { clean: false });
    rude.acknowledges = false;
    await rude.subscribe(['news/#']);
    const listener = await connect('listener');
    await listener.subscribe(['news/#']);
    const speaker = await connect('speaker');
    for (let index = 0; index < maxQueuedMessages + 50; index += 1) speaker.publish('news/today', `news ${index}`);
    await rude.closed;
    await listener.until(() => listener.messages.length === maxQueuedMessages + 50);
    const told = { clientId: 'rude', how: 'cut-off', message: 'does not acknowledge what it is sent' };
    expect(events).toContainEqual(expect.objectContaining({ kind: 'disconnected', ...told }));
  });

  it.each([4, 5] as const)(
    'is not held for who never reads: it is cut off, and others go on (MQTT %i)',
    async (version) => {
      const rude = await connect('rude', { protocolVersion: version });
      await rude.subscribe(['news/#'], 0);
      rude.stream.pause();
      const listener = await connect('listener');
      await listener.subscribe(['news/#'], 0);
      const speaker = await connect('speaker');
      const large = Buffer.alloc(100 * 1024, 'x');
      const isCutOff = (): boolean =>
        events.some((event) => event.kind === 'disconnected' && event.clientId === 'rude');
      let published = 0;
      while (!isCutOff() && published < 2000) {
        speaker.publish('news/today', large);
        published += 1;
        await speaker.until(() => acknowledged(speaker) === published);
      }
      await listener.until(() => listener.messages.length === published);
      const told = { kind: 'disconnected', clientId: 'rude', how: 'cut-off', reason: 'quotaExceeded' };
      expect(events).toContainEqual(expect.objectContaining(told));
      rude.stream.destroy();
    },
  );

  it('is retained on so many topics, and above that delivered only', async () => {
    const listener = await connect('listener');
    await listener.subscribe([`state/${maxRetainedMessages}`]);
    const speaker = await connect('speaker');
    for (let index = 0; index <= maxRetainedMessages; index += 1) {
      speaker.publish(`state/${index}`, 'on', { qos: 0, retain: true });
    }
    await listener.until(() => listener.messages.length === 1);
    await listener.subscribe(['state/0', `state/${maxRetainedMessages}`]);
    await listener.settled();
    expect(listener.topics()).toEqual([`state/${maxRetainedMessages}`, 'state/0']);
    expect(events.filter(({ kind }) => kind === 'dropped')).toHaveLength(1);
  });
});
