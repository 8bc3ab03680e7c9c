/**
 * One MQTT session: whose it is, what it listens to, and the one queue in which everything that it is sent leaves, once and in
 * order. A QoS 1 message counts as unacknowledged from when it leaves until its PUBACK; when as many are as the client
 * takes, the others wait. A persistent session keeps its messages while its client is away; others end with their connection.
 * Source: MQTT 3.1.1 §4.1, §4.4 and §4.6, MQTT 5 §4.9, docs/reference/connection.md §2 and §3, docs/reference/limits.md §5.
 */
import type { Client } from 'aedes';
import type { Watchers } from '../../observation/watchers.ts';
import { decodeDeviceMessage } from '../../protocol/device-messages.ts';
import { maxUnacknowledged } from '../../protocol/limits.ts';
import type { EpochMs } from '../../protocol/time.ts';
import { type ReplyOutcome, parseJobsTopic } from '../../protocol/topics.ts';
import type { ClientStream } from './client-stream.ts';
import { Disconnection } from './disconnection.ts';
import type { Dropped } from './door-events.ts';
import type { Principal } from './identity.ts';
import type { Owner } from './kept-sessions.ts';
import { type MemoryBounds, bytesOf, maxQueuedBytes, maxQueuedMessages } from './memory-bounds.ts';
import { type Message, isExpired } from './message.ts';
import { Outbox } from './outbox.ts';
import { OwnFilters } from './own-filters.ts';
import { type ProtocolVersion, publishBytes } from './packet-writer.ts';

/** How a client wants its session. Read again when the connection ends: MQTT 5's DISCONNECT may say otherwise. */
export interface SessionTerms {
  /** An earlier session of this client is forgotten first. */
  readonly startsAnew: boolean;
  /** How long the session outlives its connection. */
  readonly expirySeconds: number;
  /** QoS 1 messages that the client takes without having acknowledged them. */
  readonly receiveMaximum?: number;
  readonly maximumPacketBytes?: number;
}

/** Who can be sent a message: a session, or a group of them. */
export interface Receiver {
  /** For whom the store keeps its messages. */
  readonly owner: Owner;
  /** It has not ended here. */
  readonly isAlive: boolean;
  /** It goes on at another door. */
  readonly isMoved: boolean;
  /** Its QoS 1 messages wait while nobody is there to take them. */
  readonly keepsMessages: boolean;
  /** A QoS 1 message is to be posted. @returns false when there is no room for it, which has been told. */
  reserve(message: Message): boolean;
  /** A message that was reserved is done with. @param key of it in the store. */
  release(message: Message, key: string | undefined): void;
  /** @param key of the message in the store. */
  post(message: Message, key?: string): void;
}

/** A last will, when its connection has ended. */
export interface LeftWill {
  /** For how long it waits for the client to come back. */
  readonly delaySeconds: number;
  readonly send: () => void;
  /** It is neither waited for nor sent. */
  readonly forget: () => void;
}

/** A last will that is sent unless the client comes back in time. */
export interface PendingWill {
  readonly timer: NodeJS.Timeout;
  readonly will: LeftWill;
}

/** A message in a queue. */
export interface Entry {
  readonly message: Message;
  readonly key?: string;
  /** That shares it: others of it are to have it, should the connection end. */
  readonly group?: Receiver;
  /** A reply belongs to the connection that asked, and never to a later one of the same session. */
  readonly onlyFor?: Connection;
}

/** What a session needs of those around it. */
export interface SessionContext {
  readonly bounds: MemoryBounds;
  readonly watchers: Watchers;
  /** Service time. */
  now(): EpochMs;
  /** A message is no longer to be kept. */
  forget(key: string | undefined): void;
  /** There was no room for a message. */
  dropped(dropped: Dropped): void;
  /** Says of each message whether it is one too many for this second, which is dropped. */
  mayPass(client: Client): boolean;
}

const maxMessageId = 0xffff;
/** Of sessions that have had none to remember. Stays empty. */
const nobodys = new Map<number, Entry>();

/** A connection of a session: the present one, or one that has been taken over and is about to close. */
export class Connection {
  readonly session: Session;
  readonly client: Client;
  readonly stream: ClientStream;
  readonly outbox: Outbox;
  readonly receiveMaximum: number;
  readonly maximumPacketBytes: number;
  /** CONNACK has left; nothing may go out before. */
  ready = false;
  unacknowledged = 0;
  /** It goes on with a session that there was. */
  resumed = false;
  /** Whether its client may be sent a message on a topic, replies apart; absent: whatever it has subscribed to. */
  mayHear: ((topic: string) => boolean) | undefined;
  /** Until it is ready: the one it took over from. */
  superseded: Client | undefined;
  /** The topic of its last request that was accepted, and that of the reply. */
  #askedOn = '';
  #acceptedOn = '';

  constructor(session: Session, client: Client, stream: ClientStream, terms: SessionTerms, gathersTurns: boolean) {
    this.session = session;
    this.client = client;
    this.stream = stream;
    this.outbox = new Outbox(stream, gathersTurns);
    this.receiveMaximum = terms.receiveMaximum ?? maxUnacknowledged;
    this.maximumPacketBytes = terms.maximumPacketBytes ?? Infinity;
  }

  replyTopic(topic: string, outcome: ReplyOutcome): string {
    if (outcome === 'rejected') return `${topic}/rejected`;
    if (topic !== this.#askedOn) {
      this.#askedOn = topic;
      this.#acceptedOn = `${topic}/accepted`;
    }
    return this.#acceptedOn;
  }

  /** Whether a message may leave now; what waits for acknowledgements follows with one of them. */
  hasRoomFor({ qos }: Message): boolean {
    if (qos === 0 || this.unacknowledged === 0) return true;
    return this.unacknowledged < this.receiveMaximum && !this.outbox.hasEnough;
  }
}

export class Session implements Receiver {
  isAlive = true;
  isMoved = false;
  readonly clientId: string;
  readonly version: ProtocolVersion;
  /** It outlives its connection. */
  readonly keepsMessages: boolean;
  principal: Principal;
  terms: SessionTerms;
  connection: Connection | undefined;
  /** Runs while the client is away. */
  expiry: NodeJS.Timeout | undefined;
  /** Waits for the client to come back. */
  will: PendingWill | undefined;
  /** Told when nothing waits for acknowledgements any more. */
  idle: (() => void) | undefined;
  /** The client is the first thing that it spoke for. */
  firstThing = false;
  readonly filters = new OwnFilters();
  readonly #context: SessionContext;
  readonly #waiting: Entry[] = [];
  /** Of what waits without having been reserved. */
  #waitingBytes = 0;
  /** Messages that have left and are to be sent again, or given to others, should the connection end; by message id. */
  #unacknowledged: Map<number, Entry> = nobodys;
  #lastMessageId = 0;

  constructor(
    context: SessionContext,
    clientId: string,
    principal: Principal,
    version: ProtocolVersion,
    keepsMessages: boolean,
    terms: SessionTerms,
  ) {
    this.#context = context;
    this.clientId = clientId;
    this.principal = principal;
    this.version = version;
    this.keepsMessages = keepsMessages;
    this.terms = terms;
  }

  get owner(): Owner {
    return { clientId: this.clientId };
  }

  get isReady(): boolean {
    return this.connection?.ready === true;
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0;
  }

  reserve(message: Message): boolean {
    if (!this.keepsMessages || message.qos === 0) return true;
    if (this.#context.bounds.queue(this.clientId, message)) return true;
    const { clientId, connection } = this;
    connection?.stream.destroy(new Disconnection('quotaExceeded', 'does not acknowledge what it is sent'));
    this.#context.dropped({ what: 'queued message', clientId });
    return false;
  }

  release(message: Message, key: string | undefined): void {
    if (this.keepsMessages && message.qos > 0) this.#context.bounds.unqueue(this.clientId, message);
    this.#context.forget(key);
  }

  /** To the connection that asked, whether or not it subscribed. */
  reply(connection: Connection, message: Message): void {
    if (this.connection !== connection || !this.reserve(message)) return;
    if (this.#waiting.length === 0 && connection.hasRoomFor(message)) this.#send(connection, message);
    else this.#wait({ message, onlyFor: connection });
  }

  post(message: Message, key?: string, group?: Receiver): void {
    const { connection } = this;
    if (connection?.ready === true && this.#waiting.length === 0 && connection.hasRoomFor(message)) {
      this.#send(connection, message, key, group);
    } else if (connection === undefined && (message.qos === 0 || !this.keepsMessages)) {
      (group ?? this).release(message, key);
    } else {
      this.#wait({ message, key, group });
    }
  }

  #wait(entry: Entry): void {
    this.#waiting.push(entry);
    if (this.#isReserved(entry)) return;
    this.#waitingBytes += bytesOf(entry.message);
    if (this.#waiting.length > maxQueuedMessages || this.#waitingBytes > maxQueuedBytes) {
      this.connection?.stream.destroy(new Disconnection('quotaExceeded', 'does not take what it is sent'));
    } else this.#countWaiting();
  }

  #isReserved({ message }: Entry): boolean {
    return this.keepsMessages && message.qos > 0;
  }

  #countWaiting(): void {
    this.connection?.stream.countWaiting(this.#waitingBytes);
  }

  acknowledge(connection: Connection, messageId: number): void {
    const entry = this.#unacknowledged.size === 0 ? undefined : this.#unacknowledged.get(messageId);
    if (entry !== undefined) {
      this.#unacknowledged.delete(messageId);
      this.#done(entry);
    }
    if (connection.unacknowledged > 0) connection.unacknowledged -= 1;
    if (this.#waiting.length === 0) return;
    this.#pump();
    if (this.#waiting.length === 0) this.idle?.();
  }

  /** Its connection may be written to: first what it has not acknowledged, then what has waited. */
  resume(connection: Connection): void {
    connection.ready = true;
    const postponed: Entry[] = [];
    for (const [messageId, entry] of this.#unacknowledged) {
      if (!this.#isSendable(connection, entry.message)) {
        this.#unacknowledged.delete(messageId);
        this.#done(entry);
      } else if (connection.hasRoomFor(entry.message)) this.#sendAs(connection, entry.message, messageId);
      else {
        this.#unacknowledged.delete(messageId);
        postponed.push(entry);
      }
    }
    this.#waiting.unshift(...postponed);
    this.#pump();
  }

  /** The connection has ended. @returns what it has got for groups, which others are to have now. */
  suspend(): readonly Entry[] {
    const shared: Entry[] = [];
    this.#waitingBytes = 0;
    for (const [messageId, entry] of this.#unacknowledged) {
      if (entry.group === undefined && this.keepsMessages) continue;
      this.#unacknowledged.delete(messageId);
      if (entry.group !== undefined) shared.push(entry);
    }
    for (const entry of this.#waiting.splice(0)) {
      if (entry.group !== undefined) shared.push(entry);
      else if (entry.onlyFor !== undefined || entry.message.qos === 0 || !this.keepsMessages) {
        this.#done(entry);
      } else this.#waiting.push(entry);
    }
    return shared;
  }

  /** Nobody will come back for its messages. */
  end(): void {
    this.isAlive = false;
    this.filters.clear();
    for (const entry of this.#unacknowledged.values()) this.#done(entry);
    for (const entry of this.#waiting.splice(0)) this.#done(entry);
    this.#unacknowledged.clear();
  }

  /** Another door has it from now on, with its messages: they stay kept. */
  move(): void {
    this.isAlive = false;
    this.isMoved = true;
    for (const { message } of [...this.#unacknowledged.values(), ...this.#waiting.splice(0)]) {
      if (this.keepsMessages && message.qos > 0) this.#context.bounds.unqueue(this.clientId, message);
    }
    this.#unacknowledged.clear();
  }

  #pump(): void {
    const { connection } = this;
    if (connection?.ready !== true) return;
    let sent = 0;
    for (const entry of this.#waiting) {
      const { message, key, group, onlyFor } = entry;
      if (!connection.hasRoomFor(message)) break;
      sent += 1;
      if (onlyFor === undefined || onlyFor === connection) this.#send(connection, message, key, group);
      else this.#done(entry);
    }
    const before = this.#waitingBytes;
    for (const entry of this.#waiting.splice(0, sent)) {
      if (!this.#isReserved(entry)) this.#waitingBytes -= bytesOf(entry.message);
    }
    if (this.#waitingBytes !== before) this.#countWaiting();
  }

  #send(connection: Connection, message: Message, key?: string, group?: Receiver): void {
    if (!this.#isSendable(connection, message)) (group ?? this).release(message, key);
    else if (message.qos === 0) {
      this.#show(message);
      connection.outbox.publish(message);
    } else {
      this.#show(message);
      const messageId = this.#nextMessageId();
      if (this.keepsMessages || group !== undefined) {
        if (this.#unacknowledged === nobodys) this.#unacknowledged = new Map();
        this.#unacknowledged.set(messageId, { message, key, group });
      }
      this.#sendAs(connection, message, messageId);
    }
  }

  #show({ topic, payload }: Message): void {
    const { watchers, now } = this.#context;
    const { received, written } = watchers.observer;
    if (received === undefined && written === undefined) return;
    const thingName = parseJobsTopic(topic)?.thingName;
    if (thingName === undefined) return;
    const head = { source: 'wire', at: now(), thingName } as const;
    if (written !== undefined) {
      const text = typeof payload === 'string' ? payload : payload.toString();
      written({ ...head, kind: 'written', to: 'device', topic, text });
    }
    const message = received && decodeDeviceMessage(topic, Buffer.from(payload));
    if (message !== undefined) received?.({ ...head, kind: 'received', message });
  }

  #sendAs(connection: Connection, message: Message, messageId: number): void {
    connection.unacknowledged += 1;
    connection.outbox.publish(message, messageId);
  }

  /** MQTT 5 §3.1.2.11.4: what is too large for the client is dropped, as if it had been delivered. */
  #isSendable(connection: Connection, message: Message): boolean {
    if (message.expiresAt !== undefined && isExpired(message)) return false;
    const { maximumPacketBytes, mayHear } = connection;
    if (mayHear !== undefined && message.isReply !== true && !mayHear(message.topic)) return false;
    if (maximumPacketBytes !== Infinity && publishBytes(message, this.version) > maximumPacketBytes) return false;
    return this.#context.mayPass(connection.client);
  }

  #nextMessageId(): number {
    do this.#lastMessageId = this.#lastMessageId === maxMessageId ? 1 : this.#lastMessageId + 1;
    while (this.#unacknowledged.size > 0 && this.#unacknowledged.has(this.#lastMessageId));
    return this.#lastMessageId;
  }

  /** Nobody has to have this message any more. */
  #done({ message, key, group }: Entry): void {
    (group ?? this).release(message, key);
  }
}
