/**
 * All MQTT sessions of the service: which connection has which, who listens to what, and to whom a message goes. Messages of the
 * service and of clients are routed alike, here and not by aedes, whose routing loses QoS 1 messages to persistent sessions
 * with overlapping filters and knows neither shared subscriptions nor what AWS's broker does otherwise than the standard.
 * Permissions are decided elsewhere.
 * Source: docs/reference/connection.md §2 and §3; moscajs/aedes issues 543 and 994; docs/decisions/0008-routing.md.
 */
import type { Client } from 'aedes';
import type { Watchers } from '../../observation/watchers.ts';
import type { EpochMs } from '../../protocol/time.ts';
import { maxSubscriptions } from '../../protocol/limits.ts';
import type { ClientStream } from './client-stream.ts';
import { Disconnection } from './disconnection.ts';
import type { Dropped } from './door-events.ts';
import { type Principal, undecided } from './identity.ts';
import type { KeptSessions, RestoredState, SessionChange, SessionRow } from './kept-sessions.ts';
import type { MemoryBounds } from './memory-bounds.ts';
import { FanOut } from './fan-out.ts';
import { type Message, type Qos, asDelivered } from './message.ts';
import type { Outbox } from './outbox.ts';
import { type Passage, type PassedMessage, fromPassed, toPass } from './passing.ts';
import { RetainedMessages } from './retained-messages.ts';
import {
  Connection,
  type LeftWill,
  type Receiver,
  Session,
  type SessionContext,
  type SessionTerms,
} from './session.ts';
import { SharedGroup } from './shared-group.ts';
import { type Interest, type Match, SubscriptionIndex, type SubscriptionOptions } from './subscription-index.ts';
import { type ParsedFilter, hasWildcard, parseFilter } from './topic-rules.ts';

/** A message on its way to one receiver. */
export interface Delivery {
  readonly receiver: Receiver;
  readonly message: Message;
  readonly key: string | undefined;
}

/** A client that has been let in. */
export interface Newcomer {
  readonly client: Client;
  readonly stream: ClientStream;
  readonly principal: Principal;
  /** Absent: as MQTT 3.1.1 has them. */
  readonly terms: SessionTerms | undefined;
}

export interface SessionsOptions {
  /** Where persistent sessions outlive the process; absent: nowhere. */
  readonly kept?: KeptSessions;
  /** Says of each message whether it is one too many, which is dropped. */
  readonly mayPass: (client: Client) => boolean;
  /** How long a persistent session of MQTT 3.1.1 is kept while its client is away. */
  readonly expirySeconds: number;
  readonly bounds: MemoryBounds;
  readonly watchers: Watchers;
  /** The way to other doors of the service; absent: there are none. */
  readonly passage?: Passage | undefined;
  /** Service time. */
  readonly now: () => EpochMs;
  /** There was no room for a message. */
  readonly onDropped: (dropped: Dropped) => void;
}

/** Connected or away: ten times as many as one process has sockets for. */
const maxSessions = 200_000;
/** How many receivers are as much work as one packet that has come in. */
const deliveriesPerPacket = 8;

export class Sessions {
  readonly #byClientId = new Map<string, Session>();
  readonly #index = new SubscriptionIndex<Receiver>((interest, has) => this.#interested(interest, has));
  readonly #fanOut: FanOut<Receiver>;
  readonly #groups = new Map<string, SharedGroup>();
  readonly #retained: RetainedMessages;
  readonly #expirySeconds: number;
  readonly #kept: KeptSessions | undefined;
  readonly #context: SessionContext;
  readonly #passage: Passage | undefined;
  #persistent = 0;
  /** How often the service was told of an interest, and how many of these it knows of, in order; and who waits for that. */
  readonly #interests = { said: 0, known: 0 };
  readonly #awaiting: { readonly until: number; readonly outbox: Outbox }[] = [];

  constructor({ kept, mayPass, expirySeconds, bounds, watchers, passage, now, onDropped }: SessionsOptions) {
    this.#kept = kept;
    this.#expirySeconds = expirySeconds;
    this.#passage = passage;
    passage?.onPassed((passed) => this.#takePassed(passed));
    this.#fanOut = new FanOut(this.#index, onDropped);
    this.#retained = new RetainedMessages(kept, bounds);
    this.#context = { bounds, watchers, now, dropped: onDropped, mayPass, forget: (key) => this.#forget(key) };
  }

  /** What an earlier process has left. Its clients count as away from now on. @returns what of it was damaged. */
  async restore(): Promise<RestoredState['damaged']> {
    if (this.#kept === undefined) return nothing;
    const state = await this.#kept.restore();
    this.#hold(state);
    return state.damaged;
  }

  /** What another door has kept is this one's from now on. */
  adopt(rows: Iterable<Required<SessionChange>>): void {
    if (this.#kept !== undefined) this.#hold(this.#kept.adopted(rows));
  }

  #hold({ sessions, messages, retained }: RestoredState): void {
    for (const row of sessions) if (!this.#byClientId.has(row.clientId)) this.#restoreSession(row);
    for (const message of retained) this.#retained.restore(message);
    for (const { key, owner, message } of messages) {
      const receiver = 'group' in owner ? this.#groups.get(owner.group) : this.#byClientId.get(owner.clientId);
      // Of a session that is forgotten: a later one of this client id has nothing to do with it.
      if (receiver?.reserve(message)) receiver.post(message, key);
      else this.#forget(key);
    }
  }

  /** Sessions that are another door's from now on, and their connections, end here; what is kept of them stays. */
  release(isOurs: (clientId: string) => boolean): void {
    for (const [clientId, session] of this.#byClientId) {
      if (isOurs(clientId)) continue;
      const { connection } = session;
      if (connection !== undefined) {
        connection.stream.closingReason = 'serverShuttingDown';
        connection.stream.destroy();
        this.#suspend(session);
      }
      clearTimeout(session.expiry);
      clearTimeout(session.will?.timer);
      session.will?.will.forget();
      session.will = undefined;
      this.#byClientId.delete(clientId);
      for (const text of session.filters.keys()) this.#unlisten(session, text, true);
      session.move();
      if (session.keepsMessages) this.#countPersistent(-1);
    }
  }

  #restoreSession({ clientId, principal, filters, firstThing, ...row }: SessionRow): void {
    const terms = { startsAnew: false, expirySeconds: row.expirySeconds ?? Infinity };
    const session = new Session(this.#context, clientId, principal, row.version ?? 4, true, terms);
    session.firstThing = firstThing === true;
    this.#countPersistent(1);
    this.#byClientId.set(clientId, session);
    for (const [filter, qos, options] of filters) this.#listen(session, parsed(filter), filter, { ...options, qos });
    this.#leaveAlone(session);
  }

  /** Whether there may be one more session that outlives its connection. */
  hasRoomFor(clientId: string): boolean {
    return this.#byClientId.size < maxSessions || this.#byClientId.has(clientId);
  }

  /**
   * A client has proved who it is. A session left behind by somebody else under the same client id is not its to resume, nor
   * one of the other version of MQTT.
   */
  open({ client, stream, principal, terms = this.#termsOf311(client) }: Newcomer): Connection {
    const known = this.#byClientId.get(client.id);
    const before = known?.connection;
    if (before !== undefined) before.stream.closingReason = 'sessionTakenOver';
    const keepsMessages = !client.clean;
    const resumes =
      known?.keepsMessages === true &&
      keepsMessages &&
      !terms.startsAnew &&
      known.version === stream.version &&
      (known.principal === principal || (principal === undecided && known.firstThing));
    if (known !== undefined) this.#suspend(known);
    if (known !== undefined && !resumes) this.#end(known);
    const session = resumes
      ? known
      : new Session(this.#context, client.id, principal, stream.version, keepsMessages, terms);
    clearTimeout(session.expiry);
    clearTimeout(session.will?.timer);
    session.will?.will.forget();
    session.will = undefined;
    session.terms = terms;
    // With a store, its journal has gathered the turn.
    const connection = new Connection(session, client, stream, terms, this.#kept === undefined);
    connection.superseded = before?.client;
    connection.resumed = resumes;
    session.connection = connection;
    this.#byClientId.set(client.id, session);
    if (!resumes) {
      this.#save(session);
      if (keepsMessages) this.#countPersistent(1);
    }
    return connection;
  }

  /** CONNACK has left. */
  ready(connection: Connection): void {
    const { session } = connection;
    if (session.connection !== connection) return;
    // aedes has closed it as a rule, but misses one that was just closing when the new one came.
    connection.superseded?.close();
    connection.superseded = undefined;
    session.resume(connection);
    for (const group of this.#groupsOf(session)) group.handOut();
  }

  /** The connection has ended. @param will what its client has left for this case. */
  close(connection: Connection, will?: LeftWill): void {
    const { session } = connection;
    const isPresent = session.connection === connection;
    if (isPresent) this.#suspend(session);
    if (will !== undefined) this.#takeWill(session, isPresent, will);
    if (isPresent) this.#leaveAlone(session);
  }

  /** A will that waits is not sent when the client has come back before, and at the latest when its session ends. */
  #takeWill(session: Session, isPresent: boolean, will: LeftWill): void {
    const { expirySeconds } = session.terms;
    const waits = will.delaySeconds > 0 && session.keepsMessages && expirySeconds > 0 && session.isAlive;
    if (!waits) will.send();
    else if (!isPresent) will.forget();
    else {
      const sendLater = (): void => {
        session.will = undefined;
        will.send();
      };
      session.will = { timer: setTimeout(sendLater, will.delaySeconds * 1000).unref(), will };
    }
  }

  /** Its client is this thing from now on. */
  identify(session: Session, thingName: string): void {
    session.principal = thingName;
    session.firstThing = true;
    this.#save(session);
  }

  /** @returns false when the session has as many subscriptions as AWS allows. */
  subscribe(session: Session, text: string, filter: ParsedFilter, options: SubscriptionOptions): boolean {
    if (session.filters.size >= maxSubscriptions && !session.filters.has(text)) return false;
    this.#listen(session, filter, text, options);
    this.#save(session);
    return true;
  }

  /** @returns whether there was such a subscription. */
  unsubscribe(session: Session, text: string): boolean {
    if (!this.#unlisten(session, text)) return false;
    session.removeFilter(text);
    this.#save(session);
    return true;
  }

  /** What is retained for exactly this filter. */
  sendRetained(session: Session, { filter, shareName }: ParsedFilter, qos: Qos): void {
    if (shareName !== undefined || hasWildcard(filter)) return;
    const message = this.#retained.get(filter);
    if (message === undefined) return;
    const delivery = this.#prepare(session, asDelivered(message, lower(message.qos, qos), true));
    if (delivery !== undefined) this.deliver(delivery);
  }

  /** To the connection that asked, whether or not it subscribed. */
  reply(asker: Connection, topic: string, payload: string | Buffer, requestQos: Qos): void {
    const { session } = asker;
    const qos = requestQos === 0 ? 0 : session.grantedQos(topic);
    session.reply(asker, { topic, payload, qos, retain: false, isReply: true });
  }

  /** At QoS 0, to a connection that no subscription of its own would bring the message to. */
  replyUnlessSubscribed(asker: Connection, topic: string, payload: string | Buffer): void {
    const { session } = asker;
    if (session.covers(topic)) return;
    session.reply(asker, { topic, payload, qos: 0, retain: false, isReply: true });
  }

  /** Tells every session that subscribed, once, however many of its filters match. */
  announce(topic: string, writePayload: () => string | Buffer, maxQos: Qos = 1): void {
    this.#fanOut.hand(topic, () => {
      const payload = writePayload();
      const give = ({ subscriber, qos }: Match<Receiver>): void => {
        const delivery = this.#prepare(subscriber, { topic, payload, qos: lower(qos, maxQos), retain: false });
        if (delivery !== undefined) this.deliver(delivery);
      };
      return { topic, give };
    });
  }

  /** Resolves when the connection can take more of what is long, or with false when it has ended. One may wait at a time. */
  drained(connection: Connection): Promise<boolean> {
    const { session, stream } = connection;
    return new Promise((resolve) => {
      const finish = (isThere: boolean): void => {
        if (session.idle === look) session.idle = undefined;
        stream.off('drain', look).off('close', look);
        resolve(isThere);
      };
      const look = (): void => {
        if (session.connection !== connection || stream.destroyed) finish(false);
        else if (session.isIdle && !stream.isFull) finish(true);
      };
      session.idle = look;
      stream.on('drain', look).on('close', look);
      // What is gathered in this turn leaves first.
      setImmediate(look);
    });
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
      return { topic: message.topic, give, done };
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
    if (this.#retained.set(message)) return this.#kept !== undefined;
    this.#context.dropped({ what: 'retained message', topic: message.topic });
    return false;
  }

  /** Where there are several doors, of what is said to this one. */
  #interested(interest: Interest, has: boolean): void {
    if (this.#passage === undefined) return;
    if (!has) {
      this.#passage.interest(interest, false);
      return;
    }
    this.#interests.said += 1;
    this.#passage.interest(interest, true, () => {
      this.#interests.known += 1;
      while (this.#awaiting[0] !== undefined && this.#awaiting[0].until <= this.#interests.known) {
        this.#awaiting.shift()!.outbox.release();
      }
    });
  }

  /** Lets an outbox, which is held, go on when what was subscribed to comes here: at once where there is one door. */
  releaseWhenHeard(outbox: Outbox): void {
    const { said, known } = this.#interests;
    if (said === known) outbox.release();
    else this.#awaiting.push({ until: said, outbox });
  }

  /** Lets an outbox, which is held, go on when everything that was kept so far is safe: at once without a store. */
  releaseWhenKept(outbox: Outbox): void {
    if (this.#kept === undefined) outbox.release();
    else void releaseAfter(this.#kept.kept(), outbox);
  }

  #forget(key: string | undefined): void {
    if (key !== undefined) this.#kept?.removeMessage(key);
  }

  #listen(session: Session, { filter, shareName }: ParsedFilter, text: string, options: SubscriptionOptions): void {
    session.setFilter(text, options);
    if (shareName === undefined) {
      this.#index.add(session, filter, options);
      return;
    }
    const name = `${shareName}/${filter}`;
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = new SharedGroup(name, this.#context);
      this.#groups.set(name, group);
      this.#passage?.group(name, true);
      this.#index.add(group, filter, { qos: 1 });
    }
    group.join(session, options.qos);
  }

  #unlisten(session: Session, text: string, isMoving = false): boolean {
    if (!session.filters.has(text)) return false;
    const { filter, shareName } = parsed(text);
    if (shareName === undefined) {
      this.#index.remove(session, filter);
      return true;
    }
    const name = `${shareName}/${filter}`;
    const group = this.#groups.get(name);
    if (isMoving) group?.letGo(session);
    else group?.leave(session);
    if (group?.isAlive === false) {
      this.#groups.delete(name);
      this.#passage?.group(name, false);
      this.#index.remove(group, filter);
    }
    return true;
  }

  *#groupsOf(session: Session): Generator<SharedGroup> {
    for (const text of session.filters.keys()) {
      const { filter, shareName } = parsed(text);
      const group = shareName === undefined ? undefined : this.#groups.get(`${shareName}/${filter}`);
      if (group !== undefined) yield group;
    }
  }

  /** It has no connection any more: others of its groups get what it has not acknowledged. */
  #suspend(session: Session): void {
    session.connection = undefined;
    for (const { message, key, group } of session.suspend()) group!.post(message, key);
  }

  #leaveAlone(session: Session): void {
    const { expirySeconds } = session.terms;
    if (!session.keepsMessages || expirySeconds === 0) {
      this.#end(session);
      return;
    }
    if (expirySeconds === Infinity) return;
    this.#save(session);
    session.expiry = setTimeout(() => this.#end(session), expirySeconds * 1000).unref();
  }

  #save({ clientId, principal, firstThing, keepsMessages, filters, version, terms: { expirySeconds } }: Session): void {
    if (!keepsMessages) return;
    this.#kept?.saveSession({
      clientId,
      principal,
      filters: [...filters].map(([filter, { qos, ...options }]) => [filter, qos, options]),
      ...(expirySeconds !== Infinity && { expirySeconds }),
      ...(firstThing && { firstThing }),
      ...(version === 5 && { version }),
    });
  }

  #termsOf311({ clean }: Client): SessionTerms {
    return { startsAnew: clean, expirySeconds: clean ? 0 : this.#expirySeconds };
  }

  #end(session: Session): void {
    clearTimeout(session.expiry);
    if (this.#byClientId.get(session.clientId) === session) this.#byClientId.delete(session.clientId);
    for (const text of session.filters.keys()) this.#unlisten(session, text);
    session.end();
    clearTimeout(session.will?.timer);
    session.will?.will.send();
    session.will = undefined;
    if (!session.keepsMessages) return;
    this.#kept?.removeSession(session.clientId);
    this.#countPersistent(-1);
  }

  #countPersistent(more: 1 | -1): void {
    const before = this.#persistent;
    this.#persistent += more;
    if ((before === 0) !== (this.#persistent === 0)) this.#passage?.keepers(this.#persistent > 0);
  }
}

/** What cannot be kept is not acknowledged. */
async function releaseAfter(kept: Promise<void>, outbox: Outbox): Promise<void> {
  try {
    await kept;
    outbox.release();
  } catch {
    // The service refuses everything from now on.
  }
}

const nothing: readonly never[] = Object.freeze([]);

function lower(one: Qos, other: Qos): Qos {
  return one < other ? one : other;
}

/** A filter that was subscribed to, so that nothing is wrong with it. */
function parsed(text: string): ParsedFilter {
  const filter = parseFilter(text);
  return typeof filter === 'string' ? { filter: text } : filter;
}
