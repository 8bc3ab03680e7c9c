/**
 * Opening and closing a server so that a taken port is an error with a name, and closing an HTTP server ends: connections that
 * are idle at once, those with a request under way after it is answered or after a short grace.
 */
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { OperationalError } from '../../protocol/operational-error.ts';

const closingGraceMs = 500;
/** Takes a fleet that connects at once. */
const backlog = 4096;

export type WantedPort = number | { readonly preferred: number };

export interface Place {
  readonly host: string;
  /** 0 for a free one. A preferred one that is taken gives way to a free one. */
  readonly port: WantedPort;
  /** How errors call the listener and the option that moves it, e.g. `MQTT over TLS` and `--mqtts-port`. */
  readonly purpose: string;
  readonly option: string;
}

/** @returns the port listened on. @throws OperationalError `PORT_TAKEN` or `CANNOT_LISTEN` */
export async function listen(server: Server, { port: wanted, ...place }: Place): Promise<number> {
  if (typeof wanted === 'number') return listenAt(server, { ...place, port: wanted });
  try {
    return await listenAt(server, { ...place, port: wanted.preferred });
  } catch (error) {
    if (!(error instanceof OperationalError) || error.code !== 'PORT_TAKEN') throw error;
    return listenAt(server, { ...place, port: 0 });
  }
}

type CertainPlace = Place & { readonly port: number };

async function listenAt(server: Server, place: CertainPlace): Promise<number> {
  const { host, port } = place;
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void => reject(listenError(cause, place));
    server.once('error', failed);
    server.listen({ host, port, backlog }, () => {
      server.off('error', failed);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

function listenError(cause: NodeJS.ErrnoException, { host, port, purpose, option }: CertainPlace): OperationalError {
  if (cause.code === 'EADDRINUSE') {
    return new OperationalError('PORT_TAKEN', `Port ${port} on ${host} is taken by another process`, {
      hint: `Choose another port for ${purpose} with ${option}, or 0 for a free one.`,
      cause,
    });
  }
  return new OperationalError('CANNOT_LISTEN', `Cannot listen for ${purpose} on ${host}:${port}: ${cause.message}`, {
    hint: `Choose an address of this machine with --host, and with ${option} a port that this user may open.`,
    cause,
  });
}

export async function closeHttpServer(server: HttpServer): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  const grace = setTimeout(() => server.closeAllConnections(), closingGraceMs);
  await closed;
  clearTimeout(grace);
}
