/**
 * The last message that was published with RETAIN on each topic, for who subscribes to exactly that topic. An empty payload
 * removes it. Source: MQTT 3.1.1 §3.3.1.3, docs/reference/connection.md §3 (exact filters only).
 */
import type { KeptSessions } from './kept-sessions.ts';
import type { MemoryBounds } from './memory-bounds.ts';
import { type Message, isExpired } from './message.ts';

export class RetainedMessages {
  readonly #byTopic = new Map<string, Message>();
  readonly #kept: KeptSessions | undefined;
  readonly #bounds: MemoryBounds;

  constructor(kept: KeptSessions | undefined, bounds: MemoryBounds) {
    this.#kept = kept;
    this.#bounds = bounds;
  }

  /** From an earlier process. */
  restore(message: Message): void {
    if (this.#bounds.retain(message)) this.#byTopic.set(message.topic, message);
    else this.#kept?.saveRetained({ ...message, payload: '' });
  }

  /** @returns false when it is one too many; who is subscribed gets it all the same. */
  set(message: Message): boolean {
    if (!this.#bounds.retain(message)) return false;
    const { topic, payload } = message;
    if (payload.length > 0) this.#byTopic.set(topic, message);
    else if (!this.#byTopic.delete(topic)) return true;
    this.#kept?.saveRetained(message);
    return true;
  }

  get(topic: string): Message | undefined {
    const message = this.#byTopic.get(topic);
    return message === undefined || isExpired(message) ? undefined : message;
  }
}
