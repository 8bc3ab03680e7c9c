/** Replies: to the requester only, once, subscribed or not, in order. */
import { connectAsync } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { WireClient } from '../support/wire-client.ts';
import { closeDoors, openDoor } from '../support/mqtt-door.ts';
import { execution, notify, notifyNext, serviceTime } from '../support/fake-service.ts';

afterEach(closeDoors);

const jobs = '$aws/things/lamp/jobs';
const update = `${jobs}/job-1/update`;

describe('a reply', () => {
  it('reaches a client that has subscribed to nothing', async () => {
    const { port } = await openDoor();
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: 'lamp' });
    const received = new Promise<string>((resolve) => client.once('message', (topic) => resolve(topic)));
    await client.publishAsync('$aws/things/lamp/jobs/get', '{}', { qos: 1 });
    expect(await received).toBe('$aws/things/lamp/jobs/get/accepted');
    await client.endAsync();
  });

  it('comes once, however many filters match it', async () => {
    const { port } = await openDoor();
    const client = await WireClient.connect(port, { clientId: 'lamp' });
    await client.subscribe([`${update}/accepted`, `${update}/+`, '$aws/things/lamp/jobs/#', '$aws/things/lamp/#']);
    await client.request(update, { status: 'IN_PROGRESS' });
    await client.settled();
    expect(client.topics()).toEqual([`${update}/accepted`]);
  });

  it('reaches no other client, not even of the same thing', async () => {
    const { port } = await openDoor({ identity: 'open' });
    const asking = await WireClient.connect(port, { clientId: 'one' });
    const watching = await WireClient.connect(port, { clientId: 'two' });
    expect(await watching.subscribe(['$aws/things/lamp/jobs/#', '$aws/#', '#'])).toEqual([1, 1, 1]);
    await asking.request(update, { status: 'IN_PROGRESS' });
    await watching.settled();
    // Its own subscription is an event that it has subscribed to.
    expect(watching.topics()).toEqual(['$aws/events/subscriptions/subscribed/two']);
  });

  it.each([
    ['QoS 0 to whom subscribed to nothing that covers it', [], 1, 0],
    ['the QoS of the request to whom subscribed to it', [[`${update}/accepted`, 1]], 1, 1],
    ['the QoS of the request to whom subscribed to a filter that covers it', [[`${update}/+`, 1]], 1, 1],
    ['QoS 0 for a request of QoS 0', [[`${update}/+`, 1]], 0, 0],
    ['QoS 0 where only that was granted', [[`${update}/+`, 0]], 1, 0],
    [
      'the best that was granted',
      [
        [`${update}/accepted`, 0],
        [`${jobs}/#`, 1],
      ],
      1,
      1,
    ],
    ['QoS 0 to whom subscribed to others', [[`${update}/rejected`, 1]], 1, 0],
    ['QoS 0 to whom subscribed to all that is not the service’s', [['#', 1]], 1, 0],
  ] as const)('has %s', async (_what, filters, qos, expected) => {
    const { port } = await openDoor();
    const client = await WireClient.connect(port, { clientId: 'lamp' });
    for (const [filter, granted] of filters) await client.subscribe([filter], granted);
    client.publish(update, { status: 'IN_PROGRESS' }, { qos });
    await client.until(() => client.messages.length === 1);
    expect(client.messages.map((message) => message.qos)).toEqual([expected]);
  });

  it('comes before the notifications that its request causes, in one write with them', async () => {
    const { port } = await openDoor({
      script: { effects: () => [notify('lamp'), notifyNext('lamp', execution('lamp', 'job-2'))] },
    });
    const client = await WireClient.connect(port, { clientId: 'lamp' });
    await client.subscribe(['$aws/things/lamp/jobs/notify', '$aws/things/lamp/jobs/notify-next']);
    let chunks = 0;
    client.stream.on('data', () => (chunks += 1));
    client.publish(update, { status: 'SUCCEEDED' });
    await client.until(() => client.messages.length === 3);
    expect(client.topics()).toEqual([
      `${update}/accepted`,
      '$aws/things/lamp/jobs/notify',
      '$aws/things/lamp/jobs/notify-next',
    ]);
    expect(chunks).toBe(1);
  });

  it('carries token, time and the rejection of the service', async () => {
    const { port } = await openDoor({
      script: {
        reply: () => ({
          accepted: false,
          code: 'VersionMismatch',
          message: 'Expected version 99 but found version 1',
          executionState: execution('lamp'),
        }),
      },
    });
    const client = await WireClient.connect(port, { clientId: 'lamp' });
    const reply = await client.request(update, { status: 'IN_PROGRESS', expectedVersion: 99, clientToken: 'tok' });
    expect(reply).toEqual({
      topic: `${update}/rejected`,
      body: {
        code: 'VersionMismatch',
        message: 'Expected version 99 but found version 1',
        clientToken: 'tok',
        timestamp: serviceTime / 1000,
        executionState: { status: 'QUEUED', versionNumber: 1 },
      },
    });
  });
});
