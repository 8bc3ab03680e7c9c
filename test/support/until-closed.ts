import type { Duplex } from 'node:stream';

/** When a socket is closed, by a reset, too: its peer may close it while something is on the way, for which `once` would throw. */
export function untilClosed(socket: Duplex): Promise<unknown> {
  return socket.closed
    ? Promise.resolve()
    : new Promise((resolve) => socket.on('error', () => {}).once('close', resolve));
}
