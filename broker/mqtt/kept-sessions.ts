/**
 * What of MQTT outlives the process: persistent sessions with their subscriptions, the QoS 1 messages that wait for them or
 * that they have not acknowledged, and retained messages. Messages of the service are kept as soon as they are certain,
 * together with what they tell of. Replies are not kept: they belong to a connection, which does not survive either.
 */
import type { EpochMs } from '../../protocol/time.ts';
import { MemoryBounds, type Sized, maxSessions } from './memory-bounds.ts';
import type { Message, Qos } from './message.ts';
import type { SubscriptionOptions } from './subscription-index.ts';

/** What the door needs of a store, whatever is behind it. */
export interface SessionStore {
  /** What an earlier door has kept. Tells of rows that cannot be read. */
  rows(damaged: (row: RowName) => void): Iterable<Required<SessionChange>> | Promise<Iterable<Required<SessionChange>>>;
  keep(change: SessionChange): void;
  /** Resolves when everything that was given to `keep` so far is safe. */
  kept(): Promise<void>;
}

export interface SessionChange {
  /** `mqttDoors`: which doors there are, where there are several; nothing of a session. */
  readonly table: 'mqttSession' | 'mqttMessage' | 'mqttRetained' | 'mqttDoors';
  readonly key: string;
  /** Absent: the row is gone. */
  readonly row?: object;
}

export type RowName = Pick<SessionChange, 'table' | 'key'>;

export interface SessionRow {
  readonly clientId: string;
  readonly principal: string;
  readonly filters: readonly (readonly [filter: string, qos: Qos, options?: Omit<SubscriptionOptions, 'qos'>])[];
  /** How long it outlives its connection; absent: for ever. */
  readonly expirySeconds?: number;
  /** The client is the first thing that it spoke for (docs/identity.md). */
  readonly firstThing?: true;
  /** A session of MQTT 5 is none of 3.1.1; absent: 3.1.1. */
  readonly version?: 5;
}

/** For whom a message waits: a session, or a group that shares a subscription. */
export type Owner = { readonly clientId: string } | { readonly group: string };

interface MessageRow {
  /** In the order in which they were kept. */
  readonly sequence: number;
  readonly clientId?: string;
  readonly group?: string;
  readonly packet: {
    readonly topic: string;
    readonly payload: string;
    readonly qos: Qos;
    readonly retain: boolean;
    /** Base64. */
    readonly properties?: string;
    readonly expiresAt?: EpochMs;
  };
  /** How the payload is written: ordinary messages may be no text. */
  readonly encoding: 'utf8' | 'base64';
}

/** Kept by its topic. */
type RetainedRow = Pick<MessageRow, 'packet' | 'encoding'>;

/** Never more are dropped at one start: the names of millions would not fit either. */
const maxDroppedAtOnce = 100_000;

export interface KeptMessage {
  readonly key: string;
  readonly owner: Owner;
  readonly message: Message;
}

export interface RestoredState {
  readonly sessions: readonly SessionRow[];
  /** In their order. */
  readonly messages: readonly KeptMessage[];
  readonly retained: readonly Message[];
  /** What could not be read and is forgotten. */
  readonly damaged: readonly RowName[];
}

export class KeptSessions {
  readonly #store: SessionStore;
  readonly #keyPrefix: string;
  readonly #written = new WrittenPayload();
  #nextSequence = 1;

  /** @param keyPrefix tells the messages of several that keep for the same sessions apart */
  constructor(store: SessionStore, keyPrefix = '') {
    this.#store = store;
    this.#keyPrefix = keyPrefix;
  }

  saveSession(row: SessionRow): void {
    this.#store.keep({ table: 'mqttSession', key: row.clientId, row });
  }

  removeSession(clientId: string): void {
    this.#store.keep({ table: 'mqttSession', key: clientId });
  }

  /** @param after where others have kept messages before it. @returns its key, to remove it by. */
  addMessage(owner: Owner, message: Message, after = 0): string {
    const sequence = Math.max(this.#nextSequence, after + 1);
    this.#nextSequence = sequence + 1;
    const key = `${this.#keyPrefix}${sequence} ${nameOf(owner)}`;
    this.#store.keep({ table: 'mqttMessage', key, row: { sequence, ...owner, ...this.#written.in(message) } });
    return key;
  }

  removeMessage(key: string): void {
    this.#store.keep({ table: 'mqttMessage', key });
  }

  /** In the place of the one that the topic had. @param message with an empty payload removes it. */
  saveRetained(message: Message): void {
    const { topic, payload } = message;
    this.#store.keep({
      table: 'mqttRetained',
      key: topic,
      ...(payload.length > 0 && { row: this.#written.in(message) }),
    });
  }

  /** Resolves when everything so far is safe. */
  kept(): Promise<void> {
    return this.#store.kept();
  }

  /**
   * What an earlier process has left, never more than may be kept. A session or a message whose row cannot be read is forgotten: they
   * cost themselves, not the service.
   */
  async restore(): Promise<RestoredState> {
    const forgotten = new ForgottenRows();
    const state = this.#read(await this.#store.rows(forgotten.add), forgotten);
    forgotten.drop(this.#store);
    return state;
  }

  /** What another door has kept of sessions that are this one's from now on. */
  adopted(rows: Iterable<Required<SessionChange>>): RestoredState {
    const forgotten = new ForgottenRows();
    const state = this.#read(rows, forgotten);
    forgotten.drop(this.#store);
    return state;
  }

  #read(rows: Iterable<Required<SessionChange>>, forgotten: ForgottenRows): RestoredState {
    const sessions: SessionRow[] = [];
    const messages: (KeptMessage & { readonly sequence: number })[] = [];
    const retained: Message[] = [];
    for (const { table, key, row } of soundRows(rows, forgotten.add)) {
      if (table === 'mqttSession') sessions.push(row as SessionRow);
      else if (table === 'mqttRetained') retained.push(read(row as RetainedRow));
      else if (table === 'mqttMessage') {
        const { sequence, ...about } = row as MessageRow;
        messages.push({ key, sequence, owner: ownerIn(about), message: read(about) });
      }
    }
    messages.sort((one, other) => one.sequence - other.sequence);
    this.#nextSequence = Math.max(this.#nextSequence, (messages.at(-1)?.sequence ?? 0) + 1);
    return { sessions, messages, retained, damaged: forgotten.names };
  }
}

/** Rows that nobody will have again, which are taken out of the store. */
export class ForgottenRows {
  readonly names: RowName[] = [];

  readonly add = (name: RowName): void => {
    if (this.names.length < maxDroppedAtOnce) this.names.push(name);
  };

  drop(store: Pick<SessionStore, 'keep'>): void {
    for (const { table, key } of this.names) store.keep({ table, key });
  }
}

/**
 * Of the rows that were kept those that can be worked with and may still be kept, one after the other: what is too much, or damaged, is
 * never in memory together with others.
 */
export function* soundRows(
  rows: Iterable<Required<SessionChange>>,
  forget: (name: RowName) => void,
): Generator<Required<SessionChange>> {
  const bounds = new MemoryBounds();
  let sessions = 0;
  for (const kept of rows) {
    const { table, key, row } = kept;
    if (table === 'mqttSession' && isSessionRow(row, key)) {
      sessions += 1;
      if (sessions <= maxSessions && row.filters.every(([filter]) => bounds.subscribe(filter))) yield kept;
      else forget({ table, key });
    } else if (
      table === 'mqttDoors' ||
      (table === 'mqttMessage' && isMessageRow(row) && bounds.queue(nameOf(ownerIn(row)), sized(row))) ||
      (table === 'mqttRetained' && isRetainedRow(row, key) && bounds.retain(sized(row)))
    ) {
      yield kept;
    } else forget({ table, key });
  }
}

/** As large as it will be when it is read, so that what was kept within the bounds is within them still. */
function sized({ packet: { topic, payload }, encoding }: RetainedRow): Sized {
  return { topic, payload: { length: encoding === 'utf8' ? payload.length : Buffer.byteLength(payload, encoding) } };
}

function nameOf(owner: Owner): string {
  return 'group' in owner ? owner.group : owner.clientId;
}

function ownerIn({ clientId, group }: Pick<MessageRow, 'clientId' | 'group'>): Owner {
  return group === undefined ? { clientId: clientId! } : { group };
}

/** A message for many sessions has one payload, which is written once. */
class WrittenPayload {
  #last: Buffer | undefined;
  #text = '';

  in(message: Message): Pick<MessageRow, 'packet' | 'encoding'> {
    const { topic, payload, qos, retain, properties, expiresAt } = message;
    return {
      packet: {
        topic,
        payload: typeof payload === 'string' ? payload : this.#base64Of(payload),
        qos,
        retain,
        ...(properties && { properties: properties.toString('base64') }),
        ...(expiresAt !== undefined && { expiresAt }),
      },
      encoding: typeof payload === 'string' ? 'utf8' : 'base64',
    };
  }

  #base64Of(payload: Buffer): string {
    if (payload === this.#last) return this.#text;
    this.#last = payload;
    this.#text = payload.toString('base64');
    return this.#text;
  }
}

function read({ packet, encoding }: RetainedRow): Message {
  const { topic, payload, qos, retain, properties, expiresAt } = packet;
  return {
    topic,
    payload: encoding === 'utf8' ? payload : Buffer.from(payload, encoding),
    qos,
    retain,
    ...(properties !== undefined && { properties: Buffer.from(properties, 'base64') }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

/** What is on disk may be another program's work, or an older one's: only what can be worked with is believed. */
export function isSessionRow(row: object, key: string): row is SessionRow {
  const { clientId, principal, filters, expirySeconds = 0 } = row as Partial<SessionRow>;
  if (clientId !== key || typeof principal !== 'string' || !(expirySeconds >= 0) || !Array.isArray(filters))
    return false;
  return (filters as unknown[]).every(
    (filter) => Array.isArray(filter) && typeof filter[0] === 'string' && (filter[1] === 0 || filter[1] === 1),
  );
}

function isMessageRow(row: object): row is MessageRow {
  const { sequence, clientId, group, packet } = row as Partial<MessageRow>;
  if (typeof clientId !== 'string' && typeof group !== 'string') return false;
  return Number.isSafeInteger(sequence) && hasMessage(row) && packet?.qos === 1;
}

function isRetainedRow(row: object, key: string): row is RetainedRow {
  return hasMessage(row) && row.packet.topic === key && row.packet.payload !== '';
}

function hasMessage(row: object): row is RetainedRow {
  const { packet, encoding } = row as Partial<MessageRow>;
  if (typeof packet !== 'object' || packet === null || (encoding !== 'utf8' && encoding !== 'base64')) return false;
  const { topic, payload, qos, properties = '' } = packet as Partial<MessageRow['packet']>;
  const isText = typeof topic === 'string' && typeof payload === 'string' && typeof properties === 'string';
  return isText && (qos === 0 || qos === 1);
}
