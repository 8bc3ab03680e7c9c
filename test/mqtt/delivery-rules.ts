/** AWS's broker: who gets what, in which quality and how often. */
import { type BrokerRule, heard, jobs, lamp } from './broker-rule.ts';

export const deliveryRules: readonly BrokerRule[] = [
  {
    claim: 'a reply of Jobs, without and with a subscription that covers it',
    told: ['QoS 0; the QoS of the request', 'QoS 0; the QoS of the request'],
    seen: [
      [0, 1],
      [0, 1],
    ],
    evidence: 'L',
    async act({ connect }) {
      const client = await connect(lamp);
      await client.request(`${jobs}/get`);
      await client.subscribe([`${jobs}/get/+`]);
      await client.request(`${jobs}/get`);
      return client.messages.map(({ qos }) => qos);
    },
  },
  {
    claim: 'a request, for others that subscribed to its topic',
    told: ['not delivered', 'not delivered'],
    seen: [[`${jobs}/get/accepted`], [`${jobs}/get/accepted`]],
    evidence: 'A30',
    async act({ connect }) {
      const client = await connect(lamp);
      await client.subscribe([`${jobs}/#`]);
      await client.request(`${jobs}/get`);
      await client.settled();
      return client.topics();
    },
  },
  {
    claim: '`q/#` and the topics `q`, `q/`, `q/r`',
    told: ['matches `q/` and `q/r`', 'matches `q/` and `q/r`'],
    seen: [
      ['q/', 'q/r'],
      ['q/', 'q/r'],
    ],
    evidence: 'D',
    async act({ connect }) {
      const client = await connect(lamp);
      await client.subscribe(['q/#']);
      for (const topic of ['q', 'q/', 'q/r']) client.publish(topic, topic);
      return heard(client);
    },
  },
  {
    claim: 'a retained message, for a new subscription by its topic, by a wildcard, shared',
    told: ['by its topic only, with RETAIN', 'by its topic only, with RETAIN'],
    seen: [[['q', true]], [['q', true]]],
    evidence: 'D',
    async act({ connect }) {
      const client = await connect(lamp);
      client.publish('q', 'kept', { retain: true });
      for (const filter of ['+', '#', '$share/group/q', 'q']) await client.subscribe([filter]);
      await client.settled();
      return client.messages.map(({ topic, retain }) => [topic, retain]);
    },
  },
  {
    claim: 'a message with RETAIN, for who has subscribed before',
    told: ['without RETAIN', 'without RETAIN'],
    seen: [[false], [false]],
    evidence: 'D',
    async act({ connect }) {
      const client = await connect(lamp);
      await client.subscribe(['q']);
      client.publish('q', 'kept', { retain: true });
      await client.settled();
      return client.messages.map(({ retain }) => retain);
    },
  },
  {
    claim: 'a message that two filters of a client match',
    told: ['once, with the better QoS', 'once, with the better QoS'],
    seen: [[1], [1]],
    evidence: 'assumed',
    async act({ connect }) {
      const client = await connect(lamp);
      await client.subscribe(['q'], 0);
      await client.subscribe(['+'], 1);
      client.publish('q', 'x');
      await client.settled();
      return client.messages.map(({ qos }) => qos);
    },
  },
  {
    claim: 'messages for a group that shares a subscription',
    told: ['each to one of its members', 'each to one of its members'],
    seen: [
      [3, 3],
      [3, 3],
    ],
    evidence: 'D',
    async act({ connect }) {
      const members = [await connect({ clientId: 'one' }), await connect({ clientId: 'two' })];
      for (const member of members) await member.subscribe(['$share/group/q/+']);
      for (let index = 0; index < 6; index += 1) members[0]!.publish(`q/${index}`, 'x');
      await members[0]!.settled();
      await members[1]!.settled();
      return members.map(({ messages }) => messages.length);
    },
  },
  {
    claim: 'a QoS 1 message that was not acknowledged, when its session is resumed',
    told: ['again, without DUP', 'again, without DUP'],
    seen: [[['x', false]], [['x', false]]],
    evidence: 'D',
    async act({ connect }) {
      const options = { ...lamp, clean: false, properties: { sessionExpiryInterval: 60 } };
      const client = await connect(options);
      client.acknowledges = false;
      await client.subscribe(['q']);
      client.publish('q', 'x');
      await client.until(() => client.messages.length === 1);
      await client.drop();
      const again = await connect(options);
      await again.until(() => again.messages.length === 1);
      return again.messages.map(({ payload, dup }) => [payload, dup]);
    },
  },
  {
    claim: 'a session without subscriptions, when it is resumed',
    told: ['session present', 'session present'],
    seen: [true, true],
    evidence: 'MQTT',
    async act({ connect }) {
      const options = { ...lamp, clean: false, properties: { sessionExpiryInterval: 60 } };
      await (await connect(options)).drop();
      const connack = await (await connect(options)).received('connack');
      return connack?.cmd === 'connack' && connack.sessionPresent;
    },
  },
  {
    claim: 'messages of QoS 1 that are sent without being acknowledged',
    told: ['at most 100', 'at most 100, or fewer as the client asks'],
    seen: [100, 100],
    evidence: 'D',
    async act({ connect }) {
      const client = await connect(lamp);
      client.acknowledges = false;
      await client.subscribe(['q']);
      for (let index = 0; index < 120; index += 1) client.publish('q', 'x');
      await client.settled();
      return client.messages.length;
    },
  },
];
