/**
 * Observers that come and go while a service runs: a live page that somebody opens and closes, a log, a test. Whoever emits asks
 * {@link Watchers.observer} each time, so that what nobody looks at costs one look at a member.
 */
import type { Observer } from './observation.ts';
import { observeAll } from './observers.ts';

export class Watchers {
  /** All that look now, as one. */
  observer: Observer = {};
  #observers: readonly Observer[] = [];

  /** @returns ends it. */
  add(observer: Observer): () => void {
    // The same observer may be added twice, and each time ends by itself.
    const added: Observer = { ...observer };
    this.#set([...this.#observers, added]);
    return () => this.#set(this.#observers.filter((other) => other !== added));
  }

  #set(observers: readonly Observer[]): void {
    this.#observers = observers;
    this.observer = observeAll(observers);
  }
}
