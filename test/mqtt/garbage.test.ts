/** Whatever bytes come, from the first or after a proper CONNECT, hurt nobody but the connection that they come from. */
import { connect } from 'node:net';
import * as fc from 'fast-check';
import { type Packet, generate } from 'mqtt-packet';
import { afterEach, expect, it } from 'vitest';
import type { Command, Reply } from '../../broker/engine/contract.ts';
import { protocolLevel } from '../../broker/mqtt/first-packet.ts';
import { untilClosed } from '../support/until-closed.ts';
import { closeDoors, openDoor } from '../support/mqtt-door.ts';
import { WireClient } from '../support/wire-client.ts';

afterEach(closeDoors);

const get = '$aws/things/lamp/jobs/get';

const packets: readonly Packet[] = [
  { cmd: 'publish', topic: get, payload: '{}', qos: 1, messageId: 1, dup: false, retain: false },
  { cmd: 'publish', topic: 'a/b', payload: 'x', qos: 2, messageId: 2, dup: true, retain: true },
  { cmd: 'subscribe', messageId: 3, subscriptions: [{ topic: '$aws/things/lamp/jobs/#', qos: 1 }] },
  { cmd: 'unsubscribe', messageId: 4, unsubscriptions: ['a/b'] },
  { cmd: 'puback', messageId: 5 },
  { cmd: 'pubrel', messageId: 2 },
  { cmd: 'pingreq' },
  { cmd: 'suback', messageId: 6, granted: [1] },
  { cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: false },
];

/** Noise, or proper packets with some bytes changed. */
const garbage = (protocolVersion: number): fc.Arbitrary<Buffer> => {
  const proper = fc
    .array(fc.constantFrom(...packets), { minLength: 1, maxLength: 4 })
    .map((some) => Buffer.concat(some.map((packet) => generate(packet, { protocolVersion }))));
  const changes = fc.array(fc.tuple(fc.nat(200), fc.integer({ min: 0, max: 255 })), { maxLength: 4 });
  const spoiled = fc.tuple(proper, changes).map(([bytes, edits]) => {
    const copy = Buffer.from(bytes);
    for (const [at, value] of edits) copy[at % copy.length] = value;
    return copy;
  });
  const noise = fc.uint8Array({ minLength: 1, maxLength: 64 }).map((bytes) => Buffer.from(bytes));
  return fc.oneof({ weight: 3, arbitrary: spoiled }, { weight: 1, arbitrary: noise });
};

it.each([4, 5] as const)('the service goes on after garbage in MQTT %i', async (protocolVersion) => {
  const { port } = await openDoor();
  const witness = await WireClient.connect(port, { clientId: 'lamp', protocolVersion });
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(garbage(protocolVersion), fc.boolean(), async (bytes, loggedIn) => {
      const clientId = `noisy-${(runs += 1)}`;
      if (loggedIn) {
        const noisy = await WireClient.connect(port, { clientId, protocolVersion });
        noisy.stream.end(bytes);
        await noisy.closed;
      } else {
        const socket = connect(port, '127.0.0.1').resume();
        socket.end(bytes);
        await untilClosed(socket);
      }
      expect((await witness.request(get)).topic).toBe(`${get}/accepted`);
    }),
    { numRuns: 100 },
  );
});

const failing = ({ name }: Command): Reply<object> => {
  if (name === 'iotjobsdata:UpdateJobExecution') throw new Error('planted');
  return { accepted: true, response: { inProgress: [], queued: [] } };
};

it('a bug costs the client that meets it its connection, and is told', async () => {
  const { port, happened } = await openDoor({ script: { reply: failing } });
  const witness = await WireClient.connect(port, { clientId: 'lamp' });
  const unlucky = await WireClient.connect(port, { clientId: 'fan' });
  unlucky.publish('$aws/things/fan/jobs/job-1/update', { status: 'SUCCEEDED' });
  await unlucky.closed;
  const stack = expect.stringContaining('Error: planted') as string;
  expect(await happened('connection-failed')).toEqual({ kind: 'connection-failed', clientId: 'fan', stack });
  expect((await witness.request(get)).topic).toBe(`${get}/accepted`);
});

it('the version is told from the first bytes, however they are cut', () => {
  const versions = fc.constantFrom(3 as const, 4 as const, 5 as const);
  fc.assert(
    fc.property(versions, fc.string({ minLength: 1, maxLength: 300 }), (protocolVersion, clientId) => {
      const protocolId = protocolVersion === 3 ? 'MQIsdp' : 'MQTT';
      const bytes = generate({ cmd: 'connect', protocolId, protocolVersion, clientId, clean: true, keepalive: 9 });
      const told = Array.from(bytes, (_, index) => protocolLevel(bytes.subarray(0, index)));
      const first = told.findIndex((level) => level !== undefined);
      expect(first).toBeGreaterThan(0);
      expect(new Set(told.slice(first))).toEqual(new Set([protocolVersion]));
    }),
  );
  expect([...'GET / HTTP/1.1'].map((letter) => protocolLevel(Buffer.from(letter)))[0]).toBe(0);
  expect(protocolLevel(Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0xff]))).toBe(0);
});
