/** AWS's broker: what closes the connection, or is refused without closing it. */
import type { Packet } from 'mqtt-packet';
import { maxPublishBytes, maxSubscriptions } from '../../protocol/limits.ts';
import {
  type BrokerRule,
  closes,
  jobs,
  lamp,
  publishing,
  publishPacket,
  raw,
  sending,
  subscribing,
} from './broker-rule.ts';

export const refusalRules: readonly BrokerRule[] = [
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
];
