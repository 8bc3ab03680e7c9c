/**
 * What a connection may take of a server before it has said anything useful: seconds for a TLS handshake, for the headers of
 * a request and for all of it, and bytes and lines of headers. Node's own limits are minutes, and an idle timeout starts again
 * with every byte, so the handshake has a deadline here.
 */
import type { ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import type { Server } from 'node:tls';
import { nameOf } from './socket-budget.ts';
import { FewAtOnce } from './turns.ts';

const handshakeMs = 10_000;
/** A handshake is a millisecond of work, most of it before anything is proved: of very many at once a few begin in each turn. */
const handshakesPerTurn = 4;

/** For every HTTP server, those that only upgrade to WebSocket included. */
export const httpLimits: ServerOptions = {
  headersTimeout: 10_000,
  /** An upload of a large log over a slow line takes its time. */
  requestTimeout: 300_000,
  connectionsCheckingInterval: 2000,
  keepAliveTimeout: 5000,
  maxHeaderSize: 16 * 1024,
};

export const maxHeaders = 100;

/** What a socket may hold before its writer is told to wait; Node 22 made it four times as much. */
export const socketBuffers = { highWaterMark: 16 * 1024 } as const;

/** Says nothing of who is at fault: a device that was switched off ends it so, and one that does not trust this service. */
export const lostInHandshake =
  'the connection ended in the TLS handshake: does the client trust the CA of this service?';

/** @param expired is told why a connection was closed. */
export function limitHandshakes(server: Server, expired: (error: Error) => void, patienceMs = handshakeMs): void {
  spreadHandshakes(server);
  const deadlines = new Map<string, NodeJS.Timeout>();
  const done = (name: string): void => {
    clearTimeout(deadlines.get(name));
    deadlines.delete(name);
  };
  server.prependListener('connection', (socket) => {
    if (socket.destroyed) return;
    const name = nameOf(socket);
    const expire = (): void => {
      socket.destroy();
      expired(new Error(`no TLS handshake within ${patienceMs / 1000} s`));
    };
    deadlines.set(name, setTimeout(expire, patienceMs).unref());
    socket.once('close', () => done(name));
  });
  server.prependListener('secureConnection', (socket) => done(nameOf(socket)));
}

/** Node begins a handshake as soon as it hears of a connection; what has come by then it reads when it begins. */
function spreadHandshakes(server: Server): void {
  const handshakes = new FewAtOnce(handshakesPerTurn);
  const begin = server.listeners('connection') as ((socket: Socket) => void)[];
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    handshakes.do(() => {
      if (socket.destroyed) return;
      for (const listener of begin) listener.call(server, socket);
    });
  });
}
