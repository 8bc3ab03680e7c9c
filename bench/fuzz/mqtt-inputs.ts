/**
 * What a client says in one connection at an MQTT door, in any version: CONNECT, then packets that are odd in what they say, and in
 * the end one that is odd in every way. One input is one packet. After a packet that closes the connection nobody reads another
 * one, so what may close it comes last.
 */
import { type IConnectPacket, type Packet, generate } from 'mqtt-packet';
import type { Chance } from '../../faults/chance.ts';
import { noise, oddText, often, spoilBytes, spoilJson } from './mutations.ts';

const things = ['pump', 'lamp', 'fuzz-1', 'fuzz-2'];
const jobs = ['kept', 'fuzz', '$next', 'unknown'];
const largePayloads = [131_072, 131_073].map((length) => Buffer.alloc(length, 'x'));

/** What is said on one connection. */
export interface Story {
  /** What is written, in one go or in two. */
  readonly pieces: readonly Buffer[];
  readonly inputs: number;
}

type Version = 3 | 4 | 5;

interface Client {
  readonly version: Version;
  readonly thing: string;
}

const maxInputs = 40;

export function mqttStory(chance: Chance): Story {
  const planned = chance.between(1, maxInputs);
  const client = { version: chance.pick([3, 4, 4, 4, 5, 5] as const), thing: chance.pick(things) };
  const packets: Buffer[] = [];
  if (often(chance, 4)) return { pieces: cut(chance, noise(chance, chance.between(1, 64))), inputs: 1 };
  if (often(chance, 10)) return { pieces: cut(chance, oddConnect(chance, client)), inputs: 1 };
  const first = connect(chance, client);
  if (often(chance, 10)) return { pieces: cut(chance, spoilBytes(chance, first)), inputs: 1 };
  packets.push(first);
  while (packets.length < planned) packets.push(harmless(chance, client));
  const last = anything(chance, client);
  packets.push(often(chance, 50) ? spoilBytes(chance, last) : last);
  return { pieces: cut(chance, Buffer.concat(packets)), inputs: packets.length };
}

/** Some arrive in two pieces, wherever they are cut. */
export function cut(chance: Chance, bytes: Buffer): readonly Buffer[] {
  if (bytes.length < 2 || !often(chance, 20)) return [bytes];
  const at = chance.between(1, bytes.length - 1);
  return [bytes.subarray(0, at), bytes.subarray(at)];
}

function connect(chance: Chance, { version, thing }: Client): Buffer {
  const odd = often(chance, 10);
  const packet: IConnectPacket = {
    cmd: 'connect',
    protocolId: version === 3 ? 'MQIsdp' : 'MQTT',
    protocolVersion: version,
    clientId: odd ? `x${oddText(chance)}` : `${thing}-${chance.between(0, 999)}`,
    clean: often(chance, 70),
    keepalive: chance.pick([0, 1, 30, 65_535]),
    ...(often(chance, 20) && { username: odd ? oddText(chance) : 'user?SDK=x', password: Buffer.from('p') }),
    ...(often(chance, 20) && {
      will: {
        topic: odd ? topicFor(chance, thing) || 'w' : `news/${thing}`,
        payload: Buffer.from('{}'),
        qos: chance.pick([0, 1]),
        retain: odd,
      },
    }),
    ...(version === 5 && often(chance, 50) && { properties: connectProperties(chance, odd) }),
  };
  return encoded(packet, version);
}

/** With flags that contradict each other, or what follows them. */
function oddConnect(chance: Chance, { version, thing }: Client): Buffer {
  const flags = chance.between(0, 255);
  const says = (bit: number): boolean => ((flags & bit) !== 0) !== often(chance, 3);
  const properties = version === 5 ? [Buffer.from([0])] : [];
  const body = Buffer.concat([
    text(chance.pick(['MQTT', 'MQTT', 'MQTT', 'MQIsdp', 'mqtt', ''])),
    Buffer.from([often(chance, 80) ? version : chance.between(0, 255), flags, 0, chance.between(0, 255)]),
    ...properties,
    text(often(chance, 60) ? thing : oddText(chance)),
    ...(says(0x04) ? [...properties, text(topicFor(chance, thing)), text('{}')] : []),
    ...(says(0x80) ? [text(often(chance, 50) ? 'user' : oddText(chance))] : []),
    ...(says(0x40) ? [text('p')] : []),
  ]);
  return Buffer.concat([Buffer.from([0x10, (body.length & 127) | 128, body.length >> 7]), body]);
}

function text(characters: string): Buffer {
  const bytes = Buffer.from(characters);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

function connectProperties(chance: Chance, odd: boolean): IConnectPacket['properties'] {
  return {
    sessionExpiryInterval: chance.pick([0, 1, 60, 0xffff_ffff]),
    receiveMaximum: chance.pick([1, 2, 65_535]),
    maximumPacketSize: chance.pick(odd ? [1, 20] : [200, 0xffff_ffff]),
    topicAliasMaximum: chance.pick([0, 8, 65_535]),
    ...(often(chance, 30) && { userProperties: { a: 'b' } }),
  };
}

/** What a client may send, however odd it is. */
function harmless(chance: Chance, client: Client): Buffer {
  const { version, thing } = client;
  const messageId = chance.pick([1, 2, 3, 65_535]);
  const roll = chance.between(0, 99);
  if (roll < 70) return publish(chance, client, messageId, ownTopic(chance, thing), chance.pick([0, 1, 1, 1]));
  if (roll < 80) return subscribe(chance, version, messageId, () => ownFilter(chance, thing), [0, 1], [1, 1, 2, 8]);
  if (roll < 84) {
    return encoded({ cmd: 'unsubscribe', messageId, unsubscriptions: [ownFilter(chance, thing)] }, version);
  }
  if (roll < 95) return encoded({ cmd: 'puback', messageId }, version);
  return encoded({ cmd: 'pingreq' }, version);
}

function anything(chance: Chance, client: Client): Buffer {
  const { version, thing } = client;
  const messageId = chance.pick([0, 1, 2, 65_535]);
  const roll = chance.between(0, 99);
  if (roll < 45) return publish(chance, client, messageId, topicFor(chance, thing), chance.pick([0, 1, 2]));
  if (roll < 65) {
    return subscribe(chance, version, messageId, () => filterFor(chance, thing), [0, 1, 2], [1, 2, 8, 9]);
  }
  if (roll < 70) {
    return encoded({ cmd: 'unsubscribe', messageId, unsubscriptions: [filterFor(chance, thing)] }, version);
  }
  const rest: readonly Packet[] = [
    { cmd: 'puback', messageId },
    { cmd: 'pingreq' },
    { cmd: 'pubrel', messageId },
    { cmd: 'pubrec', messageId },
    { cmd: 'pubcomp', messageId },
    { cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: false },
    { cmd: 'suback', messageId, granted: [0] },
    { cmd: 'disconnect', reasonCode: 4, properties: { sessionExpiryInterval: 9 } },
    { cmd: 'disconnect' },
    { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clientId: thing, clean: true, keepalive: 0 },
    { cmd: 'auth', reasonCode: 0 } as Packet,
  ];
  return encoded(chance.pick(rest), version);
}

function subscribe(
  chance: Chance,
  version: Version,
  messageId: number,
  filter: () => string,
  qualities: readonly (0 | 1 | 2)[],
  counts: readonly number[],
): Buffer {
  const subscriptions = Array.from({ length: chance.pick(counts) }, () => ({
    topic: filter(),
    qos: chance.pick(qualities),
    ...(version === 5 && { nl: often(chance, 5), rap: often(chance, 20), rh: chance.pick([0, 1, 2]) }),
  }));
  return encoded({ cmd: 'subscribe', messageId, subscriptions } as Packet, version);
}

function publish(chance: Chance, { version }: Client, messageId: number, topic: string, qos: 0 | 1 | 2): Buffer {
  const body = {
    clientToken: 'token',
    status: chance.pick(['IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'QUEUED']),
    expectedVersion: chance.between(0, 3),
    executionNumber: chance.between(0, 2),
    includeJobDocument: true,
    statusDetails: { step: 'x' },
  };
  const packet: Packet = {
    cmd: 'publish',
    topic,
    payload: chance.happens(3000) ? chance.pick(largePayloads) : spoilJson(chance, body),
    qos,
    messageId,
    dup: often(chance, 5),
    retain: !topic.startsWith('$') && often(chance, 5),
    ...(version === 5 &&
      often(chance, 30) && {
        properties: {
          messageExpiryInterval: chance.pick([0, 1, 60]),
          topicAlias: chance.pick([1, 7, 8]),
          contentType: 'application/json',
          responseTopic: 'news/answers',
          correlationData: Buffer.from('c'),
          ...(often(chance, 30) && { userProperties: { a: ['b', 'c'], '': oddText(chance) } }),
        },
      }),
  };
  return encoded(packet, version);
}

/** Of a thing, or what belongs to none: nobody is cut off for it. */
function ownTopic(chance: Chance, thing: string): string {
  const job = chance.pick(jobs);
  const jobTopics = `$aws/things/${thing}/jobs`;
  return chance.pick([
    `${jobTopics}/get`,
    `${jobTopics}/start-next`,
    `${jobTopics}/${job}/get`,
    `${jobTopics}/${job}/update`,
    `${jobTopics}/${job}/update`,
    `${jobTopics}/${job}/namespace-a/update`,
    `${jobTopics}/${job}/x/y/z`,
    `$aws/things/${thing}/shadow/update`,
    `$aws/things/${thing}/shadow/get`,
    `$aws/things/${thing}/shadow/delete`,
    `$aws/things/${thing}/shadow/name/${job}/update`,
    `$aws/things/${thing}/streams/${job}/get/json`,
    `$aws/things/${thing}/streams/${job}/describe/cbor`,
    `$aws/things/${thing}/defender/metrics/json`,
    `$aws/commands/things/${thing}/executions/1/response/json`,
    '$aws/certificates/create-from-csr/json',
    '$aws/provisioning-templates/t/provision/cbor',
    '$aws/rules/r/a',
    'news/today',
    `news/${job}`,
  ]);
}

function topicFor(chance: Chance, own: string): string {
  const thing = often(chance, 60) ? chance.pick(things) : `${own}${oddText(chance)}`;
  const topic = ownTopic(chance, thing);
  if (often(chance, 60)) return topic;
  const levels = topic.split('/');
  levels[chance.between(0, levels.length - 1)] = oddText(chance);
  return levels.join('/');
}

function ownFilter(chance: Chance, thing: string): string {
  return chance.pick([
    ownTopic(chance, thing),
    `$aws/things/${thing}/jobs/#`,
    `$aws/things/${thing}/jobs/+/update/+`,
    `$aws/things/${thing}/shadow/+/accepted`,
    'news/#',
    '+/+',
    '#',
    '$aws/events/#',
    '$share/g/news/#',
    `$share/g/$aws/things/${thing}/jobs/notify`,
  ]);
}

function filterFor(chance: Chance, own: string): string {
  const topic = topicFor(chance, own);
  return chance.pick([
    topic,
    `${topic}/+`,
    `${topic}/#`,
    `#/${topic}`,
    `+${topic}`,
    `$share/g/${topic}`,
    `$share/${topic}`,
  ]);
}

/** What the codec does not want to write is made by hand: that is what doors must live with. */
function encoded(packet: Packet, protocolVersion: Version): Buffer {
  try {
    return generate(packet, { protocolVersion });
  } catch {
    const { topic = '', clientId = '' } = packet as { topic?: string; clientId?: string };
    const body = Buffer.concat([text(topic || clientId), Buffer.from([0, 1])]);
    const length = body.length;
    return Buffer.concat([
      Buffer.from([packet.cmd === 'publish' ? 0x32 : 0x82, (length & 127) | 128, length >> 7]),
      body,
    ]);
  }
}
