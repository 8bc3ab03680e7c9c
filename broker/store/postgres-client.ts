/**
 * A connection to that host of a PostgreSQL store which can be written, with a session as whoever connects needs it. Of several hosts
 * each is asked once, in order.
 */
import { addAbortListener } from 'node:events';
import { Socket } from 'node:net';
import { Client } from 'pg';
import type { PostgresAddress } from './postgres-address.ts';
import { startError } from './postgres-errors.ts';

export interface Session<Found> {
  /** What the database is told of whoever connects. */
  readonly program: string;
  /** Statements with the settings of the session. */
  readonly settings: string;
  /** Before it connects: a client without a listener for errors would end the process. */
  readonly listen: (client: Client) => void;
  /** @throws where this host will not do */
  readonly prepare: (client: Client) => Promise<Found>;
  /** Gives up connecting; of a connection that is made it knows nothing. */
  readonly signal?: AbortSignal;
}

const connectionTimeoutMs = 10_000;

/** @throws the reason of an abort; {OperationalError} what is wrong with the hosts */
export async function connectToWritable<Found>(
  { name, urls }: PostgresAddress,
  { program, settings, listen, prepare, signal }: Session<Found>,
): Promise<{ readonly client: Client; readonly found: Found }> {
  let reason: ReturnType<typeof startError> | undefined;
  for (const url of urls) {
    signal?.throwIfAborted();
    const socket = new Socket();
    const client = new Client({
      connectionString: url,
      stream: () => socket,
      connectionTimeoutMillis: connectionTimeoutMs,
      keepAlive: true,
      fallback_application_name: program,
    });
    listen(client);
    using _ = signal && addAbortListener(signal, () => socket.destroy());
    try {
      await client.connect();
      await client.query(settings);
      return { client, found: await prepare(client) };
    } catch (error) {
      client.end().catch(() => {});
      signal?.throwIfAborted();
      const told = startError(name, error);
      // The others say less than the one that can be written.
      if (reason === undefined || told.code !== 'STORE_UNREACHABLE') reason = told;
    }
  }
  throw reason!;
}
