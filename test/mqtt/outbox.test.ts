/** The short way out: the bytes are those of mqtt-packet, and all that belongs together leaves in one write. */
import type { Client } from 'aedes';
import * as fc from 'fast-check';
import { generate } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { Outbox } from '../../broker/mqtt/outbox.ts';

function open(nextId = 1, gathersTurns = true) {
  const writes: Buffer[] = [];
  const conn = { destroyed: false, write: (bytes: Buffer) => writes.push(bytes) > 0 };
  const client = { conn, _nextId: nextId } as unknown as Client;
  return { outbox: new Outbox(client, gathersTurns), writes, client };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const message = { cmd: 'publish', retain: false, dup: false, brokerId: 'x', brokerCounter: 1 } as const;

describe('Outbox', () => {
  it('writes PUBLISH and PUBACK as mqtt-packet does, whatever their length', async () => {
    const lengths = fc.oneof(fc.constantFrom(0, 80, 90, 16_340, 16_384, 100_000), fc.integer({ min: 0, max: 400 }));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('a', '$aws/things/lamp/jobs/job-1/update/accepted', 'größe/✓'),
        fc.constantFrom('x', 'ü', '🔦'),
        lengths,
        fc.constantFrom(0 as const, 1 as const),
        fc.integer({ min: 1, max: 0xffff }),
        async (topic, letter, length, qos, id) => {
          const { outbox, writes } = open(id);
          const payload = letter.repeat(length);
          outbox.acknowledge(id);
          outbox.publish({ ...message, topic, payload, qos });
          await turn();
          const { cmd, retain, dup } = message;
          const published = generate({ cmd, retain, dup, topic, payload, qos, ...(qos > 0 && { messageId: id }) });
          expect(writes).toHaveLength(1);
          expect(Buffer.concat([generate({ cmd: 'puback', messageId: id }), published]).equals(writes[0]!)).toBe(true);
        },
      ),
    );
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
    const [gathering, not] = [open(1, true), open(1, false)];
    for (const { outbox } of [gathering, not]) outbox.acknowledge(1);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect([gathering.writes.length, not.writes.length]).toEqual([0, 1]);
    await turn();
    expect(gathering.writes).toHaveLength(1);
  });

  it('takes message ids from the client’s own counter and never 0', async () => {
    const { outbox, client } = open(0xffff);
    for (let count = 0; count < 2; count += 1) outbox.publish({ ...message, topic: 'a', payload: '', qos: 1 });
    await turn();
    expect(client).toMatchObject({ _nextId: 2 });
    outbox.publish({ ...message, topic: 'a', payload: '', qos: 0 });
    await turn();
    expect(client).toMatchObject({ _nextId: 2 });
  });
});
