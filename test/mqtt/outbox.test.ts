/** The way out to one client: the bytes are those of mqtt-packet, and all that belongs together leaves in one write. */
import { Duplex } from 'node:stream';
import * as fc from 'fast-check';
import { generate, parser, type IPublishPacket } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { FastLane } from '../../broker/mqtt/fast-lane.ts';
import type { Message } from '../../broker/mqtt/message.ts';
import { Mqtt5Stream } from '../../broker/mqtt/mqtt5-stream.ts';
import { Outbox } from '../../broker/mqtt/outbox.ts';
import { publishBytes } from '../../broker/mqtt/packet-writer.ts';

class Wire extends Duplex {
  readonly writes: Buffer[] = [];
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.writes.push(Buffer.from(chunk));
    done();
  }
}

function open(version: 4 | 5 = 4, gathersTurns = true) {
  const wire = new Wire();
  const stream = version === 5 ? new Mqtt5Stream(wire) : new FastLane(wire);
  return { outbox: new Outbox(stream, gathersTurns), writes: wire.writes, stream };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Content type, then two user properties of one name around another, as they stand on the wire. */
const properties = Buffer.from([3, 0, 1, 0x74, 0x26, 0, 1, 0x61, 0, 1, 0x31, 0x26, 0, 1, 0x62, 0, 1, 0x32]);
const readAs5 = { contentType: 't', userProperties: { a: '1', b: '2' } };

describe('Outbox', () => {
  it('writes PUBLISH and PUBACK as mqtt-packet does, whatever their length', async () => {
    const lengths = fc.oneof(fc.constantFrom(0, 80, 90, 16_340, 16_384, 100_000), fc.integer({ min: 0, max: 400 }));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('a', '$aws/things/lamp/jobs/job-1/update/accepted', 'größe/✓'),
        fc.constantFrom('x', 'ü', '🔦'),
        lengths,
        fc.constantFrom(0 as const, 1 as const),
        fc.boolean(),
        fc.integer({ min: 1, max: 0xffff }),
        fc.constantFrom(4 as const, 5 as const),
        fc.boolean(),
        async (topic, letter, length, qos, retain, id, version, hasProperties) => {
          const { outbox, writes } = open(version);
          const message: Message = {
            topic,
            payload: letter.repeat(length),
            qos,
            retain,
            ...(hasProperties && { properties }),
          };
          outbox.acknowledge(id);
          outbox.publish(message, id);
          await turn();
          const { payload } = message;
          const packet: IPublishPacket = {
            cmd: 'publish',
            dup: false,
            topic,
            payload,
            qos,
            retain,
            ...(qos > 0 && { messageId: id }),
            ...(version === 5 && hasProperties && { properties: readAs5 }),
          };
          const [ack, published] = [{ cmd: 'puback', messageId: id } as const, packet].map((one) =>
            generate(one, { protocolVersion: version }),
          );
          expect(writes).toHaveLength(1);
          expect(publishBytes(message, version)).toBe(published!.length);
          if (!hasProperties || version === 4) {
            expect(Buffer.concat([generate({ cmd: 'puback', messageId: id }), published!]).equals(writes[0]!)).toBe(
              true,
            );
          } else expect(writes[0]!.length).toBe(4 + published!.length);
          expect(ack!.length).toBeGreaterThanOrEqual(4);
        },
      ),
    );
  });

  it('forwards properties as they came, and what is left of the time that a message lives', async () => {
    const { outbox, writes } = open(5);
    const expiresAt = Date.now() + 90_500;
    outbox.publish({ topic: 'a', payload: 'x', qos: 1, retain: false, properties, expiresAt }, 7);
    await turn();
    const reader = parser({ protocolVersion: 5 });
    let read: IPublishPacket | undefined;
    reader.on('packet', (packet) => (read = packet as IPublishPacket));
    reader.parse(writes[0]!);
    expect(read).toMatchObject({ topic: 'a', messageId: 7, properties: readAs5 });
    expect([89, 90]).toContain(read!.properties!.messageExpiryInterval);
    expect(writes[0]!.includes(properties)).toBe(true);
  });

  it('lets nothing leave while it is held, and then all at once with what the same turn adds', async () => {
    const { outbox, writes } = open();
    outbox.hold();
    outbox.hold();
    outbox.acknowledge(1);
    outbox.release();
    await turn();
    expect(writes).toEqual([]);
    outbox.release();
    outbox.acknowledge(2);
    await turn();
    expect(writes).toEqual([Buffer.from([0x40, 2, 0, 1, 0x40, 2, 0, 2])]);
  });

  it('waits for the end of the turn only where nobody has gathered it before', async () => {
    const [gathering, not] = [open(4, true), open(4, false)];
    for (const { outbox } of [gathering, not]) outbox.acknowledge(1);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect([gathering.writes.length, not.writes.length]).toEqual([0, 1]);
    await turn();
    expect(gathering.writes).toHaveLength(1);
  });

  it('sends what is written already in its place', async () => {
    const { outbox, writes } = open();
    outbox.acknowledge(1);
    outbox.send(Buffer.from([0xd0, 0]));
    outbox.acknowledge(2);
    await turn();
    expect(writes).toEqual([Buffer.from([0x40, 2, 0, 1, 0xd0, 0, 0x40, 2, 0, 2])]);
  });
});
