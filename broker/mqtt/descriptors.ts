/**
 * How many sockets this process may have open. Beyond its limit of file descriptors the system refuses silently: Node accepts
 * and drops connections without a word, and clients see a reset. So the door counts, and says so before it comes to that.
 */
import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';

/** Left for files, the HTTP door and everything else of this process. */
const reservedDescriptors = 100;

/** Infinite where the system does not tell: only Linux does, and there a limit of `unlimited` is no number. */
export function connectionBudget(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? Infinity : Math.max(Number(soft) - reservedDescriptors, 1);
  } catch {
    return Infinity;
  }
}

/** @returns what to call with each new socket; it closes one that is too many, and says so. */
export function countSockets(max: number, refused: (connections: number) => void): (socket: Duplex) => void {
  let connections = 0;
  return (socket) => {
    if (connections >= max) {
      socket.destroy();
      refused(connections);
      return;
    }
    connections += 1;
    socket.once('close', () => (connections -= 1));
  };
}
