/** The stream of a client of 3.1.1: what its receiver hears, and that no way of cutting the bytes makes a difference. */
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { Duplex } from 'node:stream';
import * as fc from 'fast-check';
import { generate, type Packet, parser } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import type { PacketReceiver } from '../../broker/mqtt/client-stream.ts';
import { FastLane } from '../../broker/mqtt/fast-lane.ts';
import { type Lagging, Traffic, type Wait } from '../../broker/mqtt/traffic.ts';
import { Wire } from '../../broker/mqtt/wire.ts';
import { maxPacketBytes, maxPublishBytes } from '../../protocol/limits.ts';

/** A wire that is fed by hand. */
class FedWire extends Duplex {
  override _read(): void {}
  override _write(_chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    done();
  }
}

/** Every turn has been long: whatever comes in waits for the next one. */
class BusyTraffic extends Traffic {
  override readsAtOnce(): boolean {
    return false;
  }
}

/** No turn has time for more than one packet of a connection. */
class HurriedTraffic extends Traffic {
  readonly waits: Wait[] = [];
  override get hasTime(): boolean {
    return false;
  }
  override queue(lagging: Lagging, wait: Wait): void {
    this.waits.push(wait);
    super.queue(lagging, wait);
  }
}

function listening(heard: string[]): PacketReceiver {
  return {
    publish({ topic, payload, qos, retain, messageId }) {
      const id = qos === 0 ? undefined : messageId;
      heard.push(describePacket({ cmd: 'publish', topic, payload, qos: qos as 1, retain, dup: false, messageId: id }));
    },
    acknowledge: (messageId) => heard.push(describePacket({ cmd: 'puback', messageId })),
    receive: (packet) => heard.push(describePacket(packet)),
  };
}

/** What the receiver hears of what comes in; the connection's error, if it has one, at the end. */
async function hear(chunks: readonly Buffer[], traffic = new Traffic()): Promise<string[]> {
  const heard: string[] = [];
  const wire = new FedWire();
  const lane = new FastLane(wire, traffic);
  const over = once(lane, 'close');
  lane.start(new Wire(wire, lane), listening(heard));
  for (const chunk of chunks) wire.push(chunk);
  wire.push(null);
  await over;
  return lane.errored === null ? heard : [...heard, lane.errored.message];
}

/** Without DUP, which makes no difference here. */
function describePacket(packet: Packet): string {
  if (packet.cmd !== 'publish') return `${packet.cmd} ${packet.messageId}`;
  const { topic, payload, qos, retain, messageId } = packet;
  return JSON.stringify({ topic, payload: payload.toString(), qos, retain, messageId });
}

const ids = fc.integer({ min: 1, max: 0xffff });
const packets: fc.Arbitrary<Packet> = fc.oneof(
  fc.record({
    cmd: fc.constant('publish' as const),
    // The bytes of one of the last two are the characters of the other.
    topic: fc.constantFrom('$aws/things/lamp/jobs/job-1/update', 'a', 'b', 'größe/✓', 'é', 'Ã©'),
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

function publishWith(messageId: number): Packet {
  return { cmd: 'publish', topic: 'a', payload: 'x', qos: 1, dup: false, retain: false, messageId };
}

const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });
const bytesOf = (sent: readonly Packet[]): Buffer => Buffer.concat(sent.map((packet) => generate(packet)));

describe('FastLane', () => {
  it('hands every packet to its receiver, once and in order, however its bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(packets, { maxLength: 12 }), shares, async (sent, at) => {
        const heard = await hear(cut(bytesOf(sent), at).filter((chunk) => chunk.length > 0));
        expect(heard).toEqual(await plain(sent));
      }),
    );
  });

  it('hands over what came before the end of a wire also when nothing can be read at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(packets, { maxLength: 12 }), shares, async (sent, at) => {
        const chunks = cut(bytesOf(sent), at).filter((chunk) => chunk.length > 0);
        expect(await hear(chunks, new BusyTraffic())).toEqual(await plain(sent));
      }),
    );
  });

  it('hands over one packet at least, and the others later, in order, when the turn ends in the middle', async () => {
    const sent = Array.from({ length: 20 }, (_, index) => publishWith(index + 1));
    const traffic = new HurriedTraffic();
    expect(await hear([bytesOf(sent)], traffic)).toEqual(await plain(sent));
    expect(traffic.waits).toEqual(['first', ...Array.from({ length: 18 }, () => 'turn')]);
  });

  it('hands over what came before a socket was closed', async () => {
    const sent = [1, 2, 3].map((messageId) => publishWith(messageId));
    const heard: string[] = [];
    const server = createServer((socket) => {
      const lane = new FastLane(socket, new BusyTraffic());
      lane.once('close', () => server.close());
      lane.start(new Wire(socket, lane), listening(heard));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    connect((server.address() as AddressInfo).port, '127.0.0.1')
      .resume()
      .end(bytesOf(sent));
    await once(server, 'close');
    expect(heard).toEqual(await plain(sent));
  });

  it('counts what the system has not taken of what is sent, and tells when there is room again', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const near = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
    const [socket] = (await once(server, 'connection')) as [Socket];
    const lane = new FastLane(socket);
    lane.start(new Wire(socket, lane), listening([]));
    const block = Buffer.alloc(256 * 1024);
    let sentBytes = 0;
    do sentBytes += block.length;
    while (lane.send(block));
    expect([lane.unreadBytes > 0, lane.isFull, lane.holdsNothing]).toEqual([true, true, false]);
    expect(lane.send(block)).toBe(false);
    sentBytes += block.length;
    const hasRoom = once(lane, 'drain');
    let readBytes = 0;
    near.on('data', (chunk: Buffer) => (readBytes += chunk.length)).resume();
    await hasRoom;
    expect([lane.unreadBytes, lane.isFull, lane.holdsNothing]).toEqual([0, false, true]);
    const ended = once(near, 'end');
    lane.destroy();
    socket.end();
    await ended;
    expect(readBytes).toBe(sentBytes);
    server.close();
  });

  it('puts a long packet together that comes byte by byte', async () => {
    const packet = {
      cmd: 'publish',
      topic: 'a',
      payload: 'x'.repeat(3000),
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
    } as const;
    const bytes = generate(packet);
    const single = Array.from(bytes, (byte) => Buffer.from([byte]));
    expect(await hear(single)).toEqual(await plain([packet]));
  });

  it('takes a packet of the size limit and refuses a longer one before it has come', async () => {
    const publish = { cmd: 'publish', topic: 'a', qos: 1, messageId: 1, dup: false, retain: false } as const;
    const whole = generate({ ...publish, payload: 'x'.repeat(maxPublishBytes) });
    expect(await hear(cut(whole, [0.3, 0.6]))).toHaveLength(1);
    const longer = generate({ ...publish, payload: 'x'.repeat(maxPacketBytes) });
    expect(await hear([longer.subarray(0, 5)])).toEqual(['a packet above the size limit']);
  });

  it.each([
    ['GET / HTTP/1.1\r\n\r\n', 'a first byte that begins no packet'],
    ['\x00\x00', 'a first byte that begins no packet'],
    ['\x32\xff\xff\xff\x7f', 'a packet above the size limit'],
    ['\x32\x80\x80\x80\x80\x01', 'a length of more than four bytes'],
    ['\x30\x01a', 'Cannot parse topic'],
    ['\x40\x01\x01', 'PUBACK without a packet identifier'],
    ['\x32\x05\x00\x01a\x00\x00', 'PUBLISH without a packet identifier'],
    ['\x32\x05\x00\x01\x00\x00\x01', 'U+0000'],
    ['\x32\x05\x00\x01\xff\x00\x01', 'ill-formed UTF-8'],
    ['\x30\x03\x00\x01\x00', 'U+0000'],
    ['\x82\x06\x00\x01\x00\x01\xc3\x00', 'ill-formed UTF-8'],
  ])('refuses %j: %s', async (text, message) => {
    expect(await hear([Buffer.from(text, 'latin1')])).toEqual([message]);
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
