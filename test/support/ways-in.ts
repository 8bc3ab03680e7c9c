/** Every way into the MQTT door, so that one test can walk them all: transports, versions of MQTT, and bytes one by one. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { type Duplex, Transform } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { WebSocket, createWebSocketStream } from 'ws';
import { openCertificateAuthority } from '../../broker/certificates.ts';
import type { Transport } from '../../broker/mqtt/listeners.ts';
import type { MqttDoor } from '../../broker/mqtt/mqtt-door.ts';
import { duplexPair } from '../../rig/live/wire/duplex-pair.ts';
import { type TestDoor, openDoor } from './mqtt-door.ts';
import { WireClient, type WireOptions } from './wire-client.ts';

export interface WayIn {
  readonly name: string;
  readonly protocolVersion: 4 | 5;
  /** What the door has to listen on. */
  readonly transport: Transport;
  open(door: MqttDoor): Promise<Duplex>;
}

const authority = await openCertificateAuthority('memory');
const server = await authority.issueServerCertificate(['127.0.0.1']);

async function tcp({ ports }: MqttDoor): Promise<Duplex> {
  const socket = connect({ port: ports.tcp!, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}

async function tls(port: number, ALPNProtocols: string[]): Promise<Duplex> {
  const socket = connectTls({ port, host: '127.0.0.1', ca: authority.ca, ALPNProtocols });
  await once(socket, 'secureConnect');
  return socket;
}

async function webSocket(url: string): Promise<Duplex> {
  const socket = new WebSocket(url, 'mqtt', { ca: authority.ca });
  await once(socket, 'open');
  return createWebSocketStream(socket, { allowHalfOpen: false });
}

/** What is written arrives in single bytes. */
function singleBytes(door: MqttDoor): Promise<Duplex> {
  const [near, far] = duplexPair();
  near.once('end', () => near.destroy());
  const cut = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      for (const byte of chunk) this.push(Buffer.from([byte]));
      done();
    },
  });
  const write = near.write.bind(near);
  cut.on('data', (byte: Buffer) => write(byte));
  near.write = ((chunk: Buffer) => cut.write(chunk)) as Duplex['write'];
  door.accept(far);
  return Promise.resolve(near);
}

const transports: Readonly<Record<string, readonly [Transport, WayIn['open']]>> = {
  TCP: ['tcp', tcp],
  TLS: ['tls', ({ ports }) => tls(ports.tls!, [])],
  'TLS by ALPN on the port of WebSocket': ['wss', ({ ports }) => tls(ports.wss!, ['x-amzn-mqtt-ca'])],
  WebSocket: ['ws', ({ ports }) => webSocket(`ws://127.0.0.1:${ports.ws!}/mqtt`)],
  'WebSocket over TLS': ['wss', ({ ports }) => webSocket(`wss://127.0.0.1:${ports.wss!}/mqtt`)],
  'a stream in single bytes': ['tcp', singleBytes],
};

export const waysIn: readonly WayIn[] = ([4, 5] as const).flatMap((protocolVersion) =>
  Object.entries(transports).map(([name, [transport, open]]) => ({
    name: `MQTT ${protocolVersion === 4 ? '3.1.1' : '5'}, ${name}`,
    protocolVersion,
    transport,
    open,
  })),
);

/** A door with this way in, where a client is the thing that its client id names. */
export function openDoorFor({ transport }: WayIn, options: Parameters<typeof openDoor>[0] = {}): Promise<TestDoor> {
  const certificates = { ...server, ca: authority.ca };
  return openDoor({ listeners: { [transport]: 0 }, certificates, identity: 'client-id', ...options });
}

/** A connection on which nothing has been sent. */
export async function arrive(door: MqttDoor, way: WayIn): Promise<WireClient> {
  return new WireClient(await way.open(door), way.protocolVersion);
}

export async function connectBy(door: MqttDoor, way: WayIn, options: WireOptions): Promise<WireClient> {
  const client = await arrive(door, way);
  await client.login({ ...options, protocolVersion: way.protocolVersion });
  return client;
}
