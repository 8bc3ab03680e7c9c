/** What clients leave behind for others has bounds, in each place and all together, and what leaves gives its room back. */
import { afterEach, describe, expect, it } from 'vitest';
import { MemoryBounds, maxQueuedMessages } from '../../broker/mqtt/memory-bounds.ts';
import { notify } from '../support/fake-service.ts';
import { closeDoors, openDoor } from '../support/mqtt-door.ts';
import { WireClient } from '../support/wire-client.ts';

afterEach(closeDoors);

const message = (topic: string, bytes: number) => ({ topic, payload: Buffer.alloc(bytes) });

describe('the bounds', () => {
  it('of a queue are messages and bytes, and what leaves it gives room', () => {
    const bounds = new MemoryBounds();
    for (let index = 0; index < maxQueuedMessages; index += 1) expect(bounds.queue('a', message('t', 1))).toBe(true);
    expect(bounds.queue('a', message('t', 1))).toBe(false);
    expect(bounds.queue('b', message('t', 1))).toBe(true);
    bounds.unqueue('a', message('t', 1));
    expect(bounds.queue('a', message('t', 1))).toBe(true);
    const large = message('t', 128 * 1024);
    let queued = 0;
    while (bounds.queue('c', large)) queued += 1;
    expect(queued).toBeGreaterThan(50);
    expect(queued).toBeLessThan(65);
  });

  it('of retained messages count topics, and a new message takes the place of the old one', () => {
    const bounds = new MemoryBounds();
    let topics = 0;
    while (bounds.retain(message(`t/${topics}`, 1))) topics += 1;
    expect(topics).toBe(10_000);
    expect(bounds.retain(message('t/0', 9))).toBe(true);
    expect(bounds.retain(message('t/0', 0))).toBe(true);
    expect(bounds.retain(message('other', 1))).toBe(true);
  });

  it('hold for all together', () => {
    const bounds = new MemoryBounds(1_000_000);
    const client = {};
    expect(bounds.will(client, message('w', 400_000))).toBe(true);
    expect(bounds.retain(message('r', 400_000))).toBe(true);
    expect(bounds.queue('a', message('q', 400_000))).toBe(false);
    bounds.forgetWill(client);
    bounds.forgetWill(client);
    expect(bounds.queue('a', message('q', 400_000))).toBe(true);
    expect(bounds.will({}, message('w', 400_000))).toBe(false);
  });
});

describe('a session that is away', () => {
  it.each([4, 5] as const)(
    'gets as much as its queue holds, and the first of it (MQTT %i)',
    async (protocolVersion) => {
      const { port, service, events } = await openDoor();
      const properties = protocolVersion === 5 ? { sessionExpiryInterval: 3600 } : {};
      const options = { clientId: 'lamp', clean: false, protocolVersion, properties };
      const sleeper = await WireClient.connect(port, options);
      await sleeper.subscribe(['news/#', '$aws/things/lamp/jobs/notify']);
      await sleeper.drop();
      const speaker = await WireClient.connect(port, { clientId: 'speaker' });
      for (let index = 0; index < maxQueuedMessages + 200; index += 1) speaker.publish('news/today', `news ${index}`);
      const acknowledged = (): number => speaker.packets.filter(({ cmd }) => cmd === 'puback').length;
      await speaker.until(() => acknowledged() === maxQueuedMessages + 200);
      service.say(notify('lamp'));
      await speaker.settled();
      expect(events.filter(({ kind }) => kind === 'dropped').length).toBeGreaterThan(200);
      const awake = await WireClient.connect(port, { ...options, clean: false });
      await awake.until(() => awake.messages.length >= maxQueuedMessages);
      await awake.settled();
      expect(awake.messages.map(({ payload }) => payload)).toEqual(
        Array.from({ length: maxQueuedMessages }, (_, index) => `news ${index}`),
      );
    },
  );
});

it('a client that does not acknowledge is cut off when its queue is full, and others go on', async () => {
  const { port, happened } = await openDoor();
  const rude = await WireClient.connect(port, { clientId: 'rude', clean: false });
  rude.acknowledges = false;
  await rude.subscribe(['news/#']);
  const listener = await WireClient.connect(port, { clientId: 'listener' });
  await listener.subscribe(['news/#']);
  const speaker = await WireClient.connect(port, { clientId: 'speaker' });
  for (let index = 0; index < maxQueuedMessages + 50; index += 1) speaker.publish('news/today', `news ${index}`);
  await rude.closed;
  await listener.until(() => listener.messages.length === maxQueuedMessages + 50);
  const told = { clientId: 'rude', how: 'cut-off', message: 'does not acknowledge what it is sent' };
  expect(await happened('disconnected')).toMatchObject(told);
});
