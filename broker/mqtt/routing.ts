/**
 * To whom a message goes: those of clients, of the service and of other doors, retained ones. All are routed alike, here and not by
 * aedes, whose routing loses QoS 1 messages to persistent sessions with overlapping filters and knows neither shared subscriptions
 * nor what AWS's broker does otherwise than the standard.
 * Source: docs/reference/connection.md §3; moscajs/aedes issues 543 and 994; docs/decisions/0008-routing.md.
 */
import { Disconnection } from './disconnection.ts';
import { FanOut, isForMany } from './fan-out.ts';
import type { KeptSessions } from './kept-sessions.ts';
import { type Message, type Qos, asDelivered } from './message.ts';
import { type Passage, type PassedMessage, fromPassed, toPass } from './passing.ts';
import { RetainedMessages } from './retained-messages.ts';
import type { Receiver, Session, SessionContext } from './session.ts';
import { SharedGroup } from './shared-group.ts';
import type { Match, SubscriptionIndex } from './subscription-index.ts';
import { type ParsedFilter, hasWildcard } from './topic-rules.ts';

/** A message on its way to one receiver. */
export interface Delivery {
  readonly receiver: Receiver;
  readonly message: Message;
  readonly key: string | undefined;
}

export interface RoutingOptions {
  readonly index: SubscriptionIndex<Receiver>;
  /** Where messages for persistent sessions outlive the process; absent: nowhere. */
  readonly kept: KeptSessions | undefined;
  /** The way to other doors of the service; absent: there are none. */
  readonly passage: Passage | undefined;
  readonly context: SessionContext;
}

/** How many receivers are as much work as one packet that has come in. */
const deliveriesPerPacket = 8;
const nothing: readonly never[] = [];

export class Routing {
  readonly retained: RetainedMessages;
  readonly #index: SubscriptionIndex<Receiver>;
  readonly #fanOut: FanOut<Receiver>;
  readonly #kept: KeptSessions | undefined;
  readonly #passage: Passage | undefined;
  readonly #context: SessionContext;

  constructor({ index, kept, passage, context }: RoutingOptions) {
    this.#index = index;
    this.#kept = kept;
    this.#passage = passage;
    this.#context = context;
    this.#fanOut = new FanOut(index, context.dropped);
    this.retained = new RetainedMessages(kept, context.bounds);
    passage?.onPassed((passed) => this.#takePassed(passed));
  }

  /** Whether something is retained for exactly this filter. */
  hasRetained({ filter, shareName }: ParsedFilter): boolean {
    return shareName === undefined && !hasWildcard(filter) && this.retained.get(filter) !== undefined;
  }

  /** What is retained for exactly this filter. */
  sendRetained(session: Session, { filter }: ParsedFilter, qos: Qos): void {
    const message = this.retained.get(filter);
    if (message === undefined) return;
    const delivery = this.#prepare(session, asDelivered(message, lower(message.qos, qos), true));
    if (delivery !== undefined) this.deliver(delivery);
  }

  /** Tells every session that subscribed, once, however many of its filters match. */
  announce(topic: string, writePayload: () => string | Buffer, maxQos: Qos = 1): void {
    const matches = this.#fanOut.receivers(topic);
    if (matches?.length === 0) return;
    const payload = writePayload();
    if (matches === undefined || isForMany(matches.length, { bytes: payload.length })) {
      this.#announceInTurns(topic, payload, maxQos);
    } else for (const match of matches) this.#tell(match, topic, payload, maxQos);
  }

  #announceInTurns(topic: string, payload: string | Buffer, maxQos: Qos): void {
    const give = (match: Match<Receiver>): void => this.#tell(match, topic, payload, maxQos);
    this.#fanOut.hand(topic, () => ({ topic, bytes: payload.length, give }));
  }

  #tell({ subscriber, qos }: Match<Receiver>, topic: string, payload: string | Buffer, maxQos: Qos): void {
    const delivery = this.#prepare(subscriber, { topic, payload, qos: lower(qos, maxQos), retain: false });
    if (delivery !== undefined) this.deliver(delivery);
  }

  /** What {@link announce} would deliver, to be delivered once the store has committed; kept for persistent sessions until then. */
  address(topic: string, writePayload: () => string | Buffer, maxQos: Qos = 1): readonly Delivery[] {
    const matches = this.#index.match(topic);
    if (matches.length === 0) return nothing;
    const payload = writePayload();
    const deliveries: Delivery[] = [];
    for (const { subscriber, qos } of matches) {
      const delivery = this.#prepare(subscriber, { topic, payload, qos: lower(qos, maxQos), retain: false });
      if (delivery !== undefined) deliveries.push(delivery);
    }
    return deliveries;
  }

  /** @returns `undefined` when there is no room for it. */
  #prepare(receiver: Receiver, message: Message): Delivery | undefined {
    if (receiver.isMoved) return undefined;
    if (message.qos === 0) return { receiver, message, key: undefined };
    if (!receiver.reserve(message)) return undefined;
    const isKept = this.#kept !== undefined && receiver.keepsMessages;
    return { receiver, message, key: isKept ? this.#kept?.addMessage(receiver.owner, message) : undefined };
  }

  deliver({ receiver, message, key }: Delivery): void {
    if (receiver.isAlive) receiver.post(message, key);
    else if (!receiver.isMoved) receiver.release(message, key);
  }

  /**
   * A client has published. @param message whose payload is valid during the call only.
   * @param routed called, after the call has returned `later`, with what it would have returned.
   * @returns whether something is kept of it, so that its acknowledgement has to wait until that is safe.
   */
  route(message: Message, publisher: Session | undefined, routed: (isKept: boolean) => void): boolean | 'later' {
    if (this.#fanOut.isFull) {
      const tooMuch = new Disconnection('quotaExceeded', 'publishes more to very many than can be handed over');
      publisher?.connection?.stream.destroy(tooMuch);
      return false;
    }
    let lasting: Message | undefined;
    // Kept at another door, perhaps: the service answers when that has it.
    let isKept = message.qos === 1 && this.#passage !== undefined && this.#kept !== undefined;
    const served: string[] = [];
    if (message.retain) {
      lasting = { ...message, payload: Buffer.from(message.payload as Buffer) };
      isKept = this.#retain(lasting);
    }
    const handed = this.#fanOut.hand(message.topic, (receivers) => {
      publisher?.connection?.stream.charge(receivers / deliveriesPerPacket);
      const handedOut = lasting ?? { ...message, payload: Buffer.from(message.payload as Buffer) };
      const give = (match: Match<Receiver>): void => {
        if (match.subscriber instanceof SharedGroup) served.push(match.subscriber.name);
        if (this.#give(handedOut, match, publisher)) isKept = true;
      };
      const done = (): void => {
        this.#passage?.pass(toPass(handedOut, served));
        routed(isKept);
      };
      return { topic: message.topic, bytes: message.payload.length, give, done };
    });
    if (handed === 'later') return 'later';
    this.#passage?.pass(toPass(message, served));
    return isKept;
  }

  /** What an event says that other doors do not hear of from the service. */
  announceEverywhere(topic: string, writePayload: () => string): void {
    this.announce(topic, writePayload);
    this.#passage?.pass(toPass({ topic, payload: writePayload(), qos: 1, retain: false }, nothing));
  }

  /** A client of another door has published. */
  #takePassed(passed: PassedMessage): void {
    const message = fromPassed(passed);
    if (message.retain) this.#retain(message);
    this.#fanOut.hand(message.topic, () => ({
      topic: message.topic,
      bytes: message.payload.length,
      give: (match) => {
        const { subscriber } = match;
        if (!(subscriber instanceof SharedGroup) || passed.groups.includes(subscriber.name)) this.#give(message, match);
      },
    }));
  }

  /** @returns whether it is kept for that receiver. */
  #give(message: Message, { subscriber, noLocal, qos, retainAsPublished }: Match<Receiver>, by?: Session): boolean {
    if (noLocal && subscriber === by) return false;
    const delivered = asDelivered(message, lower(message.qos, qos), message.retain && retainAsPublished);
    const delivery = this.#prepare(subscriber, delivered);
    if (delivery === undefined) return false;
    this.deliver(delivery);
    return delivery.key !== undefined;
  }

  /** Nobody is to be told anything any more: what waits to be handed over is. */
  finish(): void {
    this.#fanOut.finish();
  }

  /** @returns whether the store has something to do. */
  #retain(message: Message): boolean {
    if (this.retained.set(message)) return this.#kept !== undefined;
    this.#context.dropped({ what: 'retained message', topic: message.topic });
    return false;
  }
}

function lower(one: Qos, other: Qos): Qos {
  return one < other ? one : other;
}
