/**
 * MQTT sessions as the Jobs service needs them: who a client is, what it listens to, and one line on which everything that
 * the service says reaches it, once and in order. All of it leaves by the client's own `publish`, never by `broker.publish`:
 * aedes drops what arrives at a client out of counter order, and QoS 1 to a persistent session takes an asynchronous detour
 * on which later messages overtake it. Ordinary topics do not pass here; permissions are decided elsewhere.
 */
import { randomUUID } from 'node:crypto';
import type { Client } from 'aedes';
import { maxSubscriptions } from '../../protocol/limits.ts';
import type { Principal } from './identity.ts';
import type { OutgoingPacket } from './jobs-broker.ts';
import { type Qos, SubscriptionIndex, hasWildcard, levelsMatch } from './subscription-index.ts';
import type { WriteBatching } from './write-batching.ts';

interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly qos: Qos;
  /** A reply belongs to the connection that asked, and never to a later one of the same session. */
  readonly onlyFor?: Client;
}

/** The connection that a session has at present. */
interface Connection {
  readonly client: Client;
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
  readonly waiting: Message[];
  connection: Connection | undefined;
}

export interface SessionsOptions {
  readonly batching: WriteBatching;
  /** Keeps a message for a persistent session that is away; aedes delivers it when the client comes back. */
  readonly keep: (clientId: string, packet: OutgoingPacket) => void;
}

export class Sessions {
  readonly #byClientId = new Map<string, Session>();
  readonly #index = new SubscriptionIndex<Session>();
  readonly #batching: WriteBatching;
  readonly #keep: SessionsOptions['keep'];
  /** Stands in for aedes' broker id, so that aedes counts our messages apart from its own and never takes one for a repeat. */
  readonly #source = `jobs-${randomUUID()}`;
  #sent = 0;

  constructor({ batching, keep }: SessionsOptions) {
    this.#batching = batching;
    this.#keep = keep;
  }

  /** A client has proved who it is. A session left behind by somebody else under the same client id is not its to resume. */
  open(client: Client, principal: Principal): void {
    const known = this.#byClientId.get(client.id);
    const resumes = known !== undefined && !known.clean && !client.clean && known.principal === principal;
    if (known !== undefined && !resumes) this.#forget(known);
    const session: Session = resumes
      ? known
      : {
          clientId: client.id,
          principal,
          clean: client.clean,
          filters: new Map(),
          waiting: [],
          connection: undefined,
        };
    session.connection = { client, superseded: known?.connection?.client, ready: false, sending: false };
    this.#byClientId.set(client.id, session);
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
    if (session.clean) this.#forget(session);
    else for (const message of session.waiting.splice(0)) this.#keepFor(session, message);
  }

  principalOf(client: Client): Principal | undefined {
    return this.#sessionOf(client)?.principal;
  }

  /** @returns false when the session has as many subscriptions as AWS allows. */
  subscribe(client: Client, filter: string, qos: Qos): boolean {
    const session = this.#sessionOf(client);
    if (session === undefined) return false;
    if (session.filters.size >= maxSubscriptions && !session.filters.has(filter)) return false;
    session.filters.set(filter, qos);
    if (isJobsFilter(filter)) this.#index.add(session, filter, qos);
    return true;
  }

  unsubscribe(client: Client, filters: readonly string[]): void {
    const session = this.#sessionOf(client);
    for (const filter of filters) {
      if (session?.filters.delete(filter)) this.#index.remove(session, filter);
    }
  }

  /** To the client that asked, whether or not it subscribed. */
  reply(client: Client, topic: string, payload: string, requestQos: Qos): void {
    const session = this.#sessionOf(client);
    if (session === undefined) return;
    const granted = session.filters.get(topic) ?? wildcardQos(session.filters, topic) ?? 1;
    this.#post(session, { topic, payload, qos: granted < requestQos ? granted : requestQos, onlyFor: client });
  }

  /** To every session that subscribed, once, however many of its filters match. */
  announce(topic: string, writePayload: () => string): void {
    let payload: string | undefined;
    for (const [session, qos] of this.#index.match(topic)) {
      payload ??= writePayload();
      // aedes lowers a message to the QoS of the filter that equals its topic; asking for more would leave a copy in its queue.
      this.#post(session, { topic, payload, qos: session.filters.get(topic) ?? qos });
    }
  }

  #post(session: Session, message: Message): void {
    if (session.connection === undefined) {
      this.#keepFor(session, message);
    } else {
      session.waiting.push(message);
      this.#pump(session);
    }
  }

  #pump(session: Session): void {
    const { connection, waiting } = session;
    if (connection?.ready !== true) return;
    while (!connection.sending) {
      const message = waiting.shift();
      if (message === undefined) return;
      if (message.onlyFor === undefined || message.onlyFor === connection.client)
        this.#send(session, connection, message);
    }
  }

  #send(session: Session, connection: Connection, message: Message): void {
    const { client } = connection;
    this.#batching.hold(client.conn);
    this.#batching.release(client.conn);
    if (session.clean) {
      client.publish(this.#packet(message), ignore);
      return;
    }
    connection.sending = true;
    client.publish(this.#packet(message), () => {
      connection.sending = false;
      if (session.connection === connection) this.#pump(session);
    });
  }

  #keepFor(session: Session, message: Message): void {
    if (message.qos > 0 && message.onlyFor === undefined) this.#keep(session.clientId, this.#packet(message));
  }

  #packet({ topic, payload, qos }: Message): OutgoingPacket {
    return {
      cmd: 'publish',
      topic,
      payload,
      qos,
      retain: false,
      dup: false,
      brokerId: this.#source,
      brokerCounter: ++this.#sent,
    };
  }

  #sessionOf(client: Client): Session | undefined {
    const session = this.#byClientId.get(client.id);
    return session?.connection?.client === client ? session : undefined;
  }

  #forget(session: Session): void {
    this.#byClientId.delete(session.clientId);
    for (const filter of session.filters.keys()) this.#index.remove(session, filter);
  }
}

function isJobsFilter(filter: string): boolean {
  return filter.startsWith('$aws/');
}

function wildcardQos(filters: ReadonlyMap<string, Qos>, topic: string): Qos | undefined {
  let best: Qos | undefined;
  for (const [filter, qos] of filters) {
    if (!hasWildcard(filter) || !isJobsFilter(filter) || !levelsMatch(filter.split('/'), topic.split('/'))) continue;
    if (best === undefined || qos > best) best = qos;
  }
  return best;
}

function ignore(): void {}
