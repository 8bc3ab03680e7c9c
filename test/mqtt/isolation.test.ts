/** Who may say what where: a client acts for its own thing, and sees nothing of another, by whatever way it tries. */
import { afterEach, describe, expect, it } from 'vitest';
import type { IdentityMode } from '../../broker/mqtt/identity.ts';
import { execution, notify, notifyNext } from '../support/fake-service.ts';
import { closeDoors, openDoor } from '../support/mqtt-door.ts';
import { WireClient } from '../support/wire-client.ts';

afterEach(closeDoors);

/** Clients whose client ids are names of things, so that they are those from the first. */
const registered = { isThing: (name: string) => ['lamp', 'spy', 'one', 'two', 'three'].includes(name) };

describe('a client may not listen to another thing', () => {
  const refused = [
    '$aws/things/lamp/jobs/notify',
    '$aws/things/lamp/jobs/#',
    '$aws/things/+/jobs/notify',
    '$aws/things/+/jobs/#',
    '$aws/things/#',
    '$aws/+/lamp/jobs/notify',
    '$aws/#',
    '$aws/things',
    '$aws/things/spy',
    '$aws/+/job/#',
    '$share/group/$aws/things/lamp/jobs/notify',
    '$share/group/$aws/things/+/jobs/notify',
    '$share/group/$aws/#',
    '$share/group/$SYS/#',
    '$share/group/$share/group/$aws/things/lamp/jobs/notify',
    '$SYS/#',
    '$SYS/+/new/subscribes',
  ];
  it.each(refused)('by %s: MQTT 3.1.1 is cut off, MQTT 5 reads why', async (filter) => {
    const { port, service } = await openDoor(registered);
    const own = '$aws/things/spy/jobs/notify';
    const spy = await WireClient.connect(port, { clientId: 'spy' });
    expect(await spy.subscribe([own])).toEqual([1]);
    expect(await spy.subscribe([own, filter])).toBeUndefined();
    await spy.closed;
    const other = await WireClient.connect(port, { clientId: 'spy', protocolVersion: 5 });
    expect(await other.subscribe([filter, own])).toEqual([0x87, 1]);
    service.say(notify('lamp'));
    await other.settled();
    expect([...spy.topics(), ...other.topics()]).toEqual([]);
  });

  it('live, offline or after coming back, with the filters that are granted to all', async () => {
    const { port, service, happened } = await openDoor();
    const options = { clientId: 'spy', clean: false };
    const granted = ['#', '+/#', '+/things/lamp/jobs/notify', '+/+/+/+/+', '$aws/things/spy/jobs/#'];
    const spy = await WireClient.connect(port, options);
    const lamp = await WireClient.connect(port, { clientId: 'lamp' });
    expect(await spy.subscribe(granted)).toEqual([1, 1, 1, 1, 1]);
    const speak = async (): Promise<void> => {
      service.say(notify('lamp', [execution('lamp')]), notifyNext('lamp', execution('lamp')));
      await lamp.request('$aws/things/lamp/jobs/get');
    };
    await speak();
    await spy.settled();
    await spy.drop();
    await happened('disconnected');
    await speak();
    const again = await WireClient.connect(port, options);
    await again.settled();
    await again.subscribe(granted);
    await again.settled();
    expect([...spy.topics(), ...again.topics()]).toEqual([]);
  });

  it('with the session that a client of another thing has left under the same client id', async () => {
    const { port, service, happened } = await openDoor({ identity: 'username' });
    const lamp = await WireClient.connect(port, { clientId: 'shared', clean: false, username: 'lamp' });
    await lamp.subscribe(['$aws/things/lamp/jobs/notify']);
    await lamp.drop();
    await happened('disconnected');
    service.say(notify('lamp'));
    const spy = await WireClient.connect(port, { clientId: 'shared', clean: false, username: 'spy' });
    await spy.settled();
    service.say(notify('lamp'));
    await spy.settled();
    expect(spy.topics()).toEqual([]);
  });
});

describe('a client may not say', () => {
  const refused: readonly (readonly [string, string, { readonly qos?: 0 | 1 | 2; readonly retain?: boolean }])[] = [
    ['a request for another thing', '$aws/things/lamp/jobs/get', {}],
    ['a reply', '$aws/things/spy/jobs/get/accepted', {}],
    ['a rejection', '$aws/things/spy/jobs/job-1/update/rejected', {}],
    ['a notification', '$aws/things/spy/jobs/notify', {}],
    ['the next execution', '$aws/things/spy/jobs/notify-next', {}],
    ['a namespaced notification', '$aws/things/spy/jobs/notify-namespace-ns', {}],
    ["a request for another thing's shadow", '$aws/things/lamp/shadow/update', {}],
    ['what the shadow service says', '$aws/things/spy/shadow/update/delta', {}],
    ['what AWS has no feature for', '$aws/things/spy/nothing', {}],
    ['an event', '$aws/events/job/job-1/completed', {}],
    ["the broker's own state", '$SYS/broker/new/clients', {}],
    ['a request with RETAIN', '$aws/things/spy/jobs/get', { retain: true }],
    ['a request with QoS 2', '$aws/things/spy/jobs/get', { qos: 2 }],
  ];
  it.each(refused)('%s (%s): the connection is closed, nothing is asked or told', async (_what, topic, options) => {
    const { port, service, happened } = await openDoor({ identity: 'client-id' });
    const lamp = await WireClient.connect(port, { clientId: 'lamp' });
    await lamp.subscribe(['$aws/things/lamp/jobs/#', '#']);
    const spy = await WireClient.connect(port, { clientId: 'spy' });
    spy.publish(topic, {}, options);
    await spy.closed;
    expect((await happened('publish-refused')).message).toMatch(/publish refused/);
    await lamp.settled();
    expect(service.commands).toEqual([]);
    expect([...lamp.topics(), ...spy.topics()]).toEqual([]);
  });

  it('it with its last will either', async () => {
    const { port, service, events, happened } = await openDoor(registered);
    const lamp = await WireClient.connect(port, { clientId: 'lamp' });
    await lamp.subscribe(['$aws/things/lamp/jobs/#', 'farewell', '$aws/events/presence/connect_failed/#']);
    const will = { payload: Buffer.from('{}'), qos: 1, retain: false } as const;
    for (const topic of ['$aws/things/lamp/jobs/notify', '$aws/things/lamp/jobs/get']) {
      const forbidden = await WireClient.connect(port, { clientId: 'one', will: { ...will, topic } });
      await forbidden.closed;
      expect(forbidden.packets).toMatchObject([{ cmd: 'connack', returnCode: 5 }]);
      await lamp.until(() => lamp.messages.length > 0);
      expect(lamp.messages.splice(0)).toMatchObject([{ topic: '$aws/events/presence/connect_failed/one' }]);
    }
    expect(events.filter(({ kind }) => kind === 'refused')).toHaveLength(2);
    // When it comes it speaks for no thing yet; when its will is sent it is another one.
    const changed = { ...will, topic: '$aws/things/lamp/jobs/get' };
    const changing = await WireClient.connect(port, { clientId: 'nameless', will: changed });
    await changing.subscribe(['$aws/things/fan/jobs/notify']);
    await changing.drop();
    expect((await happened('publish-refused')).message).toMatch(/^last will: /);
    const proper = await WireClient.connect(port, { clientId: 'three', will: { ...will, topic: 'farewell' } });
    await proper.drop();
    await lamp.until(() => lamp.messages.length > 0);
    await lamp.settled();
    expect(lamp.topics()).toEqual(['farewell']);
    expect(service.commands).toEqual([]);
  });
});

it('a last will on a request topic of its own thing is a request whose reply nobody gets', async () => {
  const { port, service } = await openDoor();
  const topic = '$aws/things/lamp/jobs/job-1/update';
  const payload = Buffer.from('{"status":"FAILED"}');
  const lamp = await WireClient.connect(port, { clientId: 'lamp', will: { topic, payload, qos: 1, retain: false } });
  await lamp.drop();
  await service.asked(1);
  expect(service.commands).toEqual([
    { name: 'iotjobsdata:UpdateJobExecution', request: { thingName: 'lamp', jobId: 'job-1', status: 'FAILED' } },
  ]);
});

const own = (thing: string): string => `$aws/things/${thing}/jobs/notify`;

describe('who a client is', () => {
  it.each([
    ['client-id', { clientId: 'lamp', username: 'other' }, own('lamp'), own('other')],
    ['username', { clientId: 'sdk-1', username: 'lamp' }, own('lamp'), own('sdk-1')],
    ['username', { clientId: 'sdk-1', username: 'lamp?SDK=NodeJSv2&Version=1' }, own('lamp'), own('sdk-1')],
    ['open', { clientId: 'anybody' }, '$aws/things/+/jobs/#', '$SYS/#'],
  ] as const)('%s %j: may listen to %s, not to %s', async (identity, options, yes, no) => {
    const { port } = await openDoor({ identity });
    const client = await WireClient.connect(port, { ...options, protocolVersion: 5 });
    expect(await client.subscribe([yes, no])).toEqual([1, 0x87]);
  });

  it.each([
    ['username', { clientId: 'lamp' }],
    ['certificate', { clientId: 'lamp', username: 'lamp' }],
  ] as const)(
    '%s: a client that does not show it is refused with CONNACK 5',
    async (identity: IdentityMode, options) => {
      const { port } = await openDoor({ identity });
      const client = await WireClient.connect(port, options);
      const connack = await client.received('connack');
      expect(connack).toMatchObject({ returnCode: 5 });
      await client.closed;
    },
  );

  it.each(['*', '+', '#', '?', '', 'lamp/jobs', '../lamp', 'la mp'])(
    'client id %j, which is no thing name, is nobody and not a wildcard',
    async (clientId) => {
      const { port } = await openDoor({ identity: 'client-id' });
      const filters = [own('lamp'), '$aws/things/+/jobs/#', '$aws/things//jobs/#', own(clientId)];
      for (const filter of filters) {
        const client = await WireClient.connect(port, { clientId });
        expect(await client.subscribe([filter]), filter).toBeUndefined();
      }
    },
  );

  describe('without certificates: the first thing that it speaks for', () => {
    const ways: readonly (readonly [string, (client: WireClient) => Promise<unknown>])[] = [
      ['a subscription', (client) => client.subscribe([own('pump-7')])],
      ['a shared subscription', (client) => client.subscribe([`$share/group/${own('pump-7')}`])],
      ['a request', (client) => client.request('$aws/things/pump-7/jobs/get')],
    ];
    describe.each(ways)('by %s', (_way, speak) => {
      it.each([4, 5] as const)(
        'and no other then, as long as it is connected (protocol %i)',
        async (protocolVersion) => {
          const { port, service, happened } = await openDoor();
          const client = await WireClient.connect(port, { clientId: 'pump-7-jobs', protocolVersion });
          expect((await happened('connected')).principal).toBe('?');
          await speak(client);
          expect(await happened('identified')).toMatchObject({
            kind: 'identified',
            clientId: 'pump-7-jobs',
            thingName: 'pump-7',
          });
          expect((await client.request('$aws/things/pump-7/jobs/get')).topic).toMatch(/accepted$/);
          const before = service.commands.length;
          client.publish('$aws/things/pump-8/jobs/get', {});
          await client.closed;
          expect(await happened('publish-refused')).toMatchObject({
            message: 'publish refused: not its own thing: $aws/things/pump-8/jobs/get',
            advice: expect.stringContaining('first thing that it speaks for') as string,
          });
          expect(service.commands).toHaveLength(before);
        },
      );
    });

    it('but a client id that is the name of a thing is that thing', async () => {
      const { port, happened } = await openDoor({ isThing: (name) => name === 'pump-8' });
      const client = await WireClient.connect(port, { clientId: 'pump-8' });
      expect(await client.subscribe([own('pump-7')])).toBeUndefined();
      expect(await happened('subscription-denied')).toMatchObject({ filter: own('pump-7'), closes: true });
    });

    it('and a session that is resumed is that thing from the first', async () => {
      const { port, service, happened } = await openDoor();
      const options = { clientId: 'aa:bb:cc', clean: false };
      const before = await WireClient.connect(port, options);
      await before.subscribe([own('pump-7')]);
      await before.drop();
      await happened('disconnected');
      service.say(notify('pump-7'));
      const after = await WireClient.connect(port, options);
      await after.until(() => after.messages.length === 1);
      expect(await after.subscribe([own('pump-8')])).toBeUndefined();
    });

    it('and ordinary topics, events and its own client id decide nothing', async () => {
      const { port, events } = await openDoor();
      const client = await WireClient.connect(port, { clientId: 'watch' });
      await client.subscribe(['rooms/#', '#', '$aws/events/#', '$aws/commands/clients/watch/executions/+/request']);
      client.publish('rooms/1', 'x');
      await client.settled();
      expect(events.map(({ kind }) => kind)).toEqual(['connected', 'subscribed']);
    });
  });

  it.each(['lamp', 'an operator’s watch'])(
    'lifecycle events are for %s to hear, and for nobody to say',
    async (clientId) => {
      const { port, service } = await openDoor();
      const client = await WireClient.connect(port, { clientId });
      expect(await client.subscribe(['$aws/events/#', '$aws/events/job/+/completed'])).toEqual([1, 1]);
      const topic = '$aws/events/job/job-1/completed';
      service.say({ kind: 'event', topic, payload: { eventType: 'JOB', jobId: 'job-1' } });
      await client.settled();
      const told = client.messages.filter((message) => message.topic.startsWith('$aws/events/job/'));
      expect(told).toMatchObject([{ topic, payload: '{"eventType":"JOB","jobId":"job-1"}' }]);
      client.publish(topic, {});
      await client.closed;
    },
  );

  it('ordinary topics are everybody’s', async () => {
    const { port } = await openDoor();
    const lamp = await WireClient.connect(port, { clientId: 'lamp' });
    const nobody = await WireClient.connect(port, { clientId: 'a client' });
    await lamp.subscribe(['rooms/+/light']);
    nobody.publish('rooms/kitchen/light', 'on', { retain: true });
    await lamp.until(() => lamp.messages.length === 1);
    const late = await WireClient.connect(port, { clientId: 'late' });
    await late.subscribe(['rooms/kitchen/light']);
    await late.until(() => late.messages.length === 1);
    expect([lamp.messages[0]!.payload, late.messages[0]!.payload]).toEqual(['on', 'on']);
  });
});
