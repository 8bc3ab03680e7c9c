/** What a device's connection puts on the wire, seen by a server that only takes packets apart. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type Packet, generate, parser } from 'mqtt-packet';
import { expect, it } from 'vitest';
import { type ConnectionListener, openDeviceConnection } from '../../agent/mqtt/device-connection.ts';

const ignore = (): void => {};

it('a device connects with a clean session and its name, subscribes and publishes with QoS 1, and says goodbye', async () => {
  const packets: Packet[] = [];
  const server = createServer((socket) => {
    const decoder = parser({ protocolVersion: 4 });
    decoder.on('packet', (packet) => {
      packets.push(packet);
      if (packet.cmd === 'connect') socket.write(generate({ cmd: 'connack', returnCode: 0, sessionPresent: true }));
      if (packet.cmd === 'subscribe')
        socket.write(generate({ cmd: 'suback', messageId: packet.messageId!, granted: [1] }));
      if (packet.cmd === 'publish') socket.write(generate({ cmd: 'puback', messageId: packet.messageId! }));
    });
    socket.on('data', (chunk: Buffer) => decoder.parse(chunk));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const up = await new Promise<{ readonly sessionPresent: boolean }>((resolve, reject) => {
    const listener: ConnectionListener = {
      connected(sessionPresent) {
        connection.subscribe(['$aws/things/thing-1/jobs/notify']);
        resolve({ sessionPresent });
      },
      subscribed() {
        connection.publish({ operation: 'DescribeJobExecution', jobId: '$next', body: {} });
        connection.disconnect(() => server.close());
      },
      message: ignore,
      stream: ignore,
      closed: (reason) => reject(reason ?? new Error('closed')),
    };
    const connection = openDeviceConnection({
      endpoint: `mqtt://127.0.0.1:${port}`,
      thingName: 'thing-1',
      keepsSession: false,
      keepAliveMs: 120_000,
      listener,
    });
  });
  await once(server, 'close');

  expect(up).toEqual({ sessionPresent: true });
  expect(packets.map(({ cmd }) => cmd)).toEqual(['connect', 'subscribe', 'publish', 'disconnect']);
  expect(packets[0]).toMatchObject({ clientId: 'thing-1', clean: true, keepalive: 120, protocolVersion: 4 });
  expect(packets[1]).toMatchObject({ subscriptions: [{ topic: '$aws/things/thing-1/jobs/notify', qos: 1 }] });
  expect(packets[2]).toMatchObject({ topic: '$aws/things/thing-1/jobs/$next/get', qos: 1, retain: false });
});
