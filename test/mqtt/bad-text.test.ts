/**
 * Bytes that are no text, in every place of a packet where there is one, in both versions: what a decoder that is content with less
 * would take for something else (a surrogate, U+0000 in two bytes, a code point that there is not).
 */
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { type Packet, generate } from 'mqtt-packet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDoor, closeDoors, openDoor } from '../support/mqtt-door.ts';
import { WireClient } from '../support/wire-client.ts';

let opened: TestDoor;
beforeAll(async () => {
  opened = await openDoor();
});
afterAll(closeDoors);

/** As many bytes as the marker. */
const noTexts: readonly (readonly [what: string, bytes: readonly number[]])[] = [
  ['U+0000', [0x61, 0x00, 0x61, 0x61]],
  ['U+0000 in two bytes', [0xc0, 0x80, 0x61, 0x61]],
  ['a high surrogate', [0xed, 0xa0, 0x80, 0x61]],
  ['a low surrogate', [0xed, 0xbf, 0xbf, 0x61]],
  ['a slash in three bytes', [0xe0, 0x80, 0xaf, 0x61]],
  ['a code point above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ['a character that is cut off', [0x61, 0x61, 0xe2, 0x82]],
  ['a byte that begins nothing', [0x61, 0xff, 0x61, 0x61]],
];
const marker = 'MARK';

const connect = { cmd: 'connect', protocolId: 'MQTT', clientId: 'odd', clean: true, keepalive: 0 } as const;
const publish = {
  cmd: 'publish',
  topic: 'news',
  payload: '',
  qos: 1,
  retain: false,
  dup: false,
  messageId: 1,
} as const;
const will = { topic: 'news', payload: Buffer.from('x'), qos: 0, retain: false } as const;

interface Place {
  readonly name: string;
  readonly packet: Packet;
  readonly only5?: true;
}

const places: readonly Place[] = [
  { name: 'client id', packet: { ...connect, clientId: marker } },
  { name: 'user name', packet: { ...connect, username: marker } },
  { name: 'topic of a last will', packet: { ...connect, will: { ...will, topic: marker } } },
  { name: 'topic, QoS 1', packet: { ...publish, topic: marker } },
  { name: 'topic of a request', packet: { ...publish, topic: `$aws/things/odd/jobs/${marker}/get` } },
  { name: 'topic, QoS 0', packet: { ...publish, topic: marker, qos: 0 } },
  { name: 'filter', packet: { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: marker, qos: 1 }] } },
  {
    name: 'shared filter',
    packet: { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `$share/${marker}/a`, qos: 1 }] },
  },
  { name: 'filter that is given back', packet: { cmd: 'unsubscribe', messageId: 1, unsubscriptions: [marker] } },
  {
    name: 'user property of CONNECT',
    packet: { ...connect, properties: { userProperties: { [marker]: 'x' } } },
    only5: true,
  },
  {
    name: 'user property of PUBLISH',
    packet: { ...publish, properties: { userProperties: { x: marker } } },
    only5: true,
  },
  { name: 'content type', packet: { ...publish, properties: { contentType: marker } }, only5: true },
  { name: 'response topic', packet: { ...publish, properties: { responseTopic: marker } }, only5: true },
  {
    name: 'content type of a last will',
    packet: { ...connect, will: { ...will, properties: { contentType: marker } } },
    only5: true,
  },
  {
    name: 'reason of DISCONNECT',
    packet: { cmd: 'disconnect', reasonCode: 0, properties: { reasonString: marker } },
    only5: true,
  },
];

describe.each([4, 5] as const)('MQTT %i', (protocolVersion) => {
  const here = places.filter(({ only5 }) => only5 === undefined || protocolVersion === 5);
  it.each(here)('$name', async ({ packet }) => {
    const proper = generate({ ...packet, protocolVersion } as Packet, { protocolVersion });
    const at = proper.indexOf(marker);
    for (const [what, bytes] of noTexts) {
      const spoiled = Buffer.from(proper);
      spoiled.set(bytes, at);
      const heard = await said(packet.cmd === 'connect', spoiled, protocolVersion);
      expect([what, heard]).toEqual([what, 'closed']);
    }
    const witness = await WireClient.connect(opened.port, { clientId: 'lamp', protocolVersion });
    await witness.settled();
    await witness.drop();
  });

  it('what is text, however odd, is taken', async () => {
    const client = await WireClient.connect(opened.port, { clientId: '\ufeffodd', protocolVersion });
    const odd = ['\ufeff', '\ufffd', '\uffff', '\u0001', '\u{10ffff}', 'e\u0301', '\u202e'];
    await client.subscribe(['odd/+']);
    for (const text of odd) client.publish(`odd/${text}`, text);
    await client.settled();
    expect(client.messages.map(({ topic, payload }) => [topic, payload])).toEqual(
      odd.map((text) => [`odd/${text}`, text]),
    );
    await client.drop();
  });
});

/** What comes of a packet that a client sends: CONNECT first, another one when it has been let in. */
async function said(isConnect: boolean, bytes: Buffer, protocolVersion: 4 | 5): Promise<string> {
  const socket = connectSocket(opened.port, '127.0.0.1');
  const client = new WireClient(socket, protocolVersion);
  await once(socket, 'connect');
  if (!isConnect) await client.login({ clientId: 'odd' });
  const before = client.packets.length;
  socket.write(bytes);
  await client.closed;
  const taken = client.packets.slice(before).find((packet) => packet.cmd !== 'disconnect' && !isRefusal(packet));
  return taken?.cmd ?? 'closed';
}

function isRefusal(packet: Packet): boolean {
  return packet.cmd === 'connack' && (packet.returnCode ?? packet.reasonCode) !== 0;
}
