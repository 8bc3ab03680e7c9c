/**
 * MQTT sessions as the Jobs service needs them: who a client is, what it listens to, and one line on which everything that
 * the service says reaches it, once and in order. To a persistent session it leaves by the client's own `publish`, to others
 * by an outbox, never by `broker.publish`: aedes drops what arrives at a client out of counter order, and QoS 1 to a
 * persistent session takes an asynchronous detour on which later messages overtake it. Ordinary topics do not pass here;
 * permissions are decided elsewhere.
 */
import { randomUUID } from 'node:crypto';
import type { Client } from 'aedes';
import { maxSubscriptions } from '../../protocol/limits.ts';
import { Disconnection } from './disconnection.ts';
import type { Principal } from './identity.ts';
import type { OutgoingPacket } from './jobs-broker.ts';
import type { KeptSessions, SessionRow } from './kept-sessions.ts';
import { maxQueuedMessages } from './memory-bounds.ts';
import { Mqtt5Stream } from './mqtt5-stream.ts';
import type { SessionTerms } from './session-terms.ts';
import { Outbox } from './outbox.ts';
import { type Qos, SubscriptionIndex, filterMatches, hasWildcard } from './subscription-index.ts';

/** Connected or away: ten times as many as one process has sockets for. */
const maxSessions = 200_000;

interface Message {
  readonly packet: OutgoingPacket;
  /** A reply belongs to the connection that asked, and never to a later one of the same session. */
  readonly onlyFor?: Connection;
}

/** A connection of a session: the present one, or one that has been taken over and is about to close. */
export interface Connection {
  readonly session: Session;
  readonly client: Client;
  readonly principal: Principal;
  readonly outbox: Outbox;
  /** Until it is ready: the one it took over from. */
  superseded: Client | undefined;
  /** aedes has handed over what it kept for the session while it was away; nothing may go out before. */
  ready: boolean;
  /** Of a persistent session: a message is on its way through aedes, and the next has to wait for it. */
  sending: boolean;
}

interface Session {
  readonly clientId: string;
  readonly principal: Principal;
  readonly clean: boolean;
  readonly filters: Map<string, Qos>;
  /** Whether a filter has ever granted QoS 0 only; if none has, the QoS of a reply need not be looked for. */
  lowersQos: boolean;
  readonly waiting: Message[];
  terms: SessionTerms;
  connection: Connection | undefined;
  /** Runs while the client is away. */
  expiry: NodeJS.Timeout | undefined;
}

/** A message on its way to one session. */
export interface Delivery {
  readonly session: Session;
  readonly message: Message;
}

export interface SessionsOptions {
  /** Where persistent sessions outlive the process; absent: nowhere. */
  readonly kept?: KeptSessions;
  /** Keeps a message for a persistent session that is away; aedes delivers it when the client comes back. */
  readonly keep: (clientId: string, packet: OutgoingPacket) => void;
  /** Says of each message whether it is one too many, which is dropped; aedes asks the same of those that it delivers. */
  readonly mayPass: (client: Client) => boolean;
  /** Forgets all that aedes keeps for a session. */
  readonly discard: (clientId: string) => Promise<void>;
  /** How long a persistent session of MQTT 3.1.1 is kept while its client is away. */
  readonly expirySeconds: number;
}

export class Sessions {
  readonly #byClientId = new Map<string, Session>();
  readonly #index = new SubscriptionIndex<Session>();
  readonly #keep: SessionsOptions['keep'];
  readonly #mayPass: SessionsOptions['mayPass'];
  readonly #discard: SessionsOptions['discard'];
  readonly #expirySeconds: number;
  readonly #kept: KeptSessions | undefined;
  readonly #replies = new Numbering();
  /** Numbered apart: an announcement may get its number before the reply that it follows. */
  readonly #announcements = new Numbering();

  constructor({ keep, discard, kept, mayPass, expirySeconds }: SessionsOptions) {
    this.#mayPass = mayPass;
    this.#keep = keep;
    this.#discard = discard;
    this.#kept = kept;
    this.#expirySeconds = expirySeconds;
  }

  /** A session that an earlier process has left. Its client counts as away from now on. */
  restore({ clientId, principal, filters, expirySeconds = Infinity }: SessionRow): void {
    const terms = { startsAnew: false, expirySeconds };
    const session: Session = {
      ...newSession(clientId, principal, false, terms),
      filters: new Map(filters),
      lowersQos: filters.some(([, qos]) => qos === 0),
    };
    this.#byClientId.set(clientId, session);
    for (const [filter, qos] of filters) if (isJobsFilter(filter)) this.#index.add(session, filter, qos);
    this.#leaveAlone(session);
  }

  /** Whether there may be one more session that outlives its connection. */
  hasRoomFor(clientId: string): boolean {
    return this.#byClientId.size < maxSessions || this.#byClientId.has(clientId);
  }

  /**
   * A client has proved who it is. A session left behind by somebody else under the same client id is not its to resume.
   * @returns what to wait for before the client is let in, if anything.
   */
  open(client: Client, principal: Principal, terms = this.#termsOf311(client)): Promise<void> | undefined {
    const known = this.#byClientId.get(client.id);
    const superseded = known?.connection?.client;
    const wanted = !client.clean && !terms.startsAnew;
    const resumes = known !== undefined && !known.clean && wanted && known.principal === principal;
    const cleared = known === undefined || resumes ? undefined : this.#forget(known);
    const session = resumes ? known : newSession(client.id, principal, client.clean, terms);
    clearTimeout(session.expiry);
    session.terms = terms;
    session.connection = {
      session,
      client,
      principal,
      // With a store, its journal has gathered the turn.
      outbox: new Outbox(client, this.#kept === undefined),
      superseded,
      ready: false,
      sending: false,
    };
    this.#byClientId.set(client.id, session);
    if (superseded?.conn instanceof Mqtt5Stream) superseded.conn.foretell('sessionTakenOver');
    return cleared;
  }

  ready(client: Client): void {
    const session = this.#sessionOf(client);
    const connection = session?.connection;
    if (session === undefined || connection === undefined) return;
    connection.ready = true;
    // aedes has closed it as a rule, but misses one that was just closing when the new one came.
    connection.superseded?.close();
    connection.superseded = undefined;
    this.#pump(session);
  }

  /** The connection has ended. What waited is kept for a persistent session, but for replies: nobody asked any more. */
  close(client: Client): void {
    const session = this.#sessionOf(client);
    if (session === undefined) return;
    session.connection = undefined;
    this.#leaveAlone(session);
  }

  /** @returns `undefined` before the client has proved who it is, and once its session has another connection or none. */
  connectionOf(client: Client): Connection | undefined {
    return this.#sessionOf(client)?.connection;
  }

  /** @returns false when the session has as many subscriptions as AWS allows. */
  subscribe(client: Client, filter: string, qos: Qos): boolean {
    const session = this.#sessionOf(client);
    if (session === undefined) return false;
    if (session.filters.size >= maxSubscriptions && !session.filters.has(filter)) return false;
    if (session.filters.get(filter) === qos) return true; // of a session that is resumed
    session.filters.set(filter, qos);
    session.lowersQos ||= qos === 0;
    if (isJobsFilter(filter)) this.#index.add(session, filter, qos);
    this.#save(session);
    return true;
  }

  /** By exactly this filter. */
  subscribesTo(client: Client, filter: string): boolean {
    return this.#sessionOf(client)?.filters.has(filter) === true;
  }

  unsubscribe(client: Client, filters: readonly string[]): void {
    const session = this.#sessionOf(client);
    for (const filter of filters) {
      if (session?.filters.delete(filter)) this.#index.remove(session, filter);
    }
    if (session !== undefined) this.#save(session);
  }

  /** To the connection that asked, whether or not it subscribed. */
  reply(asker: Connection, topic: string, payload: string | Buffer, requestQos: Qos): void {
    const { session } = asker;
    if (session.connection !== asker) return;
    const granted = session.lowersQos ? grantedQos(session.filters, topic) : 1;
    const packet = this.#replies.packet(topic, payload, granted < requestQos ? granted : requestQos);
    this.#post(session, { packet, onlyFor: asker });
  }

  /** Tells every session that subscribed, once, however many of its filters match. */
  announce(topic: string, writePayload: () => string | Buffer): void {
    for (const { session, message } of this.address(topic, writePayload)) this.#post(session, message);
  }

  /** What {@link announce} would post, to be posted once the store has committed; kept for persistent sessions until then. */
  address(topic: string, writePayload: () => string | Buffer): readonly Delivery[] {
    const matches = this.#index.match(topic);
    if (matches.length === 0) return nothing;
    const payload = writePayload();
    return matches.map(({ subscriber: session, qos }) => {
      // aedes lowers a message to the QoS of the filter that equals its topic; asking for more would leave a copy in its queue.
      const packet = this.#announcements.packet(topic, payload, session.filters.get(topic) ?? qos);
      if (!session.clean && packet.qos > 0) this.#kept?.addMessage(session.clientId, packet);
      return { session, message: { packet } };
    });
  }

  deliver({ session, message }: Delivery): void {
    if (this.#byClientId.get(session.clientId) === session) this.#post(session, message);
    else this.#kept?.removeMessage(session.clientId, message.packet);
  }

  #post(session: Session, message: Message): void {
    const { connection } = session;
    if (connection === undefined) {
      this.#keepFor(session, message);
    } else if (session.clean && connection.ready && session.waiting.length === 0) {
      this.#send(session, connection, message);
    } else {
      session.waiting.push(message);
      this.#pump(session);
      if (session.waiting.length > maxQueuedMessages) {
        connection.client.conn.destroy(new Disconnection('quotaExceeded', 'does not take what it is sent'));
      }
    }
  }

  #pump(session: Session): void {
    const { connection, waiting } = session;
    if (connection?.ready !== true) return;
    while (!connection.sending) {
      const message = waiting.shift();
      if (message === undefined) return;
      if (message.onlyFor === undefined || message.onlyFor === connection) this.#send(session, connection, message);
    }
  }

  #send(session: Session, connection: Connection, message: Message): void {
    if (session.clean) {
      if (this.#mayPass(connection.client)) connection.outbox.publish(message.packet);
      return;
    }
    connection.sending = true;
    connection.client.publish(message.packet, () => {
      connection.sending = false;
      if (session.connection === connection) this.#pump(session);
    });
  }

  #leaveAlone(session: Session): void {
    const { expirySeconds } = session.terms;
    if (session.clean || expirySeconds === 0) {
      void this.#forget(session);
      return;
    }
    for (const message of session.waiting.splice(0)) this.#keepFor(session, message);
    if (expirySeconds === Infinity) return;
    this.#save(session);
    session.expiry = setTimeout(() => void this.#forget(session), expirySeconds * 1000).unref();
  }

  #keepFor(session: Session, { packet, onlyFor }: Message): void {
    if (packet.qos > 0 && onlyFor === undefined) this.#keep(session.clientId, packet);
  }

  #save({ clientId, principal, clean, filters, terms: { expirySeconds } }: Session): void {
    const ends = expirySeconds === Infinity ? {} : { expirySeconds };
    if (!clean) this.#kept?.saveSession({ clientId, principal, filters: [...filters], ...ends });
  }

  #sessionOf(client: Client): Session | undefined {
    const session = this.#byClientId.get(client.id);
    return session?.connection?.client === client ? session : undefined;
  }

  #termsOf311({ clean }: Client): SessionTerms {
    return { startsAnew: clean, expirySeconds: clean ? 0 : this.#expirySeconds };
  }

  /** @returns what to wait for before a session of the same client id can begin. */
  #forget(session: Session): Promise<void> | undefined {
    clearTimeout(session.expiry);
    this.#byClientId.delete(session.clientId);
    for (const filter of session.filters.keys()) this.#index.remove(session, filter);
    session.filters.clear();
    this.#save(session);
    for (const { packet } of session.waiting) this.#kept?.removeMessage(session.clientId, packet);
    return session.clean ? undefined : this.#discard(session.clientId);
  }
}

/** Stands in for aedes' numbers, so that aedes counts our messages apart from its own and never takes one for a repeat. */
class Numbering {
  readonly #source = `jobs-${randomUUID()}`;
  #last = 0;

  packet(topic: string, payload: string | Buffer, qos: Qos): OutgoingPacket {
    this.#last += 1;
    return {
      cmd: 'publish',
      topic,
      payload,
      qos,
      retain: false,
      dup: false,
      brokerId: this.#source,
      brokerCounter: this.#last,
    };
  }
}

const nothing: readonly never[] = Object.freeze([]);

function newSession(clientId: string, principal: Principal, clean: boolean, terms: SessionTerms): Session {
  return {
    clientId,
    principal,
    clean,
    filters: new Map(),
    lowersQos: false,
    waiting: [],
    terms,
    connection: undefined,
    expiry: undefined,
  };
}

function isJobsFilter(filter: string): boolean {
  return filter.startsWith('$aws/');
}

/** What the subscriptions that match a topic allow; without any, all. */
function grantedQos(filters: ReadonlyMap<string, Qos>, topic: string): Qos {
  const exact = filters.get(topic);
  if (exact !== undefined) return exact;
  let best: Qos | undefined;
  for (const [filter, qos] of filters) {
    if (!hasWildcard(filter) || !isJobsFilter(filter) || !filterMatches(filter, topic)) continue;
    if (best === undefined || qos > best) best = qos;
  }
  return best ?? 1;
}
