/** An endpoint that takes part in what comes before MQTT up to a stage, and says nothing more, until the test ends. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { isSecure } from '../../agent/endpoint.ts';
import { endAfterTest } from './after-test.ts';
import { testCertificates } from './test-certificates.ts';

export type Stage = 'connection' | 'TLS handshake' | 'WebSocket upgrade';

const { certificates } = await testCertificates();
export const { ca } = certificates;

/** @returns its URL */
export async function endpointThatStopsAfter(scheme: string, last: Stage): Promise<string> {
  const sockets = new Set<Socket>();
  const talk = (socket: Socket): void => {
    sockets.add(socket.on('error', () => {}));
    if (last === 'WebSocket upgrade') socket.once('data', (bytes) => socket.write(upgraded(bytes.toString())));
    else socket.resume();
  };
  const shakes = isSecure(`${scheme}:`) && last !== 'connection';
  const server = (shakes ? createTlsServer(certificates, talk) : createServer(talk)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  endAfterTest(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Source: RFC 6455 §4.2.2. */
function upgraded(request: string): string {
  const [, key] = /^Sec-WebSocket-Key: (\S+)/im.exec(request)!;
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n`;
}
