/**
 * What a client says in one connection at an MQTT door: CONNECT and some packets, of any version, each proper, odd or spoiled. One
 * input is one packet; after one that closes the connection the others are not read, so most are only odd.
 */
import { type IConnectPacket, type Packet, generate } from 'mqtt-packet';
import type { Chance } from '../../faults/chance.ts';
import { noise, oddText, often, spoilBytes, spoilJson } from './mutations.ts';

const things = ['pump', 'lamp', 'fuzz-1', 'fuzz-2'];
const jobs = ['kept', 'fuzz', '$next', 'unknown'];

export interface Story {
  /** What is written, in one go or in two. */
  readonly pieces: readonly Buffer[];
  readonly inputs: number;
}

export function mqttStory(chance: Chance, most: number): Story {
  const inputs = Math.min(most, chance.between(1, 24));
  const protocolVersion = chance.pick([3, 4, 4, 4, 5, 5] as const);
  const packets: Buffer[] = [];
  if (often(chance, 4)) packets.push(noise(chance, chance.between(1, 64)));
  for (let index = 0; index < inputs; index += 1) {
    const isFirst = index === 0;
    const packet = isFirst ? connect(chance, protocolVersion) : next(chance, protocolVersion);
    packets.push(often(chance, isFirst ? 10 : 12) ? spoilBytes(chance, packet) : packet);
  }
  return { pieces: cut(chance, Buffer.concat(packets)), inputs };
}

/** Some arrive in two pieces, wherever they are cut. */
export function cut(chance: Chance, bytes: Buffer): readonly Buffer[] {
  if (bytes.length < 2 || !often(chance, 20)) return [bytes];
  const at = chance.between(1, bytes.length - 1);
  return [bytes.subarray(0, at), bytes.subarray(at)];
}

function connect(chance: Chance, protocolVersion: 3 | 4 | 5): Buffer {
  const odd = often(chance, 15);
  const packet: IConnectPacket = {
    cmd: 'connect',
    protocolId: protocolVersion === 3 ? 'MQIsdp' : 'MQTT',
    protocolVersion,
    clientId: odd ? `x${oddText(chance)}` : `${chance.pick(things)}-${chance.between(0, 999)}`,
    clean: often(chance, 70),
    keepalive: chance.pick([0, 1, 30, 65_535]),
    ...(often(chance, 20) && { username: odd ? oddText(chance) : 'user?SDK=x', password: Buffer.from('p') }),
    ...(often(chance, 20) && {
      will: { topic: topicFor(chance) || 'w', payload: Buffer.from('{}'), qos: chance.pick([0, 1]), retain: odd },
    }),
    ...(protocolVersion === 5 && often(chance, 50) && { properties: connectProperties(chance) }),
  };
  return encoded(packet, protocolVersion);
}

function connectProperties(chance: Chance): IConnectPacket['properties'] {
  return {
    sessionExpiryInterval: chance.pick([0, 1, 60, 0xffff_ffff]),
    receiveMaximum: chance.pick([1, 2, 65_535]),
    maximumPacketSize: chance.pick([1, 20, 200, 0xffff_ffff]),
    topicAliasMaximum: chance.pick([0, 8, 65_535]),
    ...(often(chance, 30) && { userProperties: { a: 'b' } }),
  };
}

function next(chance: Chance, version: 3 | 4 | 5): Buffer {
  const messageId = chance.pick([1, 2, 3, 65_535]);
  const roll = chance.between(0, 99);
  if (roll < 55) return publish(chance, version, messageId);
  if (roll < 75) {
    const count = chance.pick([1, 1, 2, 8, 9]);
    const subscriptions = Array.from({ length: count }, () => ({
      topic: filterFor(chance),
      qos: chance.pick([0, 1, 1, 2] as const),
      ...(version === 5 && { nl: often(chance, 20), rap: often(chance, 20), rh: chance.pick([0, 1, 2]) }),
    }));
    return encoded({ cmd: 'subscribe', messageId, subscriptions } as Packet, version);
  }
  if (roll < 80) return encoded({ cmd: 'unsubscribe', messageId, unsubscriptions: [filterFor(chance)] }, version);
  if (roll < 90) return encoded({ cmd: 'puback', messageId }, version);
  if (roll < 95) return encoded({ cmd: 'pingreq' }, version);
  const rest: readonly Packet[] = [
    { cmd: 'pubrel', messageId },
    { cmd: 'pubrec', messageId },
    { cmd: 'pubcomp', messageId },
    { cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: false },
    { cmd: 'suback', messageId, granted: [0] },
    { cmd: 'disconnect', reasonCode: 4, properties: { sessionExpiryInterval: 9 } },
    { cmd: 'disconnect' },
  ];
  return encoded(chance.pick(rest), version);
}

function publish(chance: Chance, version: 3 | 4 | 5, messageId: number): Buffer {
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
    topic: topicFor(chance),
    payload: often(chance, 3) ? Buffer.alloc(chance.pick([131_072, 131_073]), 'x') : spoilJson(chance, body),
    qos: chance.pick([0, 1, 1, 1, 2]),
    messageId,
    dup: often(chance, 5),
    retain: often(chance, 5),
    ...(version === 5 &&
      often(chance, 30) && {
        properties: {
          messageExpiryInterval: chance.pick([0, 1, 60]),
          topicAlias: chance.pick([1, 8, 9, 65_535]),
          contentType: 'application/json',
          responseTopic: topicFor(chance),
          correlationData: Buffer.from('c'),
        },
      }),
  };
  return encoded(packet, version);
}

function topicFor(chance: Chance): string {
  const thing = often(chance, 90) ? chance.pick(things) : oddText(chance);
  const job = often(chance, 90) ? chance.pick(jobs) : oddText(chance);
  const jobTopics = `$aws/things/${thing}/jobs`;
  const topics = [
    `${jobTopics}/get`,
    `${jobTopics}/start-next`,
    `${jobTopics}/${job}/get`,
    `${jobTopics}/${job}/update`,
    `${jobTopics}/${job}/namespace-a/update`,
    `$aws/things/${thing}/shadow/update`,
    `$aws/things/${thing}/shadow/name/${job}/get`,
    `$aws/things/${thing}/streams/${job}/get/json`,
    `$aws/things/${thing}/defender/metrics/json`,
    '$aws/certificates/create/json',
    '$aws/provisioning-templates/t/provision/cbor',
    '$aws/rules/r/a',
    'news/today',
    `news/${job}`,
    oddText(chance),
  ];
  return chance.pick(topics);
}

function filterFor(chance: Chance): string {
  const topic = topicFor(chance);
  const filters = [
    topic,
    `${topic}/+`,
    `${topic}/#`,
    '#',
    '+/+',
    '$aws/events/#',
    `$share/g/${topic}`,
    '$share/g/news/#',
  ];
  return chance.pick(filters);
}

/** What the codec does not want to write is made by hand: that is what doors must live with. */
function encoded(packet: Packet, protocolVersion: 3 | 4 | 5): Buffer {
  try {
    return generate(packet, { protocolVersion });
  } catch {
    const { topic = '', clientId = '' } = packet as { topic?: string; clientId?: string };
    const text = Buffer.from(topic || clientId);
    const body = Buffer.concat([Buffer.from([text.length >> 8, text.length & 255]), text, Buffer.from([0, 1])]);
    const length = body.length;
    return Buffer.concat([
      Buffer.from([packet.cmd === 'publish' ? 0x32 : 0x82, (length & 127) | 128, length >> 7]),
      body,
    ]);
  }
}
