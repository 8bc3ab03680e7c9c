/**
 * Opening and closing a Node HTTP server so that a taken port is an error with a name, and closing ends: connections that
 * are idle at once, those with a request under way after it is answered or after a short grace.
 */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OperationalError } from '../../protocol/operational-error.ts';

const closingGraceMs = 500;

/** @returns the port listened on, which `port` 0 leaves to the system. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(listenError(cause, host, port)));
    server.listen({ host, port }, resolve);
  });
  return (server.address() as AddressInfo).port;
}

function listenError(cause: NodeJS.ErrnoException, host: string, port: number): OperationalError {
  if (cause.code === 'EADDRINUSE') {
    return new OperationalError('PORT_TAKEN', `Port ${port} on ${host} is taken by another process`, {
      hint: 'Choose another port for HTTP, or 0 for a free one.',
      cause,
    });
  }
  return new OperationalError('CANNOT_LISTEN', `Cannot listen for HTTP on ${host}:${port}: ${cause.message}.`, {
    hint: 'Choose an address of this machine and a port that this user may open.',
    cause,
  });
}

export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  const grace = setTimeout(() => server.closeAllConnections(), closingGraceMs);
  await closed;
  clearTimeout(grace);
}
