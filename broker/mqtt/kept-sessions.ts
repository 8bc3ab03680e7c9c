/**
 * Persistent sessions beyond the life of the process: their subscriptions, and the messages that wait for them or that they
 * have not acknowledged. Messages of the Jobs service are kept as soon as they are certain, together with what they tell of;
 * ordinary ones when aedes queues them. Replies are not kept: they belong to a connection, which does not survive either.
 * Retained messages, last wills and QoS 2 handshakes live in memory only.
 */
import type { OutgoingPacket, Persistence } from './jobs-broker.ts';
import type { Qos } from './subscription-index.ts';

/** What the door needs of a store, whatever is behind it. */
export interface SessionStore {
  /** What an earlier door has kept. */
  rows(): Iterable<Required<SessionChange>>;
  keep(change: SessionChange): void;
  /** Resolves when everything that was given to `keep` so far is safe. */
  kept(): Promise<void>;
}

export interface SessionChange {
  readonly table: 'mqttSession' | 'mqttMessage';
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

  /** Gives aedes what was kept, and from then on keeps what aedes does. @returns the sessions there were. */
  async restore(persistence: Persistence): Promise<readonly SessionRow[]> {
    const sessions: SessionRow[] = [];
    const messages: MessageRow[] = [];
    // A store gives back what it was given, so a row is of its table's type.
    for (const { table, row } of this.#store.rows()) {
      if (table === 'mqttSession') sessions.push(row as SessionRow);
      else messages.push(row as MessageRow);
    }
    for (const session of sessions) {
      const { clientId, filters } = session;
      this.#sessions.set(clientId, session);
      const subscriptions = filters.map(([topic, qos]) => ({ topic, qos }));
      await persistence.addSubscriptions({ id: clientId }, subscriptions);
    }
    for (const row of messages.sort((one, other) => one.sequence - other.sequence)) {
      const { sequence, clientId, packet, encoding } = row;
      this.#messages.add(messageKey(clientId, packet));
      this.#nextSequence = sequence + 1;
      const payload = encoding === 'utf8' ? packet.payload : Buffer.from(packet.payload, encoding);
      await persistence.outgoingEnqueue({ clientId }, { ...packet, payload });
    }
    this.#follow(persistence);
    return sessions;
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
