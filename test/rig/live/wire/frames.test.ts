import * as fc from 'fast-check';
import { generate } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { Frames } from '../../../../rig/live/wire/frames.ts';

const packets = [
  generate({ cmd: 'connect', clientId: 'thing-1', protocolVersion: 4, clean: true, keepalive: 30 }),
  generate({ cmd: 'publish', topic: 't', payload: 'x'.repeat(300), qos: 1, messageId: 7, dup: false, retain: false }),
  generate({ cmd: 'pingreq' }),
];

describe('Frames', () => {
  it('cuts the same packets out of a stream, however it was chopped', () => {
    const whole = Buffer.concat(packets);
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length), { maxLength: 20 }), (cuts) => {
        const frames = new Frames();
        const places = [...new Set([0, ...cuts, whole.length])].sort((a, b) => a - b);
        const found = places.slice(1).flatMap((end, index) => frames.push(whole.subarray(places[index], end)));
        expect(found.map((frame) => frame.toString('hex'))).toEqual(packets.map((packet) => packet.toString('hex')));
      }),
    );
  });

  it('hands on what it cannot cut', () => {
    const frames = new Frames();
    const malformed = Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]);
    expect(frames.push(malformed)).toEqual([malformed]);
    expect(frames.push(Buffer.from('more'))).toEqual([Buffer.from('more')]);
  });
});
