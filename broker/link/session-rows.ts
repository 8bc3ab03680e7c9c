/**
 * The rows of all persistent sessions as the engine's process has them in memory, as they are kept or about to be, by whose they are: what
 * a door that comes, or takes up the sessions of another one, is told at once and without asking the store.
 */
import { type SessionChange, type SessionRow, isSessionRow } from '../mqtt/kept-sessions.ts';

export type KeptRow = Required<SessionChange>;

interface MessageFields {
  readonly sequence?: number;
  readonly group?: string;
}

export class SessionRows {
  readonly #sessions = new Map<string, KeptRow>();
  /** By whom they wait for: a client id, or the name of a group. */
  readonly #messages = new Map<string, Map<string, KeptRow>>();
  readonly #groups = new Set<string>();
  readonly #retained = new Map<string, KeptRow>();
  /** The highest number of a message so far. */
  lastSequence = 0;

  apply({ table, key, row }: SessionChange): void {
    if (table === 'mqttMessage') this.#applyMessage(key, row);
    else {
      const rows = table === 'mqttSession' ? this.#sessions : this.#retained;
      if (row === undefined) rows.delete(key);
      else rows.set(key, { table, key, row });
    }
  }

  #applyMessage(key: string, row: object | undefined): void {
    const owner = key.slice(key.indexOf(' ') + 1);
    let rows = this.#messages.get(owner);
    if (row === undefined) {
      rows?.delete(key);
      if (rows?.size === 0) this.#messages.delete(owner);
      return;
    }
    if (rows === undefined) this.#messages.set(owner, (rows = new Map<string, KeptRow>()));
    rows.set(key, { table: 'mqttMessage', key, row });
    const { sequence = 0, group } = row as MessageFields;
    this.lastSequence = Math.max(this.lastSequence, sequence);
    if (group !== undefined) this.#groups.add(group);
  }

  session(clientId: string): SessionRow | undefined {
    const row = this.#sessions.get(clientId)?.row;
    return row !== undefined && isSessionRow(row, clientId) ? row : undefined;
  }

  clientIds(): Iterable<string> {
    return this.#sessions.keys();
  }

  /** Groups for which messages wait, or have waited. */
  groups(): Iterable<string> {
    return this.#groups;
  }

  retained(): Iterable<KeptRow> {
    return this.#retained.values();
  }

  /** The session and what waits for it, or what waits for a group. */
  *of(owner: string): Generator<KeptRow> {
    const session = this.#sessions.get(owner);
    if (session !== undefined) yield session;
    yield* this.messagesFor(owner);
  }

  messagesFor(owner: string): Iterable<KeptRow> {
    return this.#messages.get(owner)?.values() ?? [];
  }

  countFor(owner: string): number {
    return this.#messages.get(owner)?.size ?? 0;
  }
}
