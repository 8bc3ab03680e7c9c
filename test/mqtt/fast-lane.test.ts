/** The stream in front of aedes: what it offers, what it passes on, and that no way of cutting the bytes makes a difference. */
import { Duplex } from 'node:stream';
import * as fc from 'fast-check';
import { generate, type Packet, parser } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { FastLane, type OfferedPacket } from '../../broker/mqtt/fast-lane.ts';
import { maxPublishBytes } from '../../protocol/limits.ts';

/** A wire that is fed by hand. */
class Wire extends Duplex {
  readonly written: Buffer[] = [];
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk);
    done();
  }
}

class SlowWire extends Wire {
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk);
    setImmediate(done);
  }
}

/** What one reader hears of what comes in: packets taken from the lane and packets that aedes would read, in order. */
async function hear(chunks: readonly Buffer[], takes: (packet: OfferedPacket) => boolean): Promise<string[]> {
  const heard: string[] = [];
  const wire = new Wire();
  const lane = new FastLane(wire, (packet) => {
    if (!takes(packet)) return false;
    heard.push(`lane ${describePacket(packet)}`);
    return true;
  });
  const behind = parser();
  behind.on('packet', (packet) => heard.push(`aedes ${describePacket(packet)}`));
  lane.on('readable', () => {
    const bytes = lane.read() as Buffer | null;
    if (bytes !== null) behind.parse(bytes);
  });
  const ended = new Promise((resolve) => lane.once('end', resolve));
  for (const chunk of chunks) wire.push(chunk);
  wire.push(null);
  await ended;
  return heard;
}

function describePacket(packet: Packet): string {
  if (packet.cmd !== 'publish') return `${packet.cmd} ${packet.messageId}`;
  const { topic, payload, qos, dup, retain, messageId } = packet;
  return JSON.stringify({ topic, payload: payload.toString(), qos, dup, retain, messageId });
}

const ids = fc.integer({ min: 1, max: 0xffff });
const packets: fc.Arbitrary<Packet> = fc.oneof(
  fc.record({
    cmd: fc.constant('publish' as const),
    topic: fc.constantFrom('$aws/things/lamp/jobs/job-1/update', 'a', 'größe/✓'),
    payload: fc.string({ maxLength: 300 }),
    qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
    dup: fc.boolean(),
    retain: fc.boolean(),
    messageId: ids,
  }),
  ids.map((messageId) => ({ cmd: 'puback' as const, messageId })),
  ids.map((messageId) => ({ cmd: 'subscribe' as const, messageId, subscriptions: [{ topic: 'a', qos: 1 as const }] })),
  fc.constant({ cmd: 'pingreq' as const }),
);

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const edges = [0, ...at.map((share) => Math.floor(share * bytes.length)), bytes.length].sort((a, b) => a - b);
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
}

const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });
const bytesOf = (sent: readonly Packet[]): Buffer => Buffer.concat(sent.map((packet) => generate(packet)));

describe('FastLane', () => {
  it('hands every packet to one reader, once and in order, however its bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(packets, { maxLength: 12 }), shares, async (sent, at) => {
        const heard = await hear(
          cut(bytesOf(sent), at).filter((chunk) => chunk.length > 0),
          () => true,
        );
        const said = heard.map((line) => line.replace(/^(lane|aedes) /, ''));
        expect(said).toEqual(await plain(sent));
      }),
    );
  });

  it('passes on untouched what is not wanted', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(packets, { maxLength: 12 }), shares, async (sent, at) => {
        const heard = await hear(
          cut(bytesOf(sent), at).filter((chunk) => chunk.length > 0),
          () => false,
        );
        expect(heard).toEqual((await plain(sent)).map((line) => `aedes ${line}`));
      }),
    );
  });

  it('offers publications of QoS 1 and acknowledgements, and nothing else', async () => {
    const publish = { cmd: 'publish', topic: 'a', payload: 'x', dup: false, retain: false } as const;
    const heard = await hear(
      [
        generate({ ...publish, qos: 1, messageId: 1 }),
        generate({ cmd: 'puback', messageId: 2 }),
        generate({ ...publish, qos: 1, dup: true, messageId: 3 }),
        generate({ ...publish, qos: 1, retain: true, messageId: 4 }),
        generate({ ...publish, qos: 0 }),
        generate({ ...publish, qos: 2, messageId: 5 }),
        generate({ cmd: 'pubrel', messageId: 5 }),
      ],
      () => true,
    );
    expect(heard.map((line) => line.split(' ')[0])).toEqual([
      'lane',
      'lane',
      'lane',
      'aedes',
      'aedes',
      'aedes',
      'aedes',
    ]);
  });

  it('leaves to aedes a packet that is too long to be gathered', async () => {
    const bytes = generate({
      cmd: 'publish',
      topic: 'a',
      payload: 'x'.repeat(maxPublishBytes),
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
    });
    const after = generate({ cmd: 'puback', messageId: 2 });
    const heard = await hear(cut(Buffer.concat([bytes, after]), [0.3, 0.6]), () => true);
    expect(heard.map((line) => line.slice(0, 10))).toEqual(['aedes {"to', 'aedes puba']);
  });

  it('passes on what is not MQTT as it comes, so that aedes can refuse it at once', async () => {
    const wire = new Wire();
    const lane = new FastLane(wire, () => true);
    const read = new Promise((resolve) => lane.once('readable', () => resolve(lane.read())));
    wire.push(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    expect(String(await read)).toBe('GET / HTTP/1.1\r\n\r\n');
  });

  it('never sends past what waits in its own buffer', () => {
    const wire = new SlowWire({ highWaterMark: 4 });
    const lane = new FastLane(wire, () => true);
    lane.write(Buffer.from('first'));
    lane.write(Buffer.from('second'));
    lane.send(Buffer.from('third'));
    lane.end();
    return new Promise<void>((resolve) => {
      wire.once('finish', () => {
        expect(Buffer.concat(wire.written).toString()).toBe('firstsecondthird');
        resolve();
      });
    });
  });
});

/** What mqtt-packet alone makes of the packets. */
async function plain(sent: readonly Packet[]): Promise<string[]> {
  const heard: string[] = [];
  const alone = parser();
  alone.on('packet', (packet) => heard.push(describePacket(packet)));
  alone.parse(bytesOf(sent));
  return heard;
}
