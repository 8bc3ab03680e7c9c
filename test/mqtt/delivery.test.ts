/** Notifications: none lost, none twice, in order; through takeovers, absences and alongside ordinary traffic. */
import { connectAsync } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { execution, notify, notifyNext } from '../support/fake-service.ts';
import { closeDoors, openDoor } from '../support/mqtt-door.ts';
import { WireClient } from '../support/wire-client.ts';

afterEach(closeDoors);

const jobs = (thing: string): string => `$aws/things/${thing}/jobs`;

describe('a thousand clients, clean and persistent, with overlapping filters', () => {
  const rounds = 3;
  const kinds = [
    { name: 'exact filters', filters: ['notify', 'notify-next'], qos: 1 },
    { name: 'exact filters and wildcards over them', filters: ['notify', 'notify-next', '+', '#'], qos: 1 },
    { name: 'QoS 0 notifications after a QoS 1 reply', filters: ['notify', 'notify-next', '+'], qos: 0 },
    { name: 'filters that cover the reply', filters: ['#', 'job-1/update/+', 'notify'], qos: 1 },
  ] as const;

  it('each get reply, notify and notify-next of every turn, once and in this order', async () => {
    const { port } = await openDoor({
      script: {
        effects: ({ request }) => {
          const { thingName } = request as { thingName: string };
          return [notify(thingName), notifyNext(thingName, execution(thingName))];
        },
      },
    });
    const clients = await Promise.all(
      Array.from({ length: 1000 }, async (_, index) => {
        const thing = `thing-${index}`;
        const { filters, qos } = kinds[index % kinds.length]!;
        const client = await WireClient.connect(port, { clientId: thing, clean: index % 8 < 4 });
        await client.subscribe(
          filters.map((filter) => `${jobs(thing)}/${filter}`),
          qos,
        );
        return { thing, client };
      }),
    );
    for (let round = 0; round < rounds; round += 1) {
      for (const { thing, client } of clients) {
        client.publish(`${jobs(thing)}/job-1/update`, { status: 'IN_PROGRESS' });
      }
    }
    await Promise.all(clients.map(({ client }) => client.until(() => client.messages.length >= 3 * rounds)));
    await Promise.all(clients.map(({ client }) => client.settled()));
    for (const { thing, client } of clients) {
      const turn = [`${jobs(thing)}/job-1/update/accepted`, `${jobs(thing)}/notify`, `${jobs(thing)}/notify-next`];
      expect(client.topics(), thing).toEqual([...turn, ...turn, ...turn]);
    }
  }, 240_000);
});

describe('a persistent session', () => {
  it('gets what it missed, in order, when it comes back, and not twice', async () => {
    const { port, service } = await openDoor();
    const options = { clientId: 'lamp', clean: false };
    const before = await WireClient.connect(port, options);
    await before.subscribe([`${jobs('lamp')}/notify`, `${jobs('lamp')}/#`]);
    await before.drop();
    service.say(notify('lamp', [execution('lamp', 'job-1')]), notifyNext('lamp', execution('lamp', 'job-1')));
    service.say(notify('lamp', [execution('lamp', 'job-2')]));

    const after = await WireClient.connect(port, options);
    await after.until(() => after.messages.length === 3);
    service.say(notifyNext('lamp'));
    await after.until(() => after.messages.length === 4);
    expect(after.topics().map((topic) => topic.split('/').at(-1))).toEqual([
      'notify',
      'notify-next',
      'notify',
      'notify-next',
    ]);
    expect(after.messages[2]!.payload).toContain('job-2');

    await after.drop();
    const again = await WireClient.connect(port, options);
    await again.settled();
    expect(again.topics()).toEqual([]);
  });

  it('misses nothing that is said while it comes back', async () => {
    const { port, service } = await openDoor();
    const options = { clientId: 'lamp', clean: false };
    const first = await WireClient.connect(port, options);
    await first.subscribe([`${jobs('lamp')}/notify`]);
    await first.drop();
    let said = 0;
    const speak = (): void => service.say(notify('lamp', [execution('lamp', `job-${(said += 1)}`)]));
    for (let connection = 0; connection < 20; connection += 1) {
      const arriving = WireClient.connect(port, options);
      for (let turn = 0; turn < 10; turn += 1) {
        speak();
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      }
      const client = await arriving;
      const wanted = 10;
      await client.until(() => client.messages.length === wanted);
      expect(client.messages.map(({ payload }) => /job-\d+/.exec(payload)![0])).toEqual(
        Array.from({ length: wanted }, (_, index) => `job-${said - wanted + 1 + index}`),
      );
      await client.settled();
      await client.drop();
    }
  });

  it('keeps nothing of QoS 0, and nothing after it has unsubscribed', async () => {
    const { port, service } = await openDoor();
    const options = { clientId: 'lamp', clean: false };
    const before = await WireClient.connect(port, options);
    await before.subscribe([`${jobs('lamp')}/notify`], 0);
    await before.subscribe([`${jobs('lamp')}/notify-next`], 1);
    before.send({ cmd: 'unsubscribe', messageId: 9, unsubscriptions: [`${jobs('lamp')}/notify-next`] });
    await before.received('unsuback');
    await before.drop();
    service.say(notify('lamp'), notifyNext('lamp'));
    const after = await WireClient.connect(port, options);
    await after.settled();
    expect(after.topics()).toEqual([]);
  });

  it('ends when its client comes back with a clean one', async () => {
    const { port, service } = await openDoor();
    const before = await WireClient.connect(port, { clientId: 'lamp', clean: false });
    await before.subscribe([`${jobs('lamp')}/notify`]);
    await before.drop();
    const clean = await WireClient.connect(port, { clientId: 'lamp', clean: true });
    service.say(notify('lamp'));
    await clean.settled();
    expect(clean.topics()).toEqual([]);
  });

  it('is not handed a reply that its earlier connection asked for', async () => {
    const { port, service, happened } = await openDoor({ script: { answersLater: true } });
    const options = { clientId: 'lamp', clean: false };
    const before = await WireClient.connect(port, options);
    await before.subscribe([`${jobs('lamp')}/#`]);
    before.publish(`${jobs('lamp')}/get`, {});
    await service.asked(1);
    await before.drop();
    await happened('disconnected');
    service.answerAll();
    const after = await WireClient.connect(port, options);
    await after.settled();
    expect(after.topics()).toEqual([]);
  });
});

describe('a second connection with the same client id', () => {
  it.each([true, false])('takes the session over (clean: %s) and alone is notified', async (clean) => {
    const { port, service, door } = await openDoor();
    const first = await WireClient.connect(port, { clientId: 'lamp', clean });
    await first.subscribe([`${jobs('lamp')}/notify`]);
    const second = await WireClient.connect(port, { clientId: 'lamp', clean });
    await first.closed;
    await second.subscribe([`${jobs('lamp')}/notify`]);
    service.say(notify('lamp'));
    await second.until(() => second.messages.length === 1);
    await second.settled();
    expect(second.topics()).toEqual([`${jobs('lamp')}/notify`]);
    expect(first.topics()).toEqual([]);
    expect(door.connectedClients).toBe(1);
  });

  it('finds the service in order after many hasty reconnects', async () => {
    const { port, service, door } = await openDoor();
    let client = await WireClient.connect(port, { clientId: 'lamp' });
    for (let count = 0; count < 50; count += 1) {
      client.stream.destroy();
      client = await WireClient.connect(port, { clientId: 'lamp' });
      await client.subscribe([`${jobs('lamp')}/notify`]);
      service.say(notify('lamp'));
      await client.until(() => client.messages.length === 1);
    }
    await client.settled();
    expect(door.connectedClients).toBe(1);
  });
});

describe('namespaced jobs', () => {
  it('are announced on the topics of their namespace, in the form clients use and the documented one', async () => {
    const { port, service } = await openDoor();
    const client = await WireClient.connect(port, { clientId: 'lamp' });
    await client.subscribe([`${jobs('lamp')}/#`]);
    service.say(
      notify('lamp', [execution('lamp', 'job-7')], 'aws-gg-deployment'),
      notifyNext('lamp', execution('lamp', 'job-7'), 'aws-gg-deployment'),
    );
    await client.until(() => client.messages.length === 3);
    expect(client.topics()).toEqual([
      `${jobs('lamp')}/notify-namespace-aws-gg-deployment`,
      `${jobs('lamp')}/job-7/notify-namespace-aws-gg-deployment/`,
      `${jobs('lamp')}/notify-next-namespace-aws-gg-deployment`,
    ]);
    expect(client.messages[0]!.payload).toBe(client.messages[1]!.payload);
  });
});

describe('a client that does not read', () => {
  it('does not hold up the others, and is cut off', async () => {
    const { port, service, door, happened } = await openDoor({ identity: 'open' });
    const reading = await connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: 'reading' });
    await reading.subscribeAsync(`${jobs('lamp')}/notify`, { qos: 1 });
    const frozen = await WireClient.connect(port, { clientId: 'frozen', clean: false });
    await frozen.subscribe(['big/#'], 0);
    frozen.stream.pause();
    const publisher = await WireClient.connect(port, { clientId: 'publisher' });

    let heard = 0;
    const allHeard = new Promise<void>((resolve) => {
      reading.on('message', () => (heard += 1) === 200 && resolve());
    });
    const bulk = Buffer.alloc(100_000, 'x');
    for (let count = 0; count < 200; count += 1) {
      publisher.publish('big/data', bulk);
      service.say(notify('lamp'));
    }
    await publisher.settled();
    await allHeard;
    expect(await happened('disconnected')).toEqual({
      kind: 'disconnected',
      clientId: 'frozen',
      how: 'cut-off',
      reason: 'quotaExceeded',
      message: 'does not read what it is sent',
    });
    frozen.stream.resume();
    await frozen.closed;
    await reading.endAsync();
    expect(door.connectedClients).toBeLessThan(3);
  });
});
