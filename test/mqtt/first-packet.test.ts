/** What a client calls itself is told by the first bytes of its CONNECT, and not before they are all there. */
import { generate } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { connectClientId } from '../../broker/mqtt/first-packet.ts';
import { maxPacketBytes } from '../../protocol/limits.ts';

const levels = [
  ['3.1', { protocolId: 'MQIsdp', protocolVersion: 3 }],
  ['3.1.1', { protocolId: 'MQTT', protocolVersion: 4 }],
  ['5', { protocolId: 'MQTT', protocolVersion: 5, properties: { userProperties: { some: 'x'.repeat(300) } } }],
] as const;

describe('the client id in a CONNECT', () => {
  it.each(levels)('of MQTT %s is known as soon as it is there', (_name, about) => {
    const clientId = 'thing-ä';
    const packet = generate({ cmd: 'connect', clientId, clean: true, keepalive: 0, username: 'u', ...about });
    const end = packet.indexOf(clientId) + Buffer.byteLength(clientId);
    for (let length = 0; length < end; length += 1) expect(connectClientId(packet.subarray(0, length))).toBe(undefined);
    for (let length = end; length <= packet.length; length += 1) {
      expect(connectClientId(packet.subarray(0, length))).toBe(clientId);
    }
  });

  it('is none in another packet', () => {
    expect(connectClientId(Buffer.from([0xc0, 0]))).toBe('');
  });

  it('is not waited for beyond the longest packet that anybody reads', () => {
    // Properties of 200 MB, of which a little less than a packet has come, and then more than one.
    const start = Buffer.from([
      0x10,
      0xff,
      0xff,
      0xff,
      0x7f,
      0,
      4,
      ...Buffer.from('MQTT'),
      5,
      2,
      0,
      0,
      0xff,
      0xff,
      0xff,
      0x5f,
    ]);
    const withMore = (bytes: number): Buffer => Buffer.concat([start, Buffer.alloc(bytes - start.length)]);
    expect(connectClientId(withMore(maxPacketBytes))).toBe(undefined);
    expect(connectClientId(withMore(maxPacketBytes + 1))).toBe('');
  });
});
