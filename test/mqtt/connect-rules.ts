/** AWS's broker: who is let in, with which client id and last will. */
import type { Packet } from 'mqtt-packet';
import {
  type BrokerRule,
  connectFlagsAt,
  connecting,
  ending,
  illFormed,
  jobs,
  lamp,
  levelAt,
  will,
} from './broker-rule.ts';

export const connectRules: readonly BrokerRule[] = [
  {
    claim: 'a last will with QoS 2',
    told: ['connection closed without CONNACK', 'CONNACK 0x9B'],
    seen: ['closed', [0x9b]],
    evidence: 'D',
    act: connecting({ ...lamp, will: { ...will, qos: 2 } }),
  },
  {
    claim: 'a last will with QoS 3',
    told: ['connection closed without CONNACK', 'CONNACK 0x81'],
    seen: ['closed', [0x81]],
    evidence: 'MQTT',
    act: connecting({ ...lamp, will }, (bytes) => (bytes[connectFlagsAt]! |= 0x18)),
  },
  {
    claim: 'a password without a user name',
    told: ['connection closed without CONNACK', 'let in'],
    seen: ['closed', 'let in'],
    evidence: 'MQTT',
    act: connecting({ ...lamp, username: 'x' }, (bytes) => (bytes[connectFlagsAt]! ^= 0xc0)),
  },
  ...(
    [
      ['a level of the protocol that there is not', (bytes) => (bytes[levelAt] = 6)],
      ['a level of the protocol as a bridge has it', (bytes) => (bytes[levelAt]! |= 0x80)],
    ] as const satisfies readonly (readonly [string, (bytes: Buffer) => void])[]
  ).map(([claim, change]) => ({
    claim,
    told: ['CONNACK 1', 'CONNACK 1, as 3.1.1 has it'] as const,
    seen: [[1], [1]] as const,
    evidence: 'MQTT',
    act: connecting(lamp, change),
  })),
  {
    claim: 'the name of MQTT 3.1 with the level of another version',
    told: ['CONNACK 1', 'CONNACK 0x84'],
    seen: [[1], [0x84]],
    evidence: 'MQTT',
    act: connecting({ ...lamp, protocolId: 'MQIsdp' }),
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
      ['a last will on a topic of another thing', '$aws/things/fan/jobs/j/update', false],
      ["a last will on the service's own topics", `${jobs}/notify`, false],
      ['a last will on a topic that nobody may publish on', '$aws/events/presence/connected/lamp', false],
      ['a last will on a request topic of its own thing', `${jobs}/get`, true],
      ['a last will on the shadow of its own thing', '$aws/things/lamp/shadow/update', true],
    ] as const
  ).map(([claim, topic, isLetIn]): BrokerRule => ({
    claim,
    told: isLetIn ? ['let in', 'let in'] : ['CONNACK 5', 'CONNACK 0x87'],
    seen: isLetIn ? ['let in', 'let in'] : [[5], [0x87]],
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
];
