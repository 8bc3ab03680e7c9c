/**
 * Debian's PostgreSQL for tests: one server for all files, started by whoever needs it first, and servers of their own for tests that
 * kill them. They listen on loopback, keep their files in a temporary folder and, unless asked, force nothing to disk.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { beforeAll, beforeEach, inject } from 'vitest';
import { freePort } from '../../bench/free-port.ts';
import { asPostgres, findPostgres, giveAway } from '../../bench/postgres-user.ts';

const binaries = findPostgres();

/** Why tests with PostgreSQL are skipped, or `undefined`. */
export const noPostgres = binaries === undefined ? "PostgreSQL is missing (Debian's postgresql)" : undefined;

export interface Postgres {
  readonly port: number;
  readonly data: string;
  /** Of a database there. */
  url(database: string, user?: string): string;
  /** Runs it as the owner of everything. */
  admin(statement: string, database?: string): Promise<readonly Record<string, unknown>[]>;
  /** An empty database. @returns its URL */
  fresh(): Promise<string>;
  /** A place of its own in one database of this file, which is sooner there. @returns its URL */
  freshSchema(): Promise<string>;
}

/** The server that all tests share, for the tests of a file: where PostgreSQL is missing, they are skipped. */
export function postgresOfTests(): Postgres {
  const known: { server?: Postgres } = {};
  beforeAll(async () => {
    if (noPostgres === undefined) known.server = await sharedPostgres();
  }, 240_000);
  beforeEach(({ skip }) => skip(noPostgres !== undefined, noPostgres));
  return new Proxy({} as Postgres, { get: (_, member: keyof Postgres) => known.server?.[member] });
}

export interface OwnPostgres extends Postgres {
  readonly pid: number;
  /** To all its processes; what is stopped is stopped. */
  signal(signal: NodeJS.Signals): void;
  /** SIGQUIT by default: at once, as if it had crashed. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** On the same port, with the same files. */
  start(): Promise<void>;
}

/** The one server of this run. */
export async function sharedPostgres(): Promise<Postgres> {
  const home = inject('postgresHome');
  const ready = join(home, 'ready');
  if (claims(join(home, 'claimed'))) {
    makeTemplate(home);
    const server = await startPostgres(join(home, 'shared'), { detached: true });
    // Whole, or not there: others wait for it.
    writeFileSync(`${ready}.new`, String(server.port));
    renameSync(`${ready}.new`, ready);
    return server;
  }
  while (!existsSync(ready)) await wait(20);
  return described(Number(readFileSync(ready, 'utf8')), join(home, 'shared/data'));
}

/** A server for one test. @param settings lines of postgresql.conf */
export async function ownPostgres(settings: readonly string[] = []): Promise<OwnPostgres> {
  await sharedPostgres();
  return startPostgres(newFolder(), { detached: false, settings });
}

interface StartSettings {
  readonly detached: boolean;
  readonly settings?: readonly string[];
  /** Made by somebody else already, as a standby's is. */
  readonly hasData?: boolean;
  readonly port?: number;
}

async function startPostgres(
  folder: string,
  { detached, settings = [], hasData = false, port: given }: StartSettings,
): Promise<OwnPostgres> {
  const data = join(folder, 'data');
  if (!hasData) {
    mkdirSync(folder, { recursive: true });
    execFileSync('cp', ['-a', join(inject('postgresHome'), 'template'), data]);
  }
  giveAway(folder);
  const port = given ?? (await freePort());
  const lines = [
    `port = ${port}`,
    "listen_addresses = '127.0.0.1'",
    `unix_socket_directories = '${folder}'`,
    'fsync = off',
    'full_page_writes = off',
    'shared_buffers = 16MB',
    'max_connections = 60',
    ...settings,
  ];
  writeFileSync(join(data, 'postgresql.auto.conf'), `${lines.join('\n')}\n`);
  let child: ChildProcess | undefined;
  const server = described(port, data);
  const start = async (): Promise<void> => {
    const log = openSync(join(folder, 'log'), 'a');
    child = spawn(...asPostgres(join(binaries!, 'postgres'), ['-D', data]), { detached, stdio: ['ignore', log, log] });
    if (detached) child.unref();
    const ended = once(child, 'exit').then(() => {
      throw new Error(`PostgreSQL has ended: ${readFileSync(join(folder, 'log'), 'utf8')}`);
    });
    await Promise.race([answers(server), ended]);
    ended.catch(() => {});
  };
  await start();
  return {
    ...server,
    get pid() {
      return pidIn(data);
    },
    start,
    signal(signal) {
      // Each of its processes is the leader of a group of its own.
      for (const pid of [pidIn(data), ...childrenOf(pidIn(data))]) process.kill(pid, signal);
    },
    async stop(signal = 'SIGQUIT') {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      process.kill(pidIn(data), signal);
      await ended;
    },
  };
}

function childrenOf(parent: number): readonly number[] {
  return readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

function pidIn(data: string): number {
  return Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
}

function described(port: number, data: string): Postgres {
  let made = 0;
  let schemas: Promise<string> | undefined;
  const url = (database: string, user = 'postgres'): string => `postgres://${user}@127.0.0.1:${port}/${database}`;
  const admin = async (statement: string, database = 'postgres'): Promise<readonly Record<string, unknown>[]> => {
    const client = new Client({ connectionString: url(database) });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(statement)).rows;
    } finally {
      await client.end();
    }
  };
  const fresh = async (): Promise<string> => {
    const name = `test_${process.pid}_${(made += 1)}_${Date.now()}`;
    await admin(`CREATE DATABASE ${name}`);
    return url(name);
  };
  return {
    port,
    data,
    url,
    admin,
    fresh,
    async freshSchema() {
      schemas ??= fresh();
      return `${await schemas}?schema=s${(made += 1)}`;
    },
  };
}

async function answers(server: Postgres): Promise<void> {
  for (;;) {
    try {
      await server.admin('SELECT 1');
      return;
    } catch {
      await wait(20);
    }
  }
}

function claims(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

function makeTemplate(home: string): void {
  chmodSync(home, 0o755);
  const template = join(home, 'template');
  mkdirSync(template);
  giveAway(template);
  const given = ['-D', template, '--no-sync', '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C'];
  execFileSync(...asPostgres(join(binaries!, 'initdb'), given), { stdio: 'ignore' });
}

/** A second server that follows the first, made from it. */
export async function standbyOf(
  primary: Postgres,
  settings: readonly string[] = [],
  port?: number,
): Promise<OwnPostgres> {
  const folder = newFolder();
  mkdirSync(folder, { recursive: true });
  giveAway(folder);
  const data = join(folder, 'data');
  const from = [
    '-h',
    '127.0.0.1',
    '-p',
    String(primary.port),
    '-U',
    'postgres',
    '-D',
    data,
    '-R',
    '-X',
    'stream',
    '-c',
    'fast',
    '--no-sync',
  ];
  execFileSync(...asPostgres(join(binaries!, 'pg_basebackup'), from), { stdio: 'ignore' });
  const follows = `primary_conninfo = 'host=127.0.0.1 port=${primary.port} user=postgres application_name=standby'`;
  return startPostgres(folder, {
    detached: false,
    hasData: true,
    settings: [follows, ...settings],
    ...(port && { port }),
  });
}

let folders = 0;

/** Where PostgreSQL's own user may look, too. */
function newFolder(): string {
  return join(inject('postgresHome'), `own-${process.pid}-${(folders += 1)}`);
}
