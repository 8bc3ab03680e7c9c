/**
 * Persistent sessions beyond the life of the process: their subscriptions, and the messages that wait for them or that they
 * have not acknowledged. Messages of the Jobs service are kept as soon as they are certain, together with what they tell of;
 * ordinary ones when aedes queues them, and retained ones. Replies are not kept: they belong to a connection, which does not
 * survive either. Last wills live in memory only.
 */
import type { OutgoingPacket, Persistence } from './jobs-broker.ts';
import { MemoryBounds } from './memory-bounds.ts';
import type { Qos } from './subscription-index.ts';

/** What the door needs of a store, whatever is behind it. */
export interface SessionStore {
  /** What an earlier door has kept. Tells of rows that cannot be read. */
  rows(damaged: (row: RowName) => void): Iterable<Required<SessionChange>>;
  keep(change: SessionChange): void;
  /** Resolves when everything that was given to `keep` so far is safe. */
  kept(): Promise<void>;
}

export interface SessionChange {
  readonly table: 'mqttSession' | 'mqttMessage' | 'mqttRetained';
  readonly key: string;
  /** Absent: the row is gone. */
  readonly row?: object;
}

export interface SessionRow {
  readonly clientId: string;
  readonly principal: string;
  readonly filters: readonly (readonly [filter: string, qos: Qos])[];
  /** How long it outlives its connection; absent: for ever. */
  readonly expirySeconds?: number;
}

interface MessageRow {
  /** In the order in which they were kept. */
  readonly sequence: number;
  readonly clientId: string;
  readonly packet: OutgoingPacket & { readonly payload: string };
  /** How the payload is written: ordinary messages may be no text. */
  readonly encoding: 'utf8' | 'base64';
}

/** As kept; the key is the topic. */
type RetainedRow = Pick<MessageRow, 'packet' | 'encoding'>;

interface Read {
  readonly sessions: readonly SessionRow[];
  readonly messages: readonly MessageRow[];
  readonly retained: readonly RetainedRow[];
  readonly damaged: RowName[];
}

/** What does not fit is dropped over several starts: the names of millions of rows would not fit either. */
const maxDroppedAtOnce = 100_000;

type RowName = Pick<SessionChange, 'table' | 'key'>;

export interface RestoredSessions {
  readonly sessions: readonly SessionRow[];
  /** What could not be read and is forgotten. */
  readonly damaged: readonly RowName[];
}

export class KeptSessions {
  readonly #store: SessionStore;
  readonly #sessions = new Map<string, SessionRow>();
  /** Keys of the messages kept now. */
  readonly #messages = new Set<string>();
  #nextSequence = 1;

  constructor(store: SessionStore) {
    this.#store = store;
  }

  /** A session without subscriptions has nothing to come back to. */
  saveSession(row: SessionRow): void {
    if (row.filters.length > 0) {
      this.#sessions.set(row.clientId, row);
      this.#store.keep({ table: 'mqttSession', key: row.clientId, row });
    } else if (this.#sessions.delete(row.clientId)) {
      this.#store.keep({ table: 'mqttSession', key: row.clientId });
    }
  }

  addMessage(clientId: string, packet: OutgoingPacket): void {
    const key = messageKey(clientId, packet);
    this.#messages.add(key);
    const row: MessageRow = { sequence: this.#nextSequence++, clientId, ...written(packet) };
    this.#store.keep({ table: 'mqttMessage', key, row });
  }

  removeMessage(clientId: string, packet: OutgoingPacket): void {
    const key = messageKey(clientId, packet);
    if (this.#messages.delete(key)) this.#store.keep({ table: 'mqttMessage', key });
  }

  /**
   * Gives aedes what was kept, and from then on keeps what aedes does. A session whose row cannot be read is forgotten, and
   * so is a message: they cost themselves, not the service. @returns the sessions there were.
   */
  async restore(persistence: Persistence, bounds: MemoryBounds): Promise<RestoredSessions> {
    const { sessions, messages, retained, damaged } = this.#read();
    for (const session of sessions) {
      const { clientId, filters } = session;
      this.#sessions.set(clientId, session);
      const subscriptions = filters.map(([topic, qos]) => ({ topic, qos }));
      await persistence.addSubscriptions({ id: clientId }, subscriptions);
    }
    for (const row of messages) {
      const { sequence, clientId, packet, encoding } = row;
      const message = { ...packet, payload: payloadOf(packet.payload, encoding) };
      this.#nextSequence = sequence + 1;
      // Of a session that is forgotten: a later one of this client id has nothing to do with it.
      if (!this.#sessions.has(clientId) || !bounds.queue(clientId, message)) {
        this.#store.keep({ table: 'mqttMessage', key: messageKey(clientId, packet) });
        continue;
      }
      this.#messages.add(messageKey(clientId, packet));
      await persistence.outgoingEnqueue({ clientId }, message);
    }
    for (const { packet, encoding } of retained) {
      const message = { ...packet, payload: payloadOf(packet.payload, encoding) };
      if (bounds.retain(message)) await persistence.storeRetained(message);
      else this.#store.keep({ table: 'mqttRetained', key: packet.topic });
    }
    this.#follow(persistence);
    for (const { table, key } of damaged) this.#store.keep({ table, key });
    return { sessions, damaged };
  }

  /** Of messages never more than can be kept, whatever an earlier version has left: the rest is dropped with the damaged. */
  #read(): Read {
    const sessions: SessionRow[] = [];
    const messages: MessageRow[] = [];
    const retained: RetainedRow[] = [];
    const damaged: RowName[] = [];
    const bounds = new MemoryBounds();
    for (const { table, key, row } of this.#store.rows((name) => damaged.push(name))) {
      if (table === 'mqttSession' && isSessionRow(row, key)) sessions.push(row);
      else if (table === 'mqttMessage' && isMessageRow(row, key)) {
        if (bounds.queue(row.clientId, row.packet)) messages.push(row);
        else if (damaged.length < maxDroppedAtOnce) damaged.push({ table, key });
      } else if (table === 'mqttRetained' && isRetainedRow(row, key)) retained.push(row);
      else damaged.push({ table, key });
    }
    return { sessions, messages: messages.sort((one, other) => one.sequence - other.sequence), retained, damaged };
  }

  /** Resolves when everything that was given to the store so far is safe. */
  safe(): Promise<void> {
    return this.#store.kept();
  }

  /** aedes tells the door only after it has told the client, which would be too early. */
  #unsubscribe(clientId: string, gone: readonly string[]): void {
    const session = this.#sessions.get(clientId);
    if (session === undefined) return;
    this.saveSession({ ...session, filters: session.filters.filter(([filter]) => !gone.includes(filter)) });
  }

  /** Subscriptions are acknowledged when they are safe. A message that was acknowledged may come again, but never stays away. */
  #follow(persistence: Persistence): void {
    const { addSubscriptions, removeSubscriptions, outgoingEnqueueCombi, outgoingClearMessageId } = persistence;
    const { storeRetained } = persistence;
    Object.assign(persistence, {
      addSubscriptions: async (...given) => {
        await addSubscriptions.apply(persistence, given);
        await this.#store.kept();
      },
      removeSubscriptions: async (client, filters) => {
        await removeSubscriptions.call(persistence, client, filters);
        this.#unsubscribe(client.id, filters);
        await this.#store.kept();
      },
      outgoingEnqueueCombi: (subscribers, packet) => {
        for (const { clientId } of subscribers) this.addMessage(clientId, packet);
        return outgoingEnqueueCombi.call(persistence, subscribers, packet);
      },
      outgoingClearMessageId: async (client, acknowledged) => {
        const packet = await outgoingClearMessageId.call(persistence, client, acknowledged);
        if (packet !== undefined) this.removeMessage(client.id, packet);
        return packet;
      },
      storeRetained: (packet) => {
        const isGone = packet.payload.length === 0;
        this.#store.keep({ table: 'mqttRetained', key: packet.topic, ...(!isGone && { row: written(packet) }) });
        return storeRetained.call(persistence, packet);
      },
    } satisfies Partial<Persistence>);
  }
}

/** aedes tells packets apart by who numbered them and which number they got. */
function messageKey(clientId: string, { brokerId, brokerCounter }: OutgoingPacket): string {
  return `${brokerId} ${brokerCounter} ${clientId}`;
}

function written(packet: OutgoingPacket): Pick<MessageRow, 'packet' | 'encoding'> {
  const { cmd, topic, payload, qos, retain, dup, brokerId, brokerCounter } = packet;
  const encoding = typeof payload === 'string' ? 'utf8' : 'base64';
  const text = typeof payload === 'string' ? payload : payload.toString(encoding);
  return { packet: { cmd, topic, payload: text, qos, retain, dup, brokerId, brokerCounter }, encoding };
}

/** What is on disk may be another program's work, or an older one's: only what can be worked with is believed. */
function isSessionRow(row: object, key: string): row is SessionRow {
  const { clientId, principal, filters, expirySeconds = 0 } = row as Partial<SessionRow>;
  if (clientId !== key || typeof principal !== 'string' || !(expirySeconds >= 0) || !Array.isArray(filters))
    return false;
  return (filters as unknown[]).every(
    (filter) => Array.isArray(filter) && typeof filter[0] === 'string' && (filter[1] === 0 || filter[1] === 1),
  );
}

function isMessageRow(row: object, key: string): row is MessageRow {
  const { sequence, clientId, packet } = row as Partial<MessageRow>;
  if (typeof clientId !== 'string' || !Number.isSafeInteger(sequence) || !hasPublication(row)) return false;
  return packet !== undefined && packet.qos > 0 && messageKey(clientId, packet) === key;
}

function isRetainedRow(row: object, key: string): row is RetainedRow {
  return hasPublication(row) && row.packet.topic === key && row.packet.payload !== '';
}

function hasPublication(row: object): row is RetainedRow {
  const { packet, encoding } = row as Partial<MessageRow>;
  if (typeof packet !== 'object' || packet === null || (encoding !== 'utf8' && encoding !== 'base64')) return false;
  const { cmd, topic, payload, qos } = packet as Partial<MessageRow['packet']>;
  return cmd === 'publish' && typeof topic === 'string' && typeof payload === 'string' && [0, 1, 2].includes(qos ?? 3);
}

function payloadOf(text: string, encoding: MessageRow['encoding']): string | Buffer {
  return encoding === 'utf8' ? text : Buffer.from(text, encoding);
}
