/**
 * Persistent sessions whose door is away, or is about to change: of what is said meanwhile the engine itself keeps what they have subscribed
 * to, as their door would, in the same commit. Whichever door has them next gets it. Shared subscriptions are served where their other
 * members are.
 */
import { randomUUID } from 'node:crypto';
import { announce } from '../mqtt/announcements.ts';
import { KeptSessions, type SessionChange, type SessionRow } from '../mqtt/kept-sessions.ts';
import { maxQueuedMessages } from '../mqtt/memory-bounds.ts';
import { type Message, asDelivered } from '../mqtt/message.ts';
import { type PassedMessage, fromPassed } from '../mqtt/passing.ts';
import type { DoorReadings } from '../mqtt/readings.ts';
import { type Match, SubscriptionIndex } from '../mqtt/subscription-index.ts';
import { parseFilter } from '../mqtt/topic-rules.ts';
import type { Effect } from '../engine/contract.ts';
import type { KeptRow, SessionRows } from './session-rows.ts';

/** One that waits for a door. */
export interface Waiting {
  readonly clientId: string;
  /** A door that has it in memory until it says that it has let go of it: what that one publishes it has kept itself. */
  heldBy: object | undefined;
  /** What was kept for it since it waits. */
  readonly added: KeptRow[];
  readonly filters: readonly string[];
}

export class WaitingSessions {
  readonly #index = new SubscriptionIndex<Waiting>();
  readonly #byClientId = new Map<string, Waiting>();
  readonly #rows: SessionRows;
  readonly #forms: DoorReadings['namespacedNotify'];
  readonly #kept: KeptSessions;
  #made: KeptRow[] = [];

  constructor(rows: SessionRows, forms: DoorReadings['namespacedNotify']) {
    this.#rows = rows;
    this.#forms = forms;
    const keep = (change: SessionChange): void => void this.#made.push(change as KeptRow);
    // Doors that are away for a moment, and earlier engines, use other keys.
    this.#kept = new KeptSessions({ rows: () => [], keep, kept: () => Promise.resolve() }, `${randomUUID()}/`);
  }

  has(clientId: string): boolean {
    return this.#byClientId.has(clientId);
  }

  clientIds(): Iterable<string> {
    return this.#byClientId.keys();
  }

  add(row: SessionRow, heldBy?: object): void {
    this.take(row.clientId);
    const filters: string[] = [];
    const waiting: Waiting = { clientId: row.clientId, heldBy, added: [], filters };
    this.#byClientId.set(row.clientId, waiting);
    for (const [text, qos, options] of row.filters) {
      const parsed = parseFilter(text);
      if (qos === 0 || typeof parsed === 'string' || parsed.shareName !== undefined) continue;
      filters.push(parsed.filter);
      this.#index.add(waiting, parsed.filter, { ...options, qos });
    }
  }

  /** It has a door from now on, or is gone. */
  take(clientId: string): Waiting | undefined {
    const waiting = this.#byClientId.get(clientId);
    if (waiting === undefined) return undefined;
    this.#byClientId.delete(clientId);
    for (const filter of waiting.filters) this.#index.remove(waiting, filter);
    return waiting;
  }

  /** This door has said everything that it had of them. */
  letGo(door: object): void {
    for (const waiting of this.#byClientId.values()) if (waiting.heldBy === door) waiting.heldBy = undefined;
  }

  /** @param of whom alone it is about @returns what is to be kept with the effect */
  announced(effect: Effect, of?: ReadonlySet<string>): readonly KeptRow[] {
    if (this.#byClientId.size === 0) return none;
    announce(effect, this.#forms, (topic, writePayload) => {
      const matches = this.#index.match(topic);
      if (matches.length === 0) return;
      const payload = writePayload();
      for (const match of matches) this.#keep(match, { topic, payload, qos: 1, retain: false }, of);
    });
    return this.#takeMade();
  }

  /** @param by the door whose client has published @returns what is to be kept */
  passed(passed: PassedMessage, by: object | undefined, of?: ReadonlySet<string>): readonly KeptRow[] {
    if (passed.qos === 0 || this.#byClientId.size === 0) return none;
    const matches = this.#index.match(passed.topic);
    if (matches.length === 0) return none;
    const message = fromPassed(passed);
    for (const match of matches) {
      if (match.subscriber.heldBy !== undefined && match.subscriber.heldBy === by) continue;
      this.#keep(match, asDelivered(message, 1, message.retain && match.retainAsPublished), of);
    }
    return this.#takeMade();
  }

  #keep({ subscriber }: Match<Waiting>, message: Message, of: ReadonlySet<string> | undefined): void {
    const { clientId, added } = subscriber;
    if (of?.has(clientId) === false || this.#rows.countFor(clientId) >= maxQueuedMessages) return;
    this.#kept.addMessage({ clientId }, message, this.#rows.lastSequence);
    const row = this.#made.at(-1)!;
    this.#rows.apply(row);
    added.push(row);
  }

  #takeMade(): readonly KeptRow[] {
    const made = this.#made;
    if (made.length > 0) this.#made = [];
    return made;
  }
}

const none: readonly never[] = Object.freeze([]);
