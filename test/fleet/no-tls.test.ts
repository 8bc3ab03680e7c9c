/** A fleet that asks for TLS where nobody speaks it: one line says so. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { startFleet } from '../../agent/fleet.ts';

it.each([
  ['a web server', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'TLS: wrong version number'],
  ['an alert', '\u0015\u0003\u0003\u0000\u0002\u0002(', 'TLS: sslv3 alert handshake failure'],
])('%s', async (_, answer, reason) => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.write(answer, 'latin1'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `mqtts://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await expect(startFleet({ endpoint, things: 1, timeScale: 50 })).rejects.toMatchObject({
      message: `No device can connect to ${endpoint}: ${reason}`,
    });
  } finally {
    server.close();
  }
});
