/** What a connection that does not come up is told to wait for, by each scheme and whatever is silent: by a device, and by a thing of a load. */
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { openDeviceConnection } from '../../agent/mqtt/device-connection.ts';
import { HandshakeWatch } from '../../agent/mqtt/handshakes.ts';
import { linesTo } from '../../rig/load/network-lines.ts';
import { WireClient } from '../../rig/load/wire-client.ts';
import { endAfterTest } from '../support/after-test.ts';
import { ca, endpointThatStopsAfter } from '../support/stopping-endpoint.ts';

const ignore = (): void => {};

describe.each([
  ['mqtt', 'connection', 'CONNACK'],
  ['mqtts', 'connection', 'end of the TLS handshake'],
  ['mqtts', 'TLS handshake', 'CONNACK'],
  ['ws', 'connection', 'WebSocket upgrade'],
  ['ws', 'WebSocket upgrade', 'CONNACK'],
  ['wss', 'connection', 'end of the TLS handshake'],
  ['wss', 'TLS handshake', 'WebSocket upgrade'],
  ['wss', 'WebSocket upgrade', 'CONNACK'],
] as const)('at %s, after the %s', (scheme, last, missing) => {
  it(`a device misses the ${missing}`, async () => {
    const endpoint = await endpointThatStopsAfter(scheme, last);
    const closed = await new Promise<Error | undefined>((resolve) => {
      openDeviceConnection({
        endpoint,
        thingName: 'thing-1',
        credentials: { ca },
        keepsSession: false,
        keepAliveMs: 120_000,
        connectWithinMs: 400,
        listener: { connected: ignore, subscribed: ignore, message: ignore, stream: ignore, closed: resolve },
      });
    });
    expect(closed?.message).toBe(`no ${missing} for 0.4 s`);
  });

  it(`a thing of a load misses the ${missing}`, async () => {
    const client = new WireClient({
      index: 0,
      clientId: 'thing-1',
      filters: [],
      keepAliveSeconds: 0,
      open: await linesTo(await endpointThatStopsAfter(scheme, last), () => ({ ca })),
      listener: { ready: ignore, message: ignore, ponged: ignore, gone: ignore },
    });
    endAfterTest(() => client.drop());
    await expect.poll(() => client.awaits).toBe(missing);
  });
});

it('a socket to where nobody answers misses the connection', () => {
  const handshakes = new HandshakeWatch();
  const socket = handshakes.watch(net.connect({ host: 'nobody.example', port: 1, lookup: ignore }));
  endAfterTest(() => void socket.destroy());
  expect(handshakes.awaited).toBe('connection');
});
