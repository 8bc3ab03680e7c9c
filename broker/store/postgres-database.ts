/**
 * The requests of one engine to its PostgreSQL database: who leads, take over, keep a turn, read everything or what has changed. Each that
 * writes does so only while the row `service` names the epoch that the caller holds, which it locks in the same transaction; a turn is
 * one statement, so one round trip. A connection that was lost is opened again by the next request. Decides nothing.
 */
import type { Client } from 'pg';
import type { EpochMs } from '../../protocol/time.ts';
import type { Held, Leadership } from '../epoch/contract.ts';
import type { Position } from '../epoch/warm-copy.ts';
import type { ServiceIdentity } from '../engine/contract.ts';
import { keptKey } from './kept-key.ts';
import type { PostgresAddress } from './postgres-address.ts';
import { connectToWritable } from './postgres-client.ts';
import { ConnectionLost, isAnswer, postgresError } from './postgres-errors.ts';
import { type ReadRows, checksumOf, readAll, readRest } from './postgres-rows.ts';
import { checkFormat, columnOfBackend, formatVersion, migrate, prepareSchema } from './postgres-schema.ts';
import type { Durability } from './sqlite-database.ts';
import { type RowChange, type TableName, lastOfEach, tableNames } from './store.ts';

export interface PostgresOptions {
  readonly address: PostgresAddress;
  /** Rows are full of ARNs, so a schema belongs to one region and account. */
  readonly identity: ServiceIdentity;
  /** `fsync` waits for the database's disk, and for its synchronous standby where there is one; the others do not. */
  readonly durability?: Durability;
}

/** The rows of a turn as the database gets them, made before anything is sent. */
export interface WrittenTurn {
  readonly values: readonly unknown[];
}

/** The row that says who leads, with the service time of the last commit. */
export interface Look extends Leadership {
  readonly at: EpochMs | undefined;
  /** What the database's clock says. */
  readonly clock: EpochMs;
}

export interface PostgresDatabase {
  readonly name: string;
  look(): Promise<Look>;
  take(from: Leadership, owner: string, patienceMs: number): Promise<boolean>;
  beat(held: Held, patienceMs: number): Promise<boolean>;
  check(held: Held): Promise<boolean>;
  release(held: Held): Promise<boolean>;
  /** @throws what has no JSON form */
  written(changes: readonly RowChange[], at: EpochMs): WrittenTurn;
  commit(held: Held, turn: WrittenTurn): Promise<boolean>;
  /** All rows of these tables, by a cursor. */
  read(tables: readonly TableName[]): Promise<ReadRows>;
  /** What has changed since, or everything: where nothing goes on from there. */
  follow(from: Position | undefined): Promise<ReadRows>;
  close(): Promise<void>;
}

/** A standby that is further behind reads everything. */
const changesKept = 10_000;

/**
 * No limit on how long anything may take: a commit that is given up half way is one whose outcome nobody knows. Plans are for few
 * rows found by their keys, whatever the statistics say.
 */
const settings = `
  SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0;
  SET default_transaction_isolation = 'read committed'; SET client_min_messages = 'warning';
  SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
  SET plan_cache_mode = force_generic_plan; SET jit = off; SET application_name = 'jobrig'`;

export function postgresDatabase({ address, identity, durability = 'fsync' }: PostgresOptions): PostgresDatabase {
  const { name, schema } = address;
  const ours = 'id = 1 AND epoch = $1 AND owner = $2';
  const sql = {
    // A server knows at once that the connection of a killed process has ended.
    look: `SELECT format, epoch, owner, beats, commits, patience_ms, at,
             (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS clock,
             connection.backend IS NOT NULL AND NOT EXISTS (
               SELECT FROM pg_stat_activity WHERE pid = connection.backend) AS gone
           FROM ${schema}.service, LATERAL (SELECT (to_jsonb(service) ->> 'backend')::integer AS backend) AS connection
           WHERE id = 1`,
    take: `UPDATE ${schema}.service SET epoch = epoch + 1, owner = $5, beats = beats + 1, patience_ms = $6, backend = pg_backend_pid()
           WHERE ${ours} AND beats = $3 AND commits = $4 RETURNING format`,
    beat: `UPDATE ${schema}.service SET beats = beats + 1, patience_ms = $4, backend = pg_backend_pid() WHERE ${ours} AND commits = $3`,
    check: `SELECT FROM ${schema}.service WHERE ${ours} AND commits = $3`,
    release: `UPDATE ${schema}.service SET owner = '', beats = beats + 1 WHERE ${ours}`,
    commit: `
      WITH head AS (
        UPDATE ${schema}.service SET commits = commits + 1, at = $4, backend = pg_backend_pid() WHERE ${ours} AND commits = $3 RETURNING id
      ), gone AS (
        DELETE FROM ${schema}.kept USING unnest($5::text[], $6::text[]) AS dropped (kind, key)
        WHERE kept.kind = dropped.kind AND kept.key = dropped.key AND EXISTS (SELECT FROM head)
      ), put AS (
        INSERT INTO ${schema}.kept (kind, key, value, checksum)
        SELECT * FROM unnest($7::text[], $8::text[], $9::text[], $10::integer[]) WHERE EXISTS (SELECT FROM head)
        ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value, checksum = excluded.checksum
      ), told AS (
        INSERT INTO ${schema}.change (commits, owner, kinds, keys)
        SELECT $3 + 1, $2, $5::text[] || $7::text[], $6::text[] || $8::text[] WHERE EXISTS (SELECT FROM head)
      ), forgotten AS (
        DELETE FROM ${schema}.change WHERE commits = $3 + 1 - ${changesKept} AND EXISTS (SELECT FROM head)
      )
      SELECT id FROM head`,
  };
  const link = new Connection(address, identity, durability);
  /** As it was seen last. */
  let format = formatVersion;

  async function isDone(statement: Exclude<keyof typeof sql, 'look'>, values: readonly unknown[]): Promise<boolean> {
    const { rowCount } = await link.ask((client) =>
      client.query({ name: statement, text: sql[statement], values: [...values] }),
    );
    return rowCount === 1;
  }

  /** Takes over from an engine of an older version, and brings its tables to this one's, together. */
  async function takeOld(values: readonly unknown[]): Promise<boolean> {
    return link.ask(async (client) => {
      await client.query('BEGIN');
      try {
        await client.query(columnOfBackend(schema));
        const { rows } = await client.query<{ readonly format: number }>(sql.take, [...values]);
        if (rows[0] !== undefined) await migrate(client, schema, rows[0].format);
        await client.query('COMMIT');
        return rows.length === 1;
      } catch (error) {
        await client.query('ROLLBACK').catch(() => {});
        throw error;
      }
    });
  }

  // A connection of its own: what is asked meanwhile is no part of this transaction.
  async function everything(tables: readonly TableName[]): Promise<ReadRows> {
    const reading = new Connection(address, identity, durability);
    try {
      return await reading.ask((client) => readAll(client, address, tables));
    } finally {
      await reading.close();
    }
  }

  return {
    name,
    async look() {
      const { rows } = await link.ask((client) =>
        client.query<Record<string, string | number | boolean | null>>(sql.look),
      );
      const [row] = rows;
      if (row === undefined) throw postgresError('STORE_TORN', name, 'lacks the row of the table service');
      format = Number(row['format']);
      checkFormat(format, name);
      const { epoch, owner, beats, commits, patience_ms: patienceMs, at = null } = row;
      return {
        epoch: Number(epoch),
        owner: String(owner),
        beats: Number(beats),
        commits: Number(commits),
        patienceMs: Number(patienceMs),
        isGone: row['gone'] === true,
        clock: Number(row['clock']),
        at: at === null ? undefined : Number(at),
      };
    },
    take(from, owner, patienceMs) {
      const values = [from.epoch, from.owner, from.beats, from.commits, owner, patienceMs];
      return format === formatVersion ? isDone('take', values) : takeOld(values);
    },
    beat: ({ epoch, owner, commits }, patienceMs) => isDone('beat', [epoch, owner, commits, patienceMs]),
    check: ({ epoch, owner, commits }) => isDone('check', [epoch, owner, commits]),
    release: ({ epoch, owner }) => isDone('release', [epoch, owner]),
    written: (changes, at) => ({ values: [at, ...arraysOf(changes)] }),
    commit: ({ epoch, owner, commits }, turn) => isDone('commit', [epoch, owner, commits, ...turn.values]),
    read: everything,
    async follow(from) {
      const rest = from === undefined ? undefined : await link.ask((client) => readRest(client, address, from));
      return rest ?? everything(tableNames);
    },
    close: () => link.close(),
  };
}

/** One connection at a time, to the host that can be written. */
class Connection {
  readonly #address: PostgresAddress;
  readonly #identity: ServiceIdentity;
  readonly #durability: Durability;
  #client: Client | undefined;
  #isWarned = false;
  readonly #closing = new AbortController();
  /** What broke the connection, and who waits for an answer on it. */
  #broken: ((error: unknown) => void) | undefined;

  constructor(address: PostgresAddress, identity: ServiceIdentity, durability: Durability) {
    this.#address = address;
    this.#identity = identity;
    this.#durability = durability;
  }

  /** @throws {ConnectionLost} when there is no answer; what the server says when it refuses */
  async ask<Answer>(question: (client: Client) => Promise<Answer>): Promise<Answer> {
    const client = this.#client ?? (await this.#open());
    this.#isWarned = false;
    try {
      const answer = await new Promise<Answer>((resolve, reject) => {
        this.#broken = reject;
        question(client).then(resolve, reject);
      });
      // The server has given up waiting for its standby: nobody knows whether a promoted one has it.
      if (this.#isWarned) throw new Error('the database has warned of its own answer');
      return answer;
    } catch (error) {
      if (isAnswer(error)) throw error;
      this.#forget(client);
      throw new ConnectionLost(true, error);
    } finally {
      this.#broken = undefined;
    }
  }

  async #open(): Promise<Client> {
    const { name, schema } = this.#address;
    const listen = (client: Client): void => {
      client.on('error', (error) => {
        this.#broken?.(error);
        this.#forget(client);
      });
      client.on('notice', ({ severity }) => {
        if (severity === 'WARNING') this.#isWarned = true;
      });
    };
    const prepare = async (client: Client): Promise<void> => {
      await client.query(`SET synchronous_commit = ${await this.#waits(client)}`);
      await prepareSchema(client, name, schema, this.#identity);
    };
    try {
      const { client } = await connectToWritable(this.#address, {
        program: 'jobrig',
        settings,
        listen,
        prepare,
        signal: this.#closing.signal,
      });
      this.#client = client;
      return client;
    } catch (reason) {
      throw new ConnectionLost(false, reason);
    }
  }

  /** Never less than the disk of the primary, and what is asked for beyond it stays. */
  async #waits(client: Client): Promise<string> {
    if (this.#durability !== 'fsync') return 'off';
    const { rows } = await client.query<{ readonly level: string }>(
      `SELECT current_setting('synchronous_commit') AS level`,
    );
    return rows[0]?.level === 'remote_apply' ? 'remote_apply' : 'on';
  }

  #forget(client: Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    client.end().catch(() => {});
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }
}

/** Kinds and keys of what is gone, then kinds, keys, texts and checksums of what is put. */
function arraysOf(changes: readonly RowChange[]): readonly (readonly unknown[])[] {
  const [goneKinds, goneKeys, kinds, keys, texts]: string[][] = [[], [], [], [], []];
  const checksums: number[] = [];
  for (const [table, rows] of lastOfEach(changes)) {
    for (const [name, row] of rows) {
      const key = keptKey(name);
      if (row === undefined) {
        goneKinds!.push(table);
        goneKeys!.push(key);
        continue;
      }
      const text = JSON.stringify(row);
      kinds!.push(table);
      keys!.push(key);
      texts!.push(text);
      checksums.push(checksumOf(key, text));
    }
  }
  return [goneKinds!, goneKeys!, kinds!, keys!, texts!, checksums];
}
