/**
 * All MQTT sessions of the service: which connection has which, how long it lasts, and what is told to one of them. Who hears what
 * others say is routing.ts's business; permissions are decided elsewhere.
 * Source: docs/reference/connection.md §2; docs/decisions/0008-routing.md.
 */
import type { Client } from 'aedes';
import type { Watchers } from '../../observation/watchers.ts';
import type { EpochMs } from '../../protocol/time.ts';
import { maxSubscriptions } from '../../protocol/limits.ts';
import type { ClientStream } from './client-stream.ts';
import type { Dropped } from './door-events.ts';
import { type Principal, undecided } from './identity.ts';
import type { KeptSessions, RestoredState, SessionChange, SessionRow } from './kept-sessions.ts';
import { type MemoryBounds, maxSessions } from './memory-bounds.ts';
import type { Qos } from './message.ts';
import type { Outbox } from './outbox.ts';
import type { Passage } from './passing.ts';
import { Routing } from './routing.ts';
import { Connection, type LeftWill, Session, type SessionContext, type SessionTerms } from './session.ts';
import type { SubscriptionOptions } from './subscription-index.ts';
import { Subscriptions } from './subscriptions.ts';
import type { ParsedFilter } from './topic-rules.ts';

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

export class Sessions {
  readonly routing: Routing;
  readonly #byClientId = new Map<string, Session>();
  readonly #subscriptions: Subscriptions;
  readonly #expirySeconds: number;
  readonly #kept: KeptSessions | undefined;
  readonly #context: SessionContext;
  readonly #passage: Passage | undefined;
  #persistent = 0;

  constructor({ kept, mayPass, expirySeconds, bounds, watchers, passage, now, onDropped }: SessionsOptions) {
    this.#kept = kept;
    this.#expirySeconds = expirySeconds;
    this.#passage = passage;
    const forget = (key: string | undefined): void => {
      if (key !== undefined) kept?.removeMessage(key);
    };
    this.#context = { bounds, watchers, now, dropped: onDropped, mayPass, forget };
    this.#subscriptions = new Subscriptions(this.#context, passage);
    this.routing = new Routing({ index: this.#subscriptions.index, kept, passage, context: this.#context });
  }

  /** What an earlier process has left. Its clients count as away from now on. @returns what of it was damaged. */
  async restore(): Promise<RestoredState['damaged']> {
    if (this.#kept === undefined) return [];
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
    for (const message of retained) this.routing.retained.restore(message);
    for (const { key, owner, message } of messages) {
      const receiver = 'group' in owner ? this.#subscriptions.group(owner.group) : this.#byClientId.get(owner.clientId);
      // Of a session that is forgotten: a later one of this client id has nothing to do with it.
      if (receiver?.reserve(message)) receiver.post(message, key);
      else this.#context.forget(key);
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
      this.#giveUpFilters(session, true);
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
    for (const [filter, qos, options] of filters) {
      if (this.#mayAdd(session, filter)) this.#subscriptions.add(session, filter, { ...options, qos });
    }
    this.#leaveAlone(session);
  }

  /** Whether there is a session that outlives its connection, and messages with it. */
  get keepMessages(): boolean {
    return this.#persistent > 0;
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
    for (const group of this.#subscriptions.groupsOf(session)) group.handOut();
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

  /** @returns false when the session has as many subscriptions as AWS allows, or all of them together have as many as fit. */
  subscribe(session: Session, text: string, filter: ParsedFilter, options: SubscriptionOptions): boolean {
    if (!this.#mayAdd(session, text)) return false;
    this.#subscriptions.add(session, text, options, filter);
    this.#save(session);
    return true;
  }

  /** @returns whether there was such a subscription. */
  unsubscribe(session: Session, text: string): boolean {
    if (!this.#subscriptions.remove(session, text)) return false;
    session.filters.remove(text);
    if (session.keepsMessages) this.#context.bounds.unsubscribe(text);
    this.#save(session);
    return true;
  }

  #mayAdd({ filters: { all }, keepsMessages }: Session, text: string): boolean {
    if (all.has(text)) return true;
    return all.size < maxSubscriptions && (!keepsMessages || this.#context.bounds.subscribe(text));
  }

  #giveUpFilters(session: Session, isMoving = false): void {
    for (const text of session.filters.all.keys()) {
      this.#subscriptions.remove(session, text, isMoving);
      if (session.keepsMessages) this.#context.bounds.unsubscribe(text);
    }
  }

  /** To the connection that asked, whether or not it subscribed. */
  reply(asker: Connection, topic: string, payload: string | Buffer, requestQos: Qos): void {
    const { session } = asker;
    const qos = requestQos === 0 ? 0 : session.filters.grantedQos(topic);
    session.reply(asker, { topic, payload, qos, retain: false, isReply: true });
  }

  /** At QoS 0, to a connection that no subscription of its own would bring the message to. */
  replyUnlessSubscribed(asker: Connection, topic: string, payload: string | Buffer): void {
    const { session } = asker;
    if (session.filters.cover(topic)) return;
    session.reply(asker, { topic, payload, qos: 0, retain: false, isReply: true });
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

  /** Lets an outbox, which is held, go on when what was subscribed to comes here: at once where there is one door. */
  releaseWhenHeard(outbox: Outbox): void {
    this.#subscriptions.whenHeard(() => outbox.release());
  }

  /** Lets an outbox, which is held, go on when everything that was kept so far is safe: at once without a store. */
  releaseWhenKept(outbox: Outbox): void {
    if (this.#kept === undefined) outbox.release();
    else void releaseAfter(this.#kept.kept(), outbox);
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
      filters: [...filters.all].map(([filter, { qos, ...options }]) => [filter, qos, options]),
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
    this.#giveUpFilters(session);
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
