/**
 * How many sockets this process may have open, over all its doors. Beyond its limit of file descriptors the system refuses
 * silently: Node accepts and drops connections without a word, and clients see a reset. So the doors count here. Where there
 * is no room, the connection that has waited longest without proving anything gives way to the new one, so that sockets
 * which never say anything cannot keep devices out; only when all have proved something is the new one closed.
 */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Left for files and everything else of this process. */
const reservedDescriptors = 100;

/** Infinite where the system does not tell: only Linux does, and there a limit of `unlimited` is no number. */
function connectionBudget(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? Infinity : Math.max(Number(soft) - reservedDescriptors, 1);
  } catch {
    return Infinity;
  }
}

export class SocketBudget {
  readonly max: number;
  readonly #refused: (connections: number) => void;
  readonly #open = new Map<string, Duplex>();
  /** Those that have proved nothing so far, the oldest first. */
  readonly #unproven = new Map<string, Duplex>();

  /** @param refused is told that a socket was closed because all others are in use. */
  constructor(refused: (connections: number) => void, max = connectionBudget()) {
    this.#refused = refused;
    this.max = max;
  }

  get connections(): number {
    return this.#open.size;
  }

  /** A raw socket was accepted. @returns false when there was no room and it is closed. */
  admit(socket: Duplex): boolean {
    if (this.#open.size >= this.max && !this.#makeRoom()) {
      socket.destroy();
      this.#refused(this.#open.size);
      return false;
    }
    const name = nameOf(socket);
    this.#open.set(name, socket);
    this.#unproven.set(name, socket);
    socket.on('close', () => {
      if (this.#open.get(name) === socket) this.#leave(name);
    });
    return true;
  }

  /** Whoever is at the other end has proved something, or is being served: the socket gives way to nobody. */
  hold(socket: Duplex): void {
    this.#unproven.delete(nameOf(socket));
  }

  /** It waits again, behind all others. */
  release(socket: Duplex): void {
    const name = nameOf(socket);
    const raw = this.#open.get(name);
    if (raw === undefined) return;
    this.#unproven.delete(name);
    this.#unproven.set(name, raw);
  }

  #makeRoom(): boolean {
    const [oldest] = this.#unproven;
    if (oldest === undefined) return false;
    const [name, socket] = oldest;
    this.#leave(name);
    socket.destroy();
    return true;
  }

  #leave(name: string): void {
    this.#open.delete(name);
    this.#unproven.delete(name);
  }
}

const names = new WeakMap<Duplex, string>();
let lastName = 0;

/** The same for a raw socket and for the TLS socket on top of it: both tell the address at the other end. */
export function nameOf(socket: Duplex): string {
  const known = names.get(socket);
  if (known !== undefined) return known;
  const { remoteAddress, remotePort, localPort } = socket as Partial<Socket>;
  const name = remotePort === undefined ? `unnamed ${(lastName += 1)}` : `${remoteAddress} ${remotePort} ${localPort}`;
  names.set(socket, name);
  return name;
}
