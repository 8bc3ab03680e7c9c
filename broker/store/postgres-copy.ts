/**
 * A PostgreSQL database as source and as target of a copy, by one transaction that holds the row `service` from its beginning: no engine
 * can take over or keep anything meanwhile, and when this process dies nothing has happened. An engine that leads is found out
 * as a standby finds it out: by whether the row changes within the time that the leader asked for.
 */
import { addAbortListener } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from 'pg';
import type { ServiceIdentity } from '../engine/contract.ts';
import { type CopiedHead, type CopySource, type CopyTarget, inBatches } from './copied.ts';
import type { PostgresAddress } from './postgres-address.ts';
import { connectToWritable } from './postgres-client.ts';
import { isAnswer, leaderName, notWritten, postgresError, startError } from './postgres-errors.ts';
import {
  type ServiceRow,
  beginChanges,
  checkIdentity,
  createTables,
  inspectSchema,
  isMadeMeanwhile,
  migrate,
} from './postgres-schema.ts';
import type { KeptText } from './sqlite-database.ts';
import { type TableName, tableNames } from './store.ts';
import { checksumOf } from './postgres-rows.ts';

export interface PostgresCopyOptions {
  readonly address: PostgresAddress;
  readonly signal: AbortSignal;
  /** An engine has led here and has not said that it ends: whether it still does takes so long to find out. */
  readonly onWatch: (leader: string, ms: number) => void;
}

const lookEveryMs = 100;
const rowsAtOnce = 1000;
const lockNotAvailable = '55P03';

const settings = `
  SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '2s';
  SET default_transaction_isolation = 'read committed'; SET client_min_messages = 'error';
  SET synchronous_commit = 'on'; SET application_name = 'jobrig store copy'`;

interface LeaderRow {
  readonly epoch: string;
  readonly owner: string;
  readonly beats: string;
  readonly commits: string;
  readonly patience_ms: number;
  readonly at: string | null;
}

/** @throws {OperationalError} when there is nothing to copy, or an engine leads there */
export async function openPostgresSource(options: PostgresCopyOptions): Promise<CopySource> {
  const { name, schema } = options.address;
  const held = await Held.open(options);
  try {
    const { found } = held;
    const missing = (complaint: string) =>
      postgresError('STORE_MISSING', name, complaint, 'Give the --store of jobrig serve.');
    if (found === undefined) throw missing('has no tables of jobrig');
    const leader = await held.lock();
    const rows = await held.count();
    if (leader.commits === '0' && rows === 0) throw missing('has nothing of a service yet');
    const { region, account } = found;
    const at = leader.at === null ? undefined : Number(leader.at);
    return {
      name,
      head: { region, account, commits: Number(leader.commits), at },
      rows,
      async *batches() {
        await held.ask((client) =>
          client.query(`DECLARE everything NO SCROLL CURSOR FOR SELECT kind, key, value, checksum FROM ${schema}.kept`),
        );
        for (let isLast = false; !isLast;) {
          const { rows: batch } = await held.ask((client) =>
            client.query<KeptRow>(`FETCH ${rowsAtOnce} FROM everything`),
          );
          isLast = batch.length < rowsAtOnce;
          yield* inBatches(batch.map((row) => proved(name, row)));
        }
      },
      close: (isCopied) => held.close(isCopied && leader.owner !== ''),
    };
  } catch (error) {
    await held.close(false);
    throw error;
  }
}

/** @throws {OperationalError} when it is not empty, an engine leads there, or it is of another account */
export async function openPostgresTarget(options: PostgresCopyOptions, identity: ServiceIdentity): Promise<CopyTarget> {
  const { name, schema } = options.address;
  const held = await Held.open(options);
  try {
    const { found } = held;
    if (found !== undefined) checkIdentity(found, name, identity);
    else await held.make(identity);
    await held.lock();
    const rows = found === undefined ? 0 : await held.count();
    if (rows === 0 && found !== undefined) await held.write((client) => migrate(client, schema, found.format));
    if (rows > 0) {
      const hint = `Give another database or ?schema=, or drop the schema ${schema}.`;
      throw postgresError('STORE_NOT_EMPTY', name, `has ${rows} rows already`, hint);
    }
    return {
      name,
      async put(batch) {
        const arrays: [string[], string[], string[], number[]] = [[], [], [], []];
        for (const { table, key, text, checksum } of batch) {
          arrays[0].push(table);
          arrays[1].push(key);
          arrays[2].push(text);
          arrays[3].push(checksum | 0);
        }
        const text = `INSERT INTO ${schema}.kept (kind, key, value, checksum)
                      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[])`;
        await held.write((client) => client.query({ name: 'put', text, values: arrays }));
      },
      async keep({ commits, at }: CopiedHead) {
        const text = `UPDATE ${schema}.service SET commits = $1, at = $2 WHERE id = 1`;
        await held.write((client) => client.query(text, [commits, at ?? null]));
        await held.write((client) => beginChanges(client, schema));
        await held.commit();
      },
      close: () => held.close(false),
    };
  } catch (error) {
    await held.close(false);
    throw error;
  }
}

interface KeptRow {
  readonly kind: string;
  readonly key: string;
  readonly value: string;
  readonly checksum: number;
}

const knownTables: ReadonlySet<string> = new Set(tableNames);

function proved(name: string, { kind, key, value, checksum }: KeptRow): KeptText {
  if (!knownTables.has(kind)) throw postgresError('STORE_TORN', name, `has a row of an unknown kind: ${kind} ${key}`);
  if (checksumOf(key, value) !== checksum) throw postgresError('STORE_TORN', name, `has a damaged row: ${kind} ${key}`);
  return { table: kind as TableName, key, text: value, checksum: checksum >>> 0 };
}

/** One connection with one transaction, to the host that can be written. */
class Held {
  readonly #options: PostgresCopyOptions;
  readonly #client: Client;
  /** Whose data it is; absent where there is none yet. */
  readonly found: ServiceRow | undefined;
  #isOver = false;

  private constructor(options: PostgresCopyOptions, client: Client, found: ServiceRow | undefined) {
    this.#options = options;
    this.#client = client;
    this.found = found;
  }

  static async open(options: PostgresCopyOptions): Promise<Held> {
    const { address, signal } = options;
    const { client, found } = await connectToWritable(address, {
      program: 'jobrig store copy',
      settings,
      signal,
      listen: (made) => made.on('error', () => {}), // Whoever asks next is told.
      prepare: (made) => inspectSchema(made, address.name, address.schema),
    });
    return new Held(options, client, found);
  }

  /** @throws the reason of an abort; {OperationalError} when the database is lost or says no */
  async ask<Answer>(question: (client: Client) => Promise<Answer>, told = startError): Promise<Answer> {
    const { signal, address } = this.#options;
    signal.throwIfAborted();
    const answer = question(this.#client);
    // An answer may never come.
    using _ = addAbortListener(signal, () => void this.#client.end().catch(() => {}));
    try {
      return await answer;
    } catch (error) {
      signal.throwIfAborted();
      if ((error as { readonly code?: string }).code === lockNotAvailable || isMadeMeanwhile(error)) {
        const hint = 'Stop that one first, or give another database or ?schema=.';
        throw postgresError('STORE_IN_USE', address.name, 'is in use by another process', hint, error);
      }
      throw told(address.name, error);
    }
  }

  async write(question: (client: Client) => Promise<unknown>): Promise<void> {
    await this.ask(question, (name, error) => (isAnswer(error) ? notWritten(name, error) : startError(name, error)));
  }

  /** Begins with tables that are gone again unless everything is kept. */
  async make(identity: ServiceIdentity): Promise<void> {
    const { schema } = this.#options.address;
    await this.ask(async (client) => {
      await client.query('BEGIN');
      await createTables(client, schema, identity);
    });
  }

  /** @throws {OperationalError} while an engine leads */
  async lock(): Promise<LeaderRow> {
    const { name, schema } = this.#options.address;
    const seen = await this.#silent();
    return this.ask(async (client) => {
      if (this.found !== undefined) await client.query('BEGIN');
      const { rowCount } = await client.query(
        `UPDATE ${schema}.service SET epoch = epoch + 1, owner = '', beats = beats + 1
           WHERE id = 1 AND epoch = $1 AND owner = $2 AND beats = $3 AND commits = $4`,
        [seen.epoch, seen.owner, seen.beats, seen.commits],
      );
      if (rowCount === 1) return seen;
      throw postgresError('STORE_IN_USE', name, 'is in use: an engine has just taken it', stopFirst);
    });
  }

  /** The row, once nobody leads or whoever led has been silent for as long as it asked for. */
  async #silent(): Promise<LeaderRow> {
    const { address, signal, onWatch } = this.#options;
    const first = await this.#look();
    if (first.owner === '') return first;
    const leader = leaderName(first.owner);
    onWatch(leader, first.patience_ms);
    for (const since = performance.now(); performance.now() - since <= first.patience_ms;) {
      await wait(lookEveryMs);
      signal.throwIfAborted();
      const next = await this.#look();
      const isSame = (['epoch', 'owner', 'beats', 'commits'] as const).every((part) => next[part] === first[part]);
      if (isSame) continue;
      if (next.owner === '') return next;
      throw postgresError(
        'STORE_IN_USE',
        address.name,
        `is in use: ${leaderName(next.owner)} leads it, epoch ${next.epoch}`,
        stopFirst,
      );
    }
    return first;
  }

  async #look(): Promise<LeaderRow> {
    const { name, schema } = this.#options.address;
    const text = `SELECT epoch, owner, beats, commits, patience_ms, at FROM ${schema}.service WHERE id = 1`;
    const { rows } = await this.ask((client) => client.query<LeaderRow>(text));
    if (rows[0] === undefined) throw postgresError('STORE_TORN', name, 'lacks the row of the table service');
    return rows[0];
  }

  async count(): Promise<number> {
    const text = `SELECT count(*) AS rows FROM ${this.#options.address.schema}.kept`;
    const { rows } = await this.ask((client) => client.query<{ readonly rows: string }>(text));
    return Number(rows[0]!.rows);
  }

  /** Not interrupted: its outcome would be unknown. */
  async commit(): Promise<void> {
    const { name } = this.#options.address;
    this.#isOver = true;
    try {
      await this.#client.query('COMMIT');
    } catch (error) {
      if (isAnswer(error)) throw notWritten(name, error);
      const hint = 'Copy again: it says so if everything is there already.';
      throw postgresError('STORE_NOT_WRITTEN', name, 'was lost while the copy was being kept', hint, error);
    }
  }

  async close(keeps: boolean): Promise<void> {
    if (keeps) await this.commit();
    // The transaction goes with its connection; asked for, it has gone when this has been answered.
    else if (!this.#isOver) await this.#client.query('ROLLBACK').catch(() => {});
    await this.#client.end().catch(() => {});
  }
}

const stopFirst = 'Stop every engine first.';
