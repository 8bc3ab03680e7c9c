/**
 * How much of what clients send is kept: messages that wait in the queues of persistent sessions, retained messages, last wills,
 * and what persistent sessions subscribe to. Each has a bound of its own, and all messages together have one, so that nobody can
 * fill the memory of the service, nor of the one that is started after it. What is one too many is not kept; who is told of it is
 * for whoever asks. Source: reference limits.md §5, where AWS says a figure; the others are this rig's own.
 */

/** Of one persistent session; AWS names no figure. A device that comes back asks for its jobs anyway. */
export const maxQueuedMessages = 1000;
export const maxQueuedBytes = 8 * 1024 * 1024;
/** AWS's own figure is 500,000 for an account, of 128 KB each. */
export const maxRetainedMessages = 10_000;
/** All queues, retained messages and last wills together. */
const maxKeptBytes = 256 * 1024 * 1024;
/** What a message costs beside its topic and payload. */
const overheadBytes = 256;
/** Persistent sessions, connected or away: ten times as many as one process has sockets for. */
export const maxSessions = 200_000;
/** What all of them subscribe to, which AWS bounds for each of them only: 50 filters of 256 bytes. */
const maxFilterBytes = 512 * 1024 * 1024;
/** What a level of a filter costs beside its text. */
const levelBytes = 64;

export interface Sized {
  readonly topic: string;
  readonly payload: { readonly length: number };
}

interface Queue {
  messages: number;
  bytes: number;
}

export function bytesOf({ topic, payload }: Sized): number {
  return overheadBytes + topic.length + payload.length;
}

function bytesOfFilter(filter: string): number {
  let levels = 2;
  for (let at = filter.indexOf('/'); at !== -1; at = filter.indexOf('/', at + 1)) levels += 1;
  return levels * levelBytes + filter.length;
}

export class MemoryBounds {
  readonly #queues = new Map<string, Queue>();
  readonly #retained = new Map<string, number>();
  readonly #wills = new Map<object, number>();
  readonly #maxBytes: number;
  readonly #maxFilterBytes: number;
  #bytes = 0;
  #filterBytes = 0;

  constructor(maxBytes = maxKeptBytes, maxBytesOfFilters = maxFilterBytes) {
    this.#maxBytes = maxBytes;
    this.#maxFilterBytes = maxBytesOfFilters;
  }

  /** A persistent session subscribes. @returns false when there is no room for one more filter */
  subscribe(filter: string): boolean {
    const bytes = bytesOfFilter(filter);
    if (this.#filterBytes + bytes > this.#maxFilterBytes) return false;
    this.#filterBytes += bytes;
    return true;
  }

  /** It does so no longer. */
  unsubscribe(filter: string): void {
    this.#filterBytes -= bytesOfFilter(filter);
  }

  /** A message is to wait for a session. @returns false when it is one too many */
  queue(clientId: string, message: Sized): boolean {
    const bytes = bytesOf(message);
    const queue = this.#queues.get(clientId) ?? { messages: 0, bytes: 0 };
    if (queue.messages >= maxQueuedMessages || queue.bytes + bytes > maxQueuedBytes || !this.#take(bytes)) return false;
    queue.messages += 1;
    queue.bytes += bytes;
    this.#queues.set(clientId, queue);
    return true;
  }

  /** It waits no longer. */
  unqueue(clientId: string, message: Sized): void {
    const queue = this.#queues.get(clientId);
    if (queue === undefined) return;
    const bytes = Math.min(bytesOf(message), queue.bytes);
    queue.messages -= 1;
    queue.bytes -= bytes;
    this.#bytes -= bytes;
    if (queue.messages <= 0) this.#queues.delete(clientId);
  }

  /** Takes the place of the one before it. @returns false when it is one too many; the one before it then stays */
  retain(message: Sized): boolean {
    const before = this.#retained.get(message.topic) ?? 0;
    if (message.payload.length === 0) {
      this.#retained.delete(message.topic);
      this.#bytes -= before;
      return true;
    }
    const bytes = bytesOf(message);
    if (before === 0 && this.#retained.size >= maxRetainedMessages) return false;
    if (!this.#take(bytes - before)) return false;
    this.#retained.set(message.topic, bytes);
    return true;
  }

  /** A client leaves a last will. @returns false when there is no room for it */
  will(client: object, message: Sized): boolean {
    const bytes = bytesOf(message);
    if (!this.#take(bytes)) return false;
    this.#wills.set(client, bytes);
    return true;
  }

  /** The client has gone, and its will with it. */
  forgetWill(client: object): void {
    this.#bytes -= this.#wills.get(client) ?? 0;
    this.#wills.delete(client);
  }

  #take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes) return false;
    this.#bytes += bytes;
    return true;
  }
}
