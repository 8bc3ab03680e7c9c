/**
 * The clients that share one subscription, `$share/NAME/FILTER`: each message goes to one of those that are connected. While
 * none is, QoS 1 messages wait here, provided that a member has a persistent session; the first that comes back gets them.
 * Assumed: AWS picks one at random; here they take turns, which is as even and can be tested.
 * Source: AWS IoT developer guide, "Shared subscriptions" of MQTT, docs/reference/connection.md §3.
 */
import type { Owner } from './kept-sessions.ts';
import { type Message, type Qos, asDelivered } from './message.ts';
import type { Entry, Receiver, Session, SessionContext } from './session.ts';

export class SharedGroup implements Receiver {
  /** `NAME/FILTER`. */
  readonly name: string;
  readonly #members = new Map<Session, Qos>();
  isMoved = false;
  /** The members, the next one that is to get a message first. */
  readonly #line = new Set<Session>();
  readonly #waiting: Entry[] = [];
  readonly #context: SessionContext;

  constructor(name: string, context: SessionContext) {
    this.name = name;
    this.#context = context;
  }

  get owner(): Owner {
    return { group: this.name };
  }

  /** It has members. */
  get isAlive(): boolean {
    return this.#members.size > 0;
  }

  /** A member's session is persistent, so that messages wait. */
  get keepsMessages(): boolean {
    for (const session of this.#members.keys()) if (session.keepsMessages) return true;
    return false;
  }

  join(session: Session, qos: Qos): void {
    this.#members.set(session, qos);
    this.#line.add(session);
    this.handOut();
  }

  leave(session: Session): void {
    this.#members.delete(session);
    this.#line.delete(session);
    if (this.#members.size === 0) for (const { message, key } of this.#waiting.splice(0)) this.release(message, key);
  }

  /** The member is at another door now. What waits, when it was the last one here, stays kept. */
  letGo(session: Session): void {
    this.#members.delete(session);
    this.#line.delete(session);
    if (this.#members.size > 0) return;
    this.isMoved = true;
    for (const { message } of this.#waiting.splice(0)) this.#context.bounds.unqueue(this.name, message);
  }

  reserve(message: Message): boolean {
    if (message.qos === 0 || this.#context.bounds.queue(this.name, message)) return true;
    this.#context.dropped({ what: 'group message', group: this.name });
    return false;
  }

  release(message: Message, key: string | undefined): void {
    if (message.qos > 0) this.#context.bounds.unqueue(this.name, message);
    this.#context.forget(key);
  }

  post(message: Message, key?: string): void {
    const member = this.#next();
    if (member !== undefined) this.#give(member, message, key);
    else if (message.qos === 0 || !this.keepsMessages) this.release(message, key);
    else this.#waiting.push({ message, key });
  }

  /** Somebody is connected again. */
  handOut(): void {
    if (this.#waiting.length === 0) return;
    for (const entry of this.#waiting.splice(0)) this.post(entry.message, entry.key);
  }

  #give(session: Session, message: Message, key: string | undefined): void {
    const granted = this.#members.get(session) ?? 0;
    if (granted >= message.qos) {
      session.post(message, key, message.qos > 0 ? this : undefined);
      return;
    }
    this.release(message, key);
    session.post(asDelivered(message, granted, message.retain));
  }

  #next(): Session | undefined {
    for (const session of this.#line) {
      if (!session.isReady) continue;
      this.#line.delete(session);
      this.#line.add(session);
      return session;
    }
    return undefined;
  }
}
