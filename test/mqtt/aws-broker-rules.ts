/**
 * What AWS's message broker does otherwise than the standard, or where the standard leaves it free, by version of MQTT: one
 * table, walked by a test on every way in and written into docs/compatibility.md. A row acts as a client and tells what it saw.
 */
import { type Packet, generate } from 'mqtt-packet';
import { maxPublishBytes, maxSubscriptions } from '../../protocol/limits.ts';
import type { FakeService } from '../support/fake-service.ts';
import type { WireClient, WireOptions } from '../support/wire-client.ts';

export interface Stage {
  readonly service: FakeService;
  /** Connects by the way in that is tried. */
  connect(options: WireOptions): Promise<WireClient>;
  /** Opens a connection by it and sends nothing. */
  arrive(): Promise<WireClient>;
}

export interface BrokerRule {
  readonly claim: string;
  /** What a client of each version sees, for people. */
  readonly told: readonly [mqtt311: string, mqtt5: string];
  /** The same, for the test. */
  readonly seen: readonly [mqtt311: unknown, mqtt5: unknown];
  readonly evidence: string;
  act(stage: Stage): Promise<unknown>;
}

const lamp = { clientId: 'lamp' };
const jobs = '$aws/things/lamp/jobs';

/** `closed`, with the reason where the client is told; of a refused CONNECT its code. */
async function ending(client: WireClient): Promise<unknown> {
  await client.closed;
  const last = client.packets.at(-1);
  if (last?.cmd === 'disconnect') return last.reasonCode;
  if (last?.cmd === 'connack')
    return last.returnCode || last.reasonCode ? [last.returnCode ?? last.reasonCode] : 'closed';
  return 'closed';
}

/** The packet with the marker in it turned into bytes that are no UTF-8. */
function illFormed(packet: Packet, { protocolVersion }: WireClient): Buffer {
  const bytes = generate(packet, { protocolVersion });
  const at = bytes.indexOf('ÿ');
  bytes[at + 1] = 0x28;
  return bytes;
}

/** A client that sends one packet when it is let in. */
function sending(send: (client: WireClient) => void): BrokerRule['act'] {
  return async ({ connect }) => {
    const client = await connect(lamp);
    send(client);
    return ending(client);
  };
}

const publishing = (topic: string, options: Parameters<WireClient['publish']>[2] = {}): BrokerRule['act'] =>
  sending((client) => client.publish(topic, 'x', options));
const subscribing = (filter: string, qos: 0 | 1 | 2 = 1): BrokerRule['act'] =>
  sending((client) => void client.subscribe([filter], qos));
const raw = (packet: (client: WireClient) => Packet): BrokerRule['act'] =>
  sending((client) => void client.stream.write(illFormed(packet(client), client)));

const closes = (reason: number): Pick<BrokerRule, 'told' | 'seen'> => ({
  told: ['connection closed', `DISCONNECT 0x${reason.toString(16).toUpperCase()}`],
  seen: ['closed', reason],
});

function connecting(options: WireOptions): BrokerRule['act'] {
  return async ({ arrive }) => {
    const client = await arrive();
    const protocolVersion = client.protocolVersion as 4 | 5;
    const connect = { cmd: 'connect', protocolId: 'MQTT', protocolVersion, keepalive: 0, ...options } as const;
    // mqtt-packet refuses to write some of what is tried here, so the flag is set afterwards.
    const bytes = generate({ ...connect, clean: true });
    if (options.clean === false) bytes[connectFlagsAt]! &= ~cleanFlag;
    client.stream.write(bytes);
    const connack = await client.received('connack');
    const code = connack?.cmd === 'connack' ? (connack.returnCode ?? connack.reasonCode) : undefined;
    if (code === 0) return 'let in';
    await client.closed;
    return code === undefined ? 'closed' : [code];
  };
}

/** Behind a length of one byte, the protocol's name and its level. */
const connectFlagsAt = 9;
const cleanFlag = 0x02;

const will = { topic: 'farewell', payload: Buffer.from('bye'), qos: 1, retain: false } as const;
const publishPacket = {
  cmd: 'publish',
  topic: 'ÿ',
  payload: 'x',
  qos: 1,
  retain: false,
  dup: false,
  messageId: 1,
} as const;

/** What the client has got by the time that everything sent before has been answered. */
async function heard(client: WireClient): Promise<unknown[]> {
  await client.settled();
  return client.messages.map(({ payload }) => payload);
}

export const brokerRules: readonly BrokerRule[] = [
  {
    claim: 'a SUBSCRIBE for what is not permitted',
    told: ['connection closed without SUBACK', 'SUBACK 0x87, the connection stays'],
    seen: [undefined, [0x87, 1]],
    evidence: 'A18',
    async act({ connect }) {
      const client = await connect(lamp);
      return client.subscribe(['$aws/things/fan/jobs/notify', `${jobs}/notify`]);
    },
  },
  {
    claim: 'a PUBLISH on what is not permitted',
    ...closes(0x87),
    evidence: 'D',
    act: publishing('$aws/things/fan/jobs/get'),
  },
  { claim: "a PUBLISH on the service's own topics", ...closes(0x87), evidence: 'D', act: publishing(`${jobs}/notify`) },
  { claim: 'PUBLISH with QoS 2', ...closes(0x9b), evidence: 'D', act: publishing('q', { qos: 2 }) },
  {
    claim: 'PUBLISH with QoS 2 on a topic of Jobs',
    ...closes(0x9b),
    evidence: 'D',
    act: publishing(`${jobs}/get`, { qos: 2 }),
  },
  { claim: 'SUBSCRIBE with QoS 2', ...closes(0x9b), evidence: 'D', act: subscribing('q', 2) },
  {
    claim: 'a last will with QoS 2',
    told: ['connection closed without CONNACK', 'CONNACK 0x9B'],
    seen: ['closed', [0x9b]],
    evidence: 'D',
    act: connecting({ ...lamp, will: { ...will, qos: 2 } }),
  },
  ...(['pubrec', 'pubrel', 'pubcomp'] as const).map((cmd) => ({
    claim: cmd.toUpperCase(),
    ...closes(0x82),
    evidence: 'D',
    act: sending((client) => client.send({ cmd, messageId: 1, reasonCode: 0 } as Packet)),
  })),
  {
    claim: 'RETAIN on a reserved topic',
    ...closes(0x9a),
    evidence: 'D',
    act: publishing(`${jobs}/get`, { retain: true }),
  },
  {
    claim: 'a payload above 128 KB',
    ...closes(0x95),
    evidence: 'D',
    act: sending((client) => client.publish('q', Buffer.alloc(maxPublishBytes + 1))),
  },
  { claim: 'a topic above 256 bytes', ...closes(0x90), evidence: 'D', act: publishing('é'.repeat(129)) },
  { claim: 'a topic with more than 7 slashes', ...closes(0x90), evidence: 'D', act: publishing('a/b/c/d/e/f/g/h/i') },
  { claim: 'a filter with more than 7 slashes', ...closes(0x8f), evidence: 'D', act: subscribing('a/b/c/d/e/f/g/h/+') },
  { claim: 'a wildcard in a topic', ...closes(0x90), evidence: 'MQTT', act: publishing('q/+') },
  { claim: 'a malformed filter', ...closes(0x8f), evidence: 'MQTT', act: subscribing('q/#/r') },
  {
    claim: 'a shared subscription that names no group',
    ...closes(0x8f),
    evidence: 'MQTT',
    act: subscribing('$share//q'),
  },
  {
    claim: 'more than 8 filters in a SUBSCRIBE',
    ...closes(0x97),
    evidence: 'A18',
    act: sending((client) => void client.subscribe(Array.from({ length: 9 }, (_, index) => `q/${index}`))),
  },
  {
    claim: 'the 51st subscription',
    told: ['SUBACK 0x80', 'SUBACK 0x97'],
    seen: [[0x80], [0x97]],
    evidence: 'D',
    async act({ connect }) {
      const client = await connect(lamp);
      for (let index = 0; index < maxSubscriptions; index += 1) await client.subscribe([`q/${index}`]);
      return client.subscribe(['one/more']);
    },
  },
  {
    claim: 'an empty client id with clean session',
    told: ['let in', 'let in, CONNACK names the client id'],
    seen: ['let in', 'let in'],
    evidence: 'D',
    act: connecting({ clientId: '' }),
  },
  {
    claim: 'an empty client id without clean session',
    told: ['CONNACK 2', 'let in, CONNACK names the client id'],
    seen: [[2], 'let in'],
    evidence: 'D',
    act: connecting({ clientId: '', clean: false }),
  },
  {
    claim: 'a client id above 128 bytes',
    told: ['CONNACK 2', 'CONNACK 0x85'],
    seen: [[2], [0x85]],
    evidence: 'D',
    act: connecting({ clientId: 'x'.repeat(129) }),
  },
  {
    claim: 'a client id with U+0000',
    told: ['CONNACK 2', 'CONNACK 0x85'],
    seen: [[2], [0x85]],
    evidence: 'MQTT',
    act: connecting({ clientId: 'a\0b' }),
  },
  {
    claim: 'a client id that is no UTF-8',
    told: ['CONNACK 2', 'CONNACK 0x85'],
    seen: [[2], [0x85]],
    evidence: 'MQTT',
    async act({ arrive }) {
      const client = await arrive();
      const protocolVersion = client.protocolVersion as 4 | 5;
      const connect: Packet = { cmd: 'connect', protocolVersion, clientId: 'ÿ', clean: true, keepalive: 0 };
      client.stream.write(illFormed(connect, client));
      return ending(client);
    },
  },
  ...(
    [
      ['a last will on a topic of another thing', '$aws/things/fan/jobs/j/update'],
      ["a last will on the service's own topics", `${jobs}/notify`],
      ['a last will on a topic that nobody may publish on', '$aws/events/presence/connected/lamp'],
    ] as const
  ).map(([claim, topic]) => ({
    claim,
    told: ['CONNACK 5', 'CONNACK 0x87'] as const,
    seen: [[5], [0x87]] as const,
    evidence: 'D',
    act: connecting({ ...lamp, will: { ...will, topic } }),
  })),
  ...(
    [
      ['a last will on a request topic of its own thing', `${jobs}/get`],
      ['a last will on the shadow of its own thing', '$aws/things/lamp/shadow/update'],
    ] as const
  ).map(([claim, topic]) => ({
    claim,
    told: ['let in', 'let in'] as const,
    seen: ['let in', 'let in'] as const,
    evidence: 'D',
    act: connecting({ ...lamp, will: { ...will, topic } }),
  })),
  {
    claim: 'U+0000 in the topic of a last will',
    told: ['connection closed', 'CONNACK 0x81'],
    seen: ['closed', [0x81]],
    evidence: 'MQTT',
    act: connecting({ ...lamp, will: { ...will, topic: 'a\0b' } }),
  },
  { claim: 'U+0000 in a topic', ...closes(0x81), evidence: 'MQTT', act: publishing('a\0b') },
  { claim: 'U+0000 in a topic, QoS 0', ...closes(0x81), evidence: 'MQTT', act: publishing('a\0b', { qos: 0 }) },
  { claim: 'a topic that is no UTF-8', ...closes(0x81), evidence: 'MQTT', act: raw(() => publishPacket) },
  { claim: 'U+0000 in a filter', ...closes(0x81), evidence: 'MQTT', act: subscribing('a\0b') },
  {
    claim: 'a filter that is no UTF-8',
    ...closes(0x81),
    evidence: 'MQTT',
    act: raw(() => ({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'ÿ', qos: 1 }] })),
  },
  {
    claim: 'an UNSUBSCRIBE that is no UTF-8',
    ...closes(0x81),
    evidence: 'MQTT',
    act: raw(() => ({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: ['ÿ'] })),
  },
  {
    claim: 'a second connection of a client id',
    told: ['the first is closed', 'the first reads DISCONNECT 0x8E'],
    seen: ['closed', 0x8e],
    evidence: 'D',
    async act({ connect }) {
      const first = await connect(lamp);
      await connect(lamp);
      return ending(first);
    },
  },
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
