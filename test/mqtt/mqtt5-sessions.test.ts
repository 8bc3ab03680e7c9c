/** MQTT 5: how long a session lives, what becomes of a last will, and how much a client is sent at a time. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { execution, notify } from '../support/fake-service.ts';
import { closeDoors, connect5, openDoor } from '../support/mqtt-door.ts';
import type { WireClient, WireOptions } from '../support/wire-client.ts';

afterEach(async () => {
  vi.useRealTimers();
  await closeDoors();
});

const jobs = '$aws/things/lamp/jobs';
const expiry = { properties: { sessionExpiryInterval: 60 } };

function leaveForGood(client: WireClient): void {
  client.send({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 0 } });
}

/** Subscribes, goes away, is told something meanwhile, and comes back. */
async function absence(
  before: Partial<WireOptions>,
  after: Partial<WireOptions>,
  leave?: (client: WireClient) => void,
) {
  const { port, service, happened } = await openDoor();
  const first = await connect5(port, before);
  await first.subscribe([`${jobs}/notify`]);
  if (leave === undefined) await first.drop();
  else leave(first);
  await first.closed;
  await happened('disconnected');
  service.say(notify('lamp'));
  const second = await connect5(port, after);
  const connack = await second.received('connack');
  await second.settled();
  service.say(notify('lamp'));
  await second.settled();
  return { present: connack?.cmd === 'connack' && connack.sessionPresent, messages: second.messages.length };
}

describe('no more is sent than the client can take:', () => {
  it('as many messages without acknowledgement as it allows, the rest in order later', async () => {
    const { port, service } = await openDoor();
    const client = await connect5(port, { properties: { receiveMaximum: 2 } });
    await client.subscribe([`${jobs}/notify`, `${jobs}/notify-next`]);
    client.acknowledges = false;
    const ids = ['job-1', 'job-2', 'job-3', 'job-4', 'job-5'];
    for (const id of ids) service.say(notify('lamp', [execution('lamp', id)]));
    await client.settled();
    expect(client.messages).toHaveLength(2);
    client.acknowledges = true;
    for (const { messageId } of client.messages.slice()) client.send({ cmd: 'puback', messageId, reasonCode: 0 });
    await client.until(() => client.messages.length === ids.length);
    expect(client.messages.map(({ payload }) => /job-\d/.exec(payload)?.[0])).toEqual(ids);
  });

  it('no packet above its Maximum Packet Size, and no second try', async () => {
    const { port, service, happened } = await openDoor();
    const options = { clean: false, properties: { maximumPacketSize: 512, sessionExpiryInterval: 60 } };
    const client = await connect5(port, options);
    await client.subscribe([`${jobs}/notify`]);
    const many = Array.from({ length: 10 }, (_, index) => execution('lamp', `job-${index}`));
    service.say(notify('lamp', many), notify('lamp', [execution('lamp')]));
    await client.until(() => client.messages.length === 1);
    expect(client.messages[0]!.payload.length).toBeLessThan(512);
    await client.drop();
    await happened('disconnected');
    const again = await connect5(port, { ...options, properties: { sessionExpiryInterval: 60 } });
    await again.settled();
    expect(again.topics()).toEqual([]);
  });
});

describe('a session', () => {
  it('outlives its connection for as long as was asked', async () => {
    expect(await absence({ clean: true, ...expiry }, { clean: false, ...expiry })).toEqual({
      present: true,
      messages: 2,
    });
  });

  it('ends with its connection when nothing was asked', async () => {
    expect(await absence({ clean: false }, { clean: false })).toEqual({ present: false, messages: 0 });
  });

  it('ends when the client starts anew, although the new one will be kept', async () => {
    expect(await absence({ clean: true, ...expiry }, { clean: true, ...expiry })).toEqual({
      present: false,
      messages: 0,
    });
  });

  it('ends when DISCONNECT says so', async () => {
    const outcome = await absence({ clean: true, ...expiry }, { clean: false, ...expiry }, leaveForGood);
    expect(outcome).toEqual({ present: false, messages: 0 });
  });

  it('that is resumed without expiry is gone the next time', async () => {
    const { port, happened, events } = await openDoor();
    const first = await connect5(port, { clean: true, ...expiry });
    await first.subscribe([`${jobs}/notify`]);
    await first.drop();
    await happened('disconnected');
    const second = await connect5(port, { clean: false });
    expect(await second.received('connack')).toMatchObject({ sessionPresent: true });
    events.length = 0;
    await second.drop();
    await happened('disconnected');
    const third = await connect5(port, { clean: false });
    expect(await third.received('connack')).toMatchObject({ sessionPresent: false });
  });

  it('expires', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { port, service, happened, events } = await openDoor();
    const comeAndGo = async (): Promise<boolean | undefined> => {
      const client = await connect5(port, { clean: false, ...expiry });
      await client.subscribe([`${jobs}/notify`]);
      const connack = await client.received('connack');
      expect(client.topics()).toEqual([]);
      events.length = 0;
      await client.drop();
      await happened('disconnected');
      return connack?.cmd === 'connack' ? connack.sessionPresent : undefined;
    };
    expect(await comeAndGo()).toBe(false);
    vi.advanceTimersByTime(59_999);
    expect(await comeAndGo()).toBe(true);
    service.say(notify('lamp'));
    vi.advanceTimersByTime(60_000);
    expect(await comeAndGo()).toBe(false);
  });
});

describe('a last will', () => {
  const will = { topic: 'farewell', payload: Buffer.from('bye'), qos: 1, retain: false } as const;
  it.each([
    ['is not sent after a normal goodbye', 0x00, []],
    ['is sent when the goodbye asks for it', 0x04, ['farewell']],
    ['is sent when the client has gone for an error', 0x80, ['farewell']],
    ['is sent when the client has had too much of something', 0x97, ['farewell']],
  ])('%s', async (_what, reasonCode, topics) => {
    const { port, happened } = await openDoor();
    const watching = await connect5(port, { clientId: 'watching' });
    await watching.subscribe(['farewell']);
    const client = await connect5(port, { will: { ...will, properties: { willDelayInterval: 9 } } });
    client.send({ cmd: 'disconnect', reasonCode });
    await client.closed;
    await happened('disconnected');
    await watching.settled();
    expect(watching.topics()).toEqual(topics);
  });
});
