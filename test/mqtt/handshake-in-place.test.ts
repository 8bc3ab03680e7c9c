/** CONNECT and SUBSCRIBE read in place: what mqtt-packet reads, or left to it. */
import * as fc from 'fast-check';
import { type Packet, generate } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { connectInPlace, subackBytes, subscribeInPlace } from '../../broker/mqtt/handshake-in-place.ts';
import { PacketReader } from '../../broker/mqtt/packet-reader.ts';

const reader = new PacketReader(4);

/** With other bytes before and behind it, as it comes. */
function frameOf(packet: Buffer) {
  const before = 3;
  const lengthBytes = packet.subarray(1).findIndex((byte) => byte < 0x80) + 1;
  const bytes = Buffer.concat([Buffer.from('xxx'), packet, Buffer.from('yyy')]);
  return { bytes, start: before, bodyAt: before + 1 + lengthBytes, end: before + packet.length };
}

function inPlace(packet: Buffer): Packet | undefined {
  const frame = frameOf(packet);
  return packet[0] === 0x10 ? connectInPlace(frame) : subscribeInPlace(frame);
}

/** What of a packet anybody looks at; without what it is empty of. */
function plain(packet: Packet): unknown {
  const {
    length: _length,
    payload: _payload,
    topic: _topic,
    retain: _retain,
    dup: _dup,
    qos: _qos,
    ...rest
  } = packet as never as Record<string, unknown>;
  return JSON.parse(JSON.stringify(rest));
}

const text = fc.string({ minLength: 1, maxLength: 200 });
const packets: fc.Arbitrary<Packet> = fc.oneof(
  fc
    .record({
      cmd: fc.constant('connect' as const),
      protocolId: fc.constantFrom('MQTT' as const, 'MQIsdp' as const),
      clientId: fc.oneof(text, fc.constantFrom('größe', '✓')),
      clean: fc.boolean(),
      keepalive: fc.integer({ min: 0, max: 0xffff }),
      username: fc.option(text, { nil: undefined }),
      will: fc.option(fc.constant({ topic: 'a', payload: Buffer.from('b'), qos: 1 as const, retain: false }), {
        nil: undefined,
      }),
    })
    .map((packet) => ({ ...packet, protocolVersion: packet.protocolId === 'MQTT' ? (4 as const) : (3 as const) })),
  fc.record({
    cmd: fc.constant('subscribe' as const),
    messageId: fc.integer({ min: 1, max: 0xffff }),
    subscriptions: fc.array(fc.record({ topic: text, qos: fc.constantFrom(0 as const, 1 as const, 2 as const) }), {
      minLength: 1,
      maxLength: 9,
    }),
  }),
);

describe('a packet of the handshake', () => {
  it('is what mqtt-packet reads, or left to it', () => {
    let read = 0;
    fc.assert(
      fc.property(packets, (packet) => {
        const bytes = generate(packet);
        const ours = inPlace(bytes);
        if (ours === undefined) return;
        read += 1;
        expect(plain(ours)).toEqual(plain(reader.read(Buffer.from(bytes))));
      }),
    );
    expect(read).toBeGreaterThan(10);
  });

  it('is left to mqtt-packet when a byte of it is wrong, unless that reads it alike', () => {
    fc.assert(
      fc.property(
        packets,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.nat(255),
        (packet, where, byte) => {
          const bytes = Buffer.from(generate(packet));
          const { bodyAt, start } = frameOf(bytes);
          const body = bodyAt - start;
          bytes[body + Math.floor(where * (bytes.length - body))] = byte;
          const ours = inPlace(bytes);
          if (ours !== undefined) expect(plain(ours)).toEqual(plain(reader.read(Buffer.from(bytes))));
        },
      ),
    );
  });

  it('is answered as mqtt-packet writes it', () => {
    for (const granted of [[0], [1, 0x80, 0], Array.from({ length: 125 }, () => 1)]) {
      expect(subackBytes(0x1234, granted)).toEqual(generate({ cmd: 'suback', messageId: 0x1234, granted }));
    }
    expect(
      subackBytes(
        1,
        Array.from({ length: 126 }, () => 1),
      ),
    ).toBeUndefined();
  });
});
