/**
 * The tables of a PostgreSQL store, made by the first engine that needs them: one row that says whose data it is and who leads, one
 * table for rows of every kind, each as JSON text with a checksum, and one that says of each of the last commits which rows it changed.
 * Looked at before anything in them is believed; what is of another program, version or account is left as it is.
 */
import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import type { ServiceIdentity } from '../engine/contract.ts';
import { postgresError, primaryHint } from './postgres-errors.ts';

/** Raised by every change of the tables. The one before is taken over by {@link migrate}, when its engine leads no more. */
export const formatVersion = 2;
const oldestFormat = 1;

/** C collation: names are bytes, and no new version of a system's locale changes their order. */
function creation(schema: string): string {
  return `
    CREATE TABLE ${schema}.service (
      id integer PRIMARY KEY CHECK (id = 1),
      format integer NOT NULL,
      region text NOT NULL,
      account text NOT NULL,
      epoch bigint NOT NULL,
      owner text NOT NULL,
      beats bigint NOT NULL,
      patience_ms integer NOT NULL,
      commits bigint NOT NULL,
      at bigint,
      backend integer
    ) WITH (fillfactor = 20);
    CREATE TABLE ${schema}.kept (
      kind text COLLATE "C" NOT NULL,
      key text COLLATE "C" NOT NULL,
      value text NOT NULL,
      checksum integer NOT NULL,
      PRIMARY KEY (kind, key)
    );
    ${creationOfChanges(schema)}`;
}

/** New in format 2: what a standby follows. There is always a row for the number of commits that there are. */
function creationOfChanges(schema: string): string {
  return `
    CREATE TABLE ${schema}.change (
      commits bigint PRIMARY KEY,
      owner text NOT NULL,
      kinds text[] NOT NULL,
      keys text[] NOT NULL
    )`;
}

/** Begins what a standby follows, at the number of commits that there are; no copy made before goes on from there. */
export async function beginChanges(client: Client, schema: string): Promise<void> {
  await client.query(`DELETE FROM ${schema}.change`);
  await client.query(
    `INSERT INTO ${schema}.change (commits, owner, kinds, keys) SELECT commits, $1, '{}', '{}' FROM ${schema}.service`,
    [randomUUID()],
  );
}

/** New in format 2: the connection by which the owner has written last. */
export function columnOfBackend(schema: string): string {
  return `ALTER TABLE ${schema}.service ADD COLUMN IF NOT EXISTS backend integer`;
}

/** Within the transaction in which the caller has taken the row `service`, so that no engine of the older format goes on. */
export async function migrate(client: Client, schema: string, format: number): Promise<void> {
  if (format === formatVersion) return;
  await client.query(columnOfBackend(schema));
  await client.query(creationOfChanges(schema));
  await beginChanges(client, schema);
  await client.query(`UPDATE ${schema}.service SET format = ${formatVersion}`);
}

/** For whoever looks into the database. */
const comment = 'Made by jobrig. One engine at a time writes here: the one that the row of the table service names.';

const undefinedTable = '42P01';
/** Two engines make the tables at once: one of them finds them made. */
const madeMeanwhile = new Set(['23505', '42P06', '42P07', '42710']);

export function isMadeMeanwhile(error: unknown): boolean {
  return madeMeanwhile.has((error as { readonly code?: string }).code ?? '');
}

export interface ServiceRow {
  readonly format: number;
  readonly region: string;
  readonly account: string;
}

/**
 * @param name how errors call the database
 * @throws {OperationalError} when it belongs to another program, version or account, or can only be read
 */
export async function prepareSchema(
  client: Client,
  name: string,
  schema: string,
  identity: ServiceIdentity,
): Promise<void> {
  const found = (await inspectSchema(client, name, schema)) ?? (await make(client, schema, identity));
  checkIdentity(found, name, identity);
}

/** @throws {OperationalError} when another version of jobrig made it, which this one does not read */
export function checkFormat(format: number, name: string): void {
  if (format >= oldestFormat && format <= formatVersion) return;
  const hint = 'Start the version of jobrig that made it, or give another database or ?schema=.';
  throw postgresError('STORE_VERSION', name, `has format ${format}, this jobrig reads ${formatVersion}`, hint);
}

/** @returns whose it is; `undefined` where there is nothing yet, which is then left so */
export async function inspectSchema(client: Client, name: string, schema: string): Promise<ServiceRow | undefined> {
  const { rows: about } = await client.query<{ readonly standby: boolean; readonly encoding: string }>(
    `SELECT pg_is_in_recovery() AS standby, current_setting('server_encoding') AS encoding`,
  );
  const { standby = false, encoding } = about[0] ?? {};
  if (standby) throw postgresError('STORE_READ_ONLY', name, 'is a standby, which can only be read', primaryHint);
  if (encoding !== 'UTF8') {
    throw postgresError(
      'STORE_UNUSABLE',
      name,
      `has the encoding ${encoding ?? 'unknown'}`,
      "Make it with ENCODING 'UTF8'.",
    );
  }
  let found = await serviceRow(client, schema);
  if (found === undefined) {
    const stranger = await strangerIn(client, schema);
    if (stranger === undefined) return undefined;
    // Another engine may have made the tables between the two looks.
    found = await serviceRow(client, schema);
    if (found === undefined) {
      const complaint = `has a schema ${schema} of another program, with ${stranger}`;
      throw postgresError('STORE_FOREIGN', name, complaint, 'Give another database or ?schema=.');
    }
  }
  checkFormat(found.format, name);
  return found;
}

export function checkIdentity(found: ServiceRow, name: string, identity: ServiceIdentity): void {
  if (found.region !== identity.region || found.account !== identity.account) {
    const hint = 'Start with that region and account, or give another database or ?schema=.';
    const whose = `was made for ${found.region} and account ${found.account}`;
    throw postgresError('STORE_OF_OTHER_ACCOUNT', name, whose, hint);
  }
}

async function serviceRow(client: Client, schema: string): Promise<ServiceRow | undefined> {
  try {
    const { rows } = await client.query<ServiceRow>(`SELECT format, region, account FROM ${schema}.service`);
    return rows[0];
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (code === undefinedTable) return undefined;
    throw error;
  }
}

/** @returns a table that is there */
async function strangerIn(client: Client, schema: string): Promise<string | undefined> {
  const { rows: strangers } = await client.query<{ readonly relname: string }>(
    `SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
     WHERE nspname = $1 AND relkind IN ('r', 'p', 'v', 'm', 'f') LIMIT 1`,
    [schema],
  );
  return strangers[0]?.relname;
}

/** Within a transaction of the caller's. */
export async function createTables(
  client: Client,
  schema: string,
  { region, account }: ServiceIdentity,
): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema]);
  if (rowCount === 0) await client.query(`CREATE SCHEMA ${schema}`);
  await client.query(creation(schema));
  await client.query(`COMMENT ON TABLE ${schema}.service IS '${comment}'`);
  await client.query(
    `INSERT INTO ${schema}.service (id, format, region, account, epoch, owner, beats, patience_ms, commits)
       VALUES (1, $1, $2, $3, 0, '', 0, 0, 0)`,
    [formatVersion, region, account],
  );
  await beginChanges(client, schema);
}

async function make(client: Client, schema: string, identity: ServiceIdentity): Promise<ServiceRow> {
  try {
    await client.query('BEGIN');
    await createTables(client, schema, identity);
    await client.query('COMMIT');
    return { format: formatVersion, ...identity };
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    const row = isMadeMeanwhile(error) ? await serviceRow(client, schema) : undefined;
    if (row === undefined) throw error;
    return row;
  }
}
