/** Both readings of what AWS leaves open about MQTT, each seen from a client. A switch without a test does not compile. */
import { afterEach, describe, expect, it } from 'vitest';
import { type DoorReadings, doorReadings } from '../../broker/mqtt/readings.ts';
import type { ReservedAnswerer } from '../../broker/mqtt/reserved-requests.ts';
import { execution, notify, notifyNext } from '../support/fake-service.ts';
import { inOneTurn } from '../support/in-one-turn.ts';
import { closeDoors, openDoor } from '../support/mqtt-door.ts';
import { WireClient } from '../support/wire-client.ts';

afterEach(closeDoors);

const answerWithABlock: ReservedAnswerer = (_request, { tell, done }) => {
  tell('$aws/things/lamp/streams/S/data/json', 'a block');
  done();
};

type Readings = readonly [observed: unknown, documented: unknown];

/** What is seen of a service with one set of readings, and what it is with each of the two. */
const switches: {
  readonly [Switch in keyof DoorReadings]: readonly [(readings: DoorReadings) => Promise<unknown>, ...Readings];
} = {
  namespacedNotify: [
    async (readings) => {
      const { port, service } = await openDoor({ readings });
      const client = await WireClient.connect(port, { clientId: 'lamp' });
      await client.subscribe(['$aws/things/lamp/jobs/#']);
      const namespaceId = 'ns';
      const head = { ...execution('lamp'), namespaceId };
      const changed = { ...notify('lamp', [head]), namespaceId, changedJobIds: ['a'] };
      service.say(changed, { ...notifyNext('lamp', head), namespaceId });
      await client.settled();
      return client.topics().map((topic) => topic.replace('$aws/things/lamp/jobs/', ''));
    },
    ['notify-namespace-ns', 'a/notify-namespace-ns/', 'notify-next-namespace-ns'],
    ['a/notify-namespace-ns/'],
  ],
  forbiddenSubscribe: [
    async (readings) => {
      const { port } = await openDoor({ readings });
      const client = await WireClient.connect(port, { clientId: 'lamp', protocolVersion: 5 });
      return client.subscribe(['$aws/things/lamp/jobs/#', '$aws/things/other/jobs/#']);
    },
    [1, 0x87],
    undefined,
  ],
  emptyPayload: [
    async (readings) => {
      const { port, service } = await openDoor({ readings });
      const client = await WireClient.connect(port, { clientId: 'lamp' });
      client.publish('$aws/things/lamp/jobs/get', '');
      await client.settled();
      return [client.topics().map((topic) => topic.replace('$aws/things/lamp/jobs/', '')), service.commands.length];
    },
    [['get/accepted'], 1],
    [['get/rejected'], 0],
  ],
  streamReplies: [
    async (readings) => {
      const { port } = await openDoor({ readings, answerers: { streams: answerWithABlock } });
      const asker = await WireClient.connect(port, { clientId: 'lamp' });
      const ask = async () => {
        const before = asker.topics().length;
        asker.publish('$aws/things/lamp/streams/S/get/json', '{}');
        await asker.settled();
        return asker.topics().length - before;
      };
      const unsubscribed = await ask();
      await asker.subscribe(['$aws/things/lamp/streams/+/data/json', '$aws/things/lamp/streams/S/data/json']);
      return [unsubscribed, await ask()];
    },
    [1, 1],
    [0, 1],
  ],
  finalNul: [
    async (readings) => {
      const { port } = await openDoor({ readings });
      const client = await WireClient.connect(port, { clientId: 'lamp' });
      for (const payload of ['{}\0', '{}', '{}\0\0', '\0']) client.publish('$aws/things/lamp/jobs/get', payload);
      await client.settled();
      return client.topics().map((topic) => topic.replace('$aws/things/lamp/jobs/get/', ''));
    },
    ['accepted', 'accepted', 'rejected', 'rejected'],
    ['rejected', 'accepted', 'rejected', 'rejected'],
  ],
  shadowsInFlight: [
    async (readings) => {
      const { port } = await openDoor({ readings, identity: 'open' });
      const client = await WireClient.connect(port, { clientId: 'bench' });
      await client.subscribe(['$aws/things/+/shadow/get/rejected']);
      await inOneTurn(async () => {
        client.stream.cork();
        for (const thing of ['lamp', 'fan']) {
          for (let index = 0; index < 6; index += 1) client.publish(`$aws/things/${thing}/shadow/get`, '');
        }
        client.stream.uncork();
        await client.settled();
      });
      return client.messages.filter(({ payload }) => payload.includes('TOO_MANY_REQUESTS')).map(({ topic }) => topic);
    },
    [],
    ['$aws/things/fan/shadow/get/rejected', '$aws/things/fan/shadow/get/rejected'],
  ],
};

describe.each(Object.keys(switches) as (keyof DoorReadings)[])('%s', (name) => {
  const [see, observed, documented] = switches[name];
  it('as observed or decided', async () => expect(await see(doorReadings.observed)).toEqual(observed));
  it('as documented', async () => {
    const other = { ...doorReadings.observed, [name]: doorReadings.documented[name] };
    expect(await see(other)).toEqual(documented);
  });
});
