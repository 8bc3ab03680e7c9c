/** AWS's limits that only a strict service applies; each with what a service that is not does instead. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { maxPublishesPerSecond } from '../../protocol/limits.ts';
import { notify } from '../support/fake-service.ts';
import { closeDoors, openDoor } from '../support/mqtt-door.ts';
import { WireClient } from '../support/wire-client.ts';

const jobs = '$aws/things/lamp/jobs';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(async () => {
  vi.useRealTimers();
  await closeDoors();
});

describe('a connection is closed for', () => {
  const seven = 'a/b/c/d/e/f/g/h';
  const offences: readonly (readonly [string, number, (client: WireClient) => void])[] = [
    ['a topic with eight slashes', 0x90, (client) => client.publish(`${seven}/i`, 'x')],
    ['a topic above 256 bytes', 0x90, (client) => client.publish('é'.repeat(129), 'x')],
    ['a filter with eight slashes', 0x8f, (client) => void client.subscribe([`${seven}/+`])],
    ['a filter for another thing', 0x87, (client) => void client.subscribe(['$aws/things/fan/jobs/notify'])],
  ];
  it.each(offences)('%s', async (_what, reasonCode, offend) => {
    const { port } = await openDoor({ strict: true });
    const client = await WireClient.connect(port, { clientId: 'lamp', protocolVersion: 5 });
    offend(client);
    await client.closed;
    expect(client.packets.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode });
  });

  it('QoS 2, by MQTT 3.1.1', async () => {
    const { port } = await openDoor({ strict: true });
    const client = await WireClient.connect(port, { clientId: 'lamp' });
    client.publish('rooms/1', 'x', { qos: 2 });
    await client.closed;
    expect(client.packets.map(({ cmd }) => cmd)).toEqual(['connack']);
  });

  it.each(offences.slice(0, 3))('%s, but not unless strict', async (_what, _reasonCode, offend) => {
    const { port } = await openDoor();
    const client = await WireClient.connect(port, { clientId: 'lamp', protocolVersion: 5 });
    offend(client);
    await client.settled();
  });

  it('what is within the limits: no', async () => {
    const { port } = await openDoor({ strict: true });
    const client = await WireClient.connect(port, { clientId: 'lamp' });
    client.publish(seven, 'x');
    client.publish('é'.repeat(128), 'x');
    const deep = `${jobs}/a/b/c/d/e/f/g/h/i/accepted`;
    expect(await client.subscribe([deep, seven])).toEqual([1, 1]);
    await client.settled();
  });
});

describe('a client id connects', () => {
  it('once a second', async () => {
    const { port } = await openDoor({ strict: true });
    const connect = async (clientId: string): Promise<unknown> =>
      (await WireClient.connect(port, { clientId })).received('connack');
    expect(await connect('lamp')).toMatchObject({ returnCode: 0 });
    expect(await connect('lamp')).toMatchObject({ returnCode: 3 });
    expect(await connect('fan')).toMatchObject({ returnCode: 0 });
    vi.advanceTimersByTime(1000);
    expect(await connect('lamp')).toMatchObject({ returnCode: 0 });
  });
});

describe('of the publications of one second', () => {
  it('a hundred pass, in both directions together', async () => {
    const { port, service } = await openDoor({ strict: true });
    const client = await WireClient.connect(port, { clientId: 'lamp' });
    await client.subscribe([`${jobs}/notify`]);
    const requests = 30;
    const send = (): void => {
      for (let count = 0; count < requests; count += 1) client.publish(`${jobs}/get`, {});
    };
    send();
    await client.settled();
    expect(client.messages).toHaveLength(requests);
    for (let count = 0; count < maxPublishesPerSecond; count += 1) service.say(notify('lamp'));
    send();
    await client.settled();
    expect(client.messages).toHaveLength(maxPublishesPerSecond - requests);
    expect(service.commands).toHaveLength(requests);
    vi.advanceTimersByTime(1000);
    send();
    await client.settled();
    expect(service.commands).toHaveLength(2 * requests);
  });
});

describe('a persistent session', () => {
  it.each([
    [true, false],
    [false, true],
  ])('is gone after an hour: %s', async (strict, present) => {
    const { port, happened } = await openDoor({ strict });
    const options = { clientId: 'lamp', clean: false };
    const before = await WireClient.connect(port, options);
    await before.subscribe([`${jobs}/notify`]);
    await before.drop();
    await happened('disconnected');
    vi.advanceTimersByTime(3_600_000);
    const after = await WireClient.connect(port, options);
    expect(await after.received('connack')).toMatchObject({ sessionPresent: present });
  });
});

it('what is retained goes to filters that name its topic', async () => {
  const { port } = await openDoor({ strict: true });
  const speaking = await WireClient.connect(port, { clientId: 'speaking' });
  speaking.publish('rooms/1', 'dark', { retain: true });
  await speaking.settled();
  const exact = await WireClient.connect(port, { clientId: 'exact' });
  await exact.subscribe(['rooms/1']);
  await exact.until(() => exact.messages.length === 1);
  const wild = await WireClient.connect(port, { clientId: 'wild' });
  await wild.subscribe(['rooms/+']);
  speaking.publish('rooms/1', 'light');
  await wild.until(() => wild.messages.length > 0);
  expect(wild.messages.map(({ payload }) => payload)).toEqual(['light']);
});
