/**
 * What callers by HTTP have not read of their answers. Node keeps an answer until its caller takes it, for each request that came
 * behind another one, too, and waits for ever. A caller who leaves very much unread loses its connection, so does one who leaves
 * something and reads nothing for a minute, and, when all together leave too much, the one who has done so for longest. Looked at
 * once a second: no more can be written meanwhile than a process answers in that time. An answer that is late is nobody's fault.
 * Source: docs/security.md, "Bounds".
 */
import type { ServerResponse } from 'node:http';
import { HeldMemory } from './held-memory.ts';

const lookEveryMs = 1000;
const defaultStandstillMs = 60_000;
const mebibyte = 1024 * 1024;
const freeBytes = 64 * 1024;

/** A connection and what it is answered. */
export interface Answered {
  readonly connection: Closable;
  readonly answers: Iterable<ServerResponse>;
}

interface Closable {
  destroy(error?: Error): unknown;
  /** Of sockets: closes one on which nothing moves for so long. */
  setTimeout?(ms: number): unknown;
}

export class UnreadAnswers {
  readonly #maxBytes: number;
  readonly #held: HeldMemory;
  readonly #standstillMs: number;
  /** Those that have left something unread. */
  readonly #unread = new Set<Answered>();
  readonly #looked = new Set<Answered>();
  #timer: NodeJS.Timeout | undefined;

  /** @param maxBytes of one connection. @param maxBytesTogether of all. */
  constructor(standstillMs = defaultStandstillMs, maxBytes = mebibyte, maxBytesTogether = 256 * mebibyte) {
    this.#standstillMs = standstillMs;
    this.#maxBytes = maxBytes;
    this.#held = new HeldMemory(maxBytesTogether, freeBytes);
  }

  /** It is owed an answer. */
  watch(answered: Answered): void {
    this.#looked.add(answered);
    this.#timer ??= setInterval(() => this.look(), lookEveryMs).unref();
  }

  /** All its answers have left, or it is gone. */
  leave(answered: Answered): void {
    this.#looked.delete(answered);
    this.#unread.delete(answered);
    this.#held.letGo(answered.connection);
    if (this.#looked.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  look(): void {
    for (const answered of this.#looked) {
      const { connection, answers } = answered;
      let bytes = 0;
      for (const answer of answers) bytes += answer.writableLength;
      this.#mark(answered, bytes > 0);
      if (bytes > this.#maxBytes) connection.destroy();
      else this.#held.hold(connection, bytes);
    }
  }

  /** Node closes a socket on which nothing moves, if it is told to. */
  #mark(answered: Answered, isUnread: boolean): void {
    if (isUnread === this.#unread.has(answered)) return;
    if (isUnread) this.#unread.add(answered);
    else this.#unread.delete(answered);
    answered.connection.setTimeout?.(isUnread ? this.#standstillMs : 0);
  }
}
