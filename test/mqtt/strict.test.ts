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

it('a filter for another thing closes the connection of MQTT 5 too', async () => {
  const { port } = await openDoor({ strict: true, isThing: () => true });
  const client = await WireClient.connect(port, { clientId: 'lamp', protocolVersion: 5 });
  expect(await client.subscribe(['$aws/things/fan/jobs/notify'])).toBeUndefined();
  expect(client.packets.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x87 });
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
