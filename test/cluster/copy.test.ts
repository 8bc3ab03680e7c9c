/** `jobrig store copy`: a service's life from a data directory into PostgreSQL and back, and what keeps a copy from being made. */
import {
  CreateJobCommand,
  CreateKeysAndCertificateCommand,
  CreateThingCommand,
  CreateThingGroupCommand,
  DescribeCertificateCommand,
  DescribeJobExecutionCommand,
  IoTClient,
} from '@aws-sdk/client-iot';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { connect, connectAsync } from 'mqtt';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LedStore, openLedStore } from '../../broker/led-store.ts';
import { type Service, type ServiceOptions, startService } from '../../broker/start-service.ts';
import { type CopyPlace, type StoreCopyOptions, copyStore } from '../../broker/store-copy.ts';
import { parsePostgresAddress } from '../../broker/store/postgres-address.ts';
import { openSqliteStore } from '../../broker/store/sqlite-store.ts';
import { type RowChange, tableNames } from '../../broker/store/store.ts';
import type { OperationalError } from '../../protocol/operational-error.ts';
import { runHere } from '../support/command-here.ts';
import { type CutWire, cutWire } from '../support/cut-wire.ts';
import { type Postgres, noPostgres, sharedPostgres } from '../support/postgres.ts';

const folder = mkdtempSync(join(tmpdir(), 'jobrig-copy-'));
const identity = { region: 'us-east-1', account: '000000000000' };
let server: Postgres;

beforeAll(async () => {
  if (noPostgres === undefined) server = await sharedPostgres();
});
beforeEach(({ skip }) => skip(noPostgres !== undefined, noPostgres));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;
function newDirectory(): string {
  return join(folder, `data-${(made += 1)}`);
}

const thing = (key: string): RowChange => ({ table: 'thing', key, row: { thingName: key } });

/** Rows of every table, with keys and texts that a store may get wrong. */
const oddRows: readonly RowChange[] = [
  ...tableNames.map((table) => ({ table, key: `of ${table}`, row: { table, 10: 'ten', 9: 'nine', empty: {} } })),
  {
    table: 'mqttRetained',
    key: 'sensors/\0/\u001b/\ud800/ü/🙂',
    row: { payload: '\0\ud800"\\\u2028🙂', list: [1e21, -0] },
  },
  { table: 'mqttMessage', key: "it's; DROP TABLE kept", row: { text: 'x'.repeat(200_000) } },
];
/** More than there are in two batches. */
const manyRows: readonly RowChange[] = [
  ...oddRows,
  ...Array.from({ length: 4100 }, (_, index) => thing(`thing-${index}`)),
];

async function filled(rows: readonly RowChange[] = oddRows): Promise<string> {
  const directory = newDirectory();
  const store = openSqliteStore({ directory, identity });
  await store.commit(rows, 1_800_000_000_000);
  store.close();
  return directory;
}

type Told = Partial<Pick<StoreCopyOptions, 'signal' | 'onProgress' | 'onWatch'>>;

function place(text: string): CopyPlace {
  return text.startsWith('postgres') ? { database: parsePostgresAddress(text) } : { directory: text };
}

function copy(from: string, to: string, told: Told = {}): ReturnType<typeof copyStore> {
  const { signal = new AbortController().signal, onProgress = () => {}, onWatch = () => {} } = told;
  return copyStore({ from: place(from), to: place(to), signal, onProgress, onWatch });
}

/** Every row of a directory as its bytes are, with the head. */
function bytesIn(directory: string): readonly string[] {
  const database = new DatabaseSync(join(directory, 'jobrig.db'), { readOnly: true });
  try {
    return ['service', ...tableNames].flatMap((table) =>
      database
        .prepare(`SELECT * FROM ${table}`)
        .all()
        .map((row) => `${table} ${JSON.stringify(row)}`),
    );
  } finally {
    database.close();
  }
}

async function rowsIn(url: string): Promise<number> {
  const [{ found } = {}] = await server.admin(
    `SELECT to_regclass('${schemaOf(url)}.kept') IS NOT NULL AS found`,
    databaseOf(url),
  );
  if (found !== true) return 0;
  const [{ rows } = {}] = await server.admin(
    `SELECT count(*)::int AS rows FROM ${schemaOf(url)}.kept`,
    databaseOf(url),
  );
  return rows as number;
}

async function schemaIsThere(url: string): Promise<boolean> {
  return (
    (await server.admin(`SELECT FROM pg_namespace WHERE nspname = '${schemaOf(url)}'`, databaseOf(url))).length > 0
  );
}

function databaseOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

function schemaOf(url: string): string {
  return new URL(url).searchParams.get('schema') ?? 'jobrig';
}

async function led(url: string, options: object = {}): Promise<LedStore> {
  const store = await openLedStore({ address: parsePostgresAddress(url), identity, ...options });
  store.restored!();
  return store;
}

const ports: ServiceOptions = { mqttsPort: 'off', wsPort: 'off', wssPort: 'off', httpsPort: 'off' };

function operatorOf({ httpUrl }: Service): IoTClient {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  return new IoTClient({ endpoint: httpUrl!, region: 'us-east-1', credentials, maxAttempts: 1 });
}

async function live(service: Service): Promise<string> {
  const iot = operatorOf(service);
  await iot.send(new CreateThingCommand({ thingName: 'pump', attributePayload: { attributes: { site: 'north' } } }));
  await iot.send(new CreateThingGroupCommand({ thingGroupName: 'pumps' }));
  const { certificateId } = await iot.send(new CreateKeysAndCertificateCommand({ setAsActive: true }));
  const sleeper = await connectAsync(service.mqttUrl!, { clientId: 'sleeper', clean: false });
  await sleeper.subscribeAsync('news', { qos: 1 });
  await sleeper.endAsync();
  const device = await connectAsync(service.mqttUrl!, { clientId: 'pump' });
  await device.publishAsync('notice', 'keep off', { qos: 1, retain: true });
  await device.publishAsync('news', 'for the sleeper', { qos: 1 });
  await device.publishAsync('$aws/things/pump/shadow/update', '{"state":{"reported":{"level":7}}}', { qos: 1 });
  const targets = ['arn:aws:iot:us-east-1:000000000000:thing/pump'];
  await iot.send(new CreateJobCommand({ jobId: 'update', targets, document: '{"operation":"reboot"}' }));
  await device.publishAsync('$aws/things/pump/jobs/start-next', '{"statusDetails":{"step":"one"}}', { qos: 1 });
  await device.endAsync();
  return certificateId!;
}

async function seesItAll(service: Service, certificateId: string): Promise<void> {
  const iot = operatorOf(service);
  const job = await iot.send(new DescribeJobExecutionCommand({ jobId: 'update', thingName: 'pump' }));
  expect(job.execution).toMatchObject({ status: 'IN_PROGRESS', statusDetails: { detailsMap: { step: 'one' } } });
  const certificate = await iot.send(new DescribeCertificateCommand({ certificateId }));
  expect(certificate.certificateDescription?.status).toBe('ACTIVE');
  const device = await connectAsync(service.mqttUrl!, { clientId: 'pump' });
  const heard = new Map<string, string>();
  const told = new Promise<void>((resolve) => {
    device.on('message', (topic, payload) => {
      heard.set(topic, payload.toString());
      if (heard.size === 2) resolve();
    });
  });
  await device.subscribeAsync(['notice', '$aws/things/pump/shadow/get/accepted'], { qos: 1 });
  await device.publishAsync('$aws/things/pump/shadow/get', '', { qos: 1 });
  await told;
  expect(heard.get('notice')).toBe('keep off');
  expect(heard.get('$aws/things/pump/shadow/get/accepted')).toContain('"level":7');
  await device.endAsync();
}

describe('jobrig store copy', () => {
  it('takes the life of a service into PostgreSQL and back, with every message that waits for a sleeping session', async () => {
    const [directory, back] = [newDirectory(), newDirectory()];
    const first = await startService({ ...ports, dataDir: directory });
    const certificateId = await live(first);
    const { ca } = first;
    await first.close();
    const url = await server.freshSchema();

    const there = await runHere('store', 'copy', directory, url, '--json');
    expect([there.code, there.stderr]).toEqual([0, '']);
    const counts = {
      job: 1,
      jobExecution: 1,
      certificate: 1,
      shadow: 1,
      mqttSession: 1,
      mqttMessage: 1,
      mqttRetained: 1,
    };
    expect(JSON.parse(there.stdout)).toMatchObject({ ...identity, rows: { thing: 1, thingGroup: 1, ...counts } });
    const second = await startService({ ...ports, dataDir: directory, database: url });
    expect(second.ca).toBe(ca);
    await seesItAll(second, certificateId);
    await second.close();

    const home = await runHere('store', 'copy', url, back, '--quiet');
    expect(home.code).toBe(0);
    expect(home.stdout).toContain('has no certificate authority');
    for (const file of ['ca.pem', 'ca.key']) cpSync(join(directory, file), join(back, file));
    const third = await startService({ ...ports, dataDir: back });
    await seesItAll(third, certificateId);
    const sleeper = connect(third.mqttUrl!, { clientId: 'sleeper', clean: false });
    const payload = new Promise<Buffer>((resolve) => {
      sleeper.once('message', (_, bytes) => resolve(bytes));
    });
    expect((await payload).toString()).toBe('for the sleeper');
    await sleeper.endAsync();
    await third.close();
  });

  it('there and back, every row and the head are the same bytes', async () => {
    const [directory, back] = [await filled(manyRows), newDirectory()];
    const url = await server.freshSchema();
    const progress: number[] = [];
    const there = await copy(directory, url, { onProgress: (copied, rows) => progress.push(copied, rows) });
    expect(there).toMatchObject({ total: manyRows.length, commits: 1, at: 1_800_000_000_000 });
    expect(progress.slice(0, 2)).toEqual([0, manyRows.length]);
    expect(progress.slice(-2)).toEqual([manyRows.length, manyRows.length]);
    const between = `${url.replace(/schema=.*/, '')}schema=${schemaOf(url)}_too`;
    await copy(url, between);
    const home = await copy(between, back);
    expect(home.rows).toEqual(there.rows);
    expect(bytesIn(back)).toEqual(bytesIn(directory));
    expect(readdirSync(back)).toEqual(['jobrig.db']);
    const store = await led(url);
    expect(await store.rows()).toHaveLength(manyRows.length);
    expect(store.lastCommitAt).toBe(1_800_000_000_000);
    await store.close();
  });

  it('copies what a killed service has left, also where it led a database', async () => {
    const directory = newDirectory();
    const store = openSqliteStore({ directory, identity });
    await store.commit([thing('a')], 5);
    const killed = newDirectory();
    cpSync(directory, killed, { recursive: true });
    store.close();
    const url = await server.freshSchema();
    expect(await copy(killed, url)).toMatchObject({ total: 1 });
    const wire = await cutWire(server.port);
    const failures: unknown[] = [];
    const leader = await led(url.replace(/:\d+\//, `:${wire.port}/`), {
      policy: { patienceMs: 150, maxAwayMs: 60_000 },
      onFailure: (error: unknown) => failures.push(error),
    });
    await leader.confirm!();
    wire.cut();
    const back = newDirectory();
    const watched: string[] = [];
    expect(await copy(url, back, { onWatch: (who) => watched.push(who) })).toMatchObject({ total: 1 });
    expect(watched).toEqual([expect.stringContaining(`process ${process.pid}`)]);
    // It comes back after the copy, and keeps nothing that is not in it.
    wire.mend();
    await expect(leader.commit([thing('b')], 6)).rejects.toMatchObject({ code: 'STORE_DEPOSED' });
    expect(await rowsIn(url)).toBe(1);
    await leader.close();
    await wire[Symbol.asyncDispose]();
  });
});

describe('a copy that cannot be made', () => {
  type Case = readonly [name: string, prepare: () => Promise<readonly [string, string]>, code: string];
  const cases: readonly Case[] = [
    ['the directory is not there', async () => [newDirectory(), await server.freshSchema()], 'STORE_MISSING'],
    ['the directory is empty', async () => [emptyFolder(), await server.freshSchema()], 'STORE_MISSING'],
    ['the database has no tables of jobrig', async () => [await server.freshSchema(), newDirectory()], 'STORE_MISSING'],
    ['the database has nothing yet', async () => [await usedOnce(), newDirectory()], 'STORE_MISSING'],
    [
      'the directory has a file of another program',
      async () => [foreignFile(), await server.freshSchema()],
      'STORE_FOREIGN',
    ],
    ['the database has something', async () => [await filled(), await filledDatabase()], 'STORE_NOT_EMPTY'],
    [
      'the directory has something',
      async () => [await filledDatabase(), await filled([thing('a')])],
      'STORE_NOT_EMPTY',
    ],
    [
      'the database is of another account',
      async () => [await filled(), await changed("account = '111122223333'")],
      'STORE_OF_OTHER_ACCOUNT',
    ],
    [
      'the directory is of another region',
      async () => [await filledDatabase(), await emptyElsewhere()],
      'STORE_OF_OTHER_ACCOUNT',
    ],
    ['the database is of a newer version', async () => [await filled(), await changed('format = 3')], 'STORE_VERSION'],
    ['the database is of an older version', async () => [await filled(), await changed('format = 0')], 'STORE_VERSION'],
    ['the source is of a newer version', async () => [await changed('format = 3'), newDirectory()], 'STORE_VERSION'],
    [
      'a row of the directory is damaged',
      async () => [await damagedDirectory(), await server.freshSchema()],
      'STORE_TORN',
    ],
    ['a row of the database is damaged', async () => [await damagedDatabase(), newDirectory()], 'STORE_TORN'],
    ['nobody listens', async () => [await filled(), 'postgres://postgres@127.0.0.1:1/x'], 'STORE_UNREACHABLE'],
  ];

  it.each(cases)('%s: one line, and nothing is left', async (_, prepare, code) => {
    const [from, to] = await prepare();
    const isNew = !existsSync(to);
    const before = to.startsWith('postgres') ? '' : JSON.stringify(isNew ? [] : bytesIn(to));
    const error = await copy(from, to).catch((thrown: unknown) => thrown as OperationalError);
    expect(error).toMatchObject({ name: 'OperationalError', code });
    expect(`${(error as OperationalError).message} ${(error as OperationalError).hint}`).toMatch(/^[^\n]+$/);
    if (to.startsWith('postgres')) return;
    expect(existsSync(to)).toBe(!isNew);
    if (!isNew) expect(JSON.stringify(bytesIn(to))).toBe(before);
  });

  it('either side is in use', async () => {
    const [directory, url] = [await filled(), await filledDatabase()];
    const empty = await server.freshSchema();
    const target = newDirectory();
    const [open, leader, waiting] = [openSqliteStore({ directory, identity }), await led(url), await led(empty)];
    const inUse = { code: 'STORE_IN_USE', message: expect.stringContaining(`process ${process.pid}`) as string };
    await expect(copy(directory, await server.freshSchema())).rejects.toMatchObject(inUse);
    await expect(copy(url, target)).rejects.toMatchObject(inUse);
    await expect(copy(await filled(), empty)).rejects.toMatchObject(inUse);
    open.close();
    await leader.commit([thing('still its own')], 9);
    await Promise.all([leader.close(), waiting.close()]);
    expect(existsSync(target)).toBe(false);
  });

  it('keeps engines and other copies out while it is made', async () => {
    const [directory, url] = [await filled(), await server.freshSchema()];
    let others: Promise<readonly unknown[]> | undefined;
    let engine: Promise<LedStore> | undefined;
    await copy(directory, url, {
      onProgress(copied) {
        if (copied === 0 || others !== undefined) return;
        others = Promise.allSettled([copy(directory, `${url}_other`)]);
        engine = led(url);
        engine.catch(() => {});
      },
    });
    expect(await others).toMatchObject([{ reason: { code: 'STORE_IN_USE' } }]);
    const store = await engine!;
    expect(await store.rows()).toHaveLength(oddRows.length);
    await store.close();
  });

  it.each([0, 2, 3])(
    'Ctrl-C at moment %i: nothing is left on either side, and it can be made again',
    async (moment) => {
      for (const [from, to] of [
        [await filled(), await server.freshSchema()],
        [await filledDatabase(oddRows), newDirectory()],
      ] as const) {
        const ctrlC = new AbortController();
        const reason = new Error('interrupted');
        let seen = 0;
        if (moment === 0) ctrlC.abort(reason);
        const onProgress = (copied: number, rows: number): void => {
          seen += 1;
          if (seen === moment || (moment === 3 && copied === rows)) ctrlC.abort(reason);
        };
        await expect(copy(from, to, { signal: ctrlC.signal, onProgress })).rejects.toBe(reason);
        if (to.startsWith('postgres')) expect(await schemaIsThere(to)).toBe(false);
        else expect(existsSync(to)).toBe(false);
        expect(await copy(from, to)).toMatchObject({ total: oddRows.length });
      }
    },
  );

  it.each(['cut', 'deafen'] as const)('the database is lost on the way (%s): nothing is kept', async (what) => {
    const [directory, url] = [await filled(), await server.freshSchema()];
    const wire: CutWire = await cutWire(server.port);
    const ctrlC = new AbortController();
    const onProgress = (copied: number): void => {
      if (copied === 0) return;
      wire[what]();
      // A database that never answers is given up by Ctrl-C only.
      if (what === 'deafen') setImmediate(() => ctrlC.abort(new Error('interrupted')));
    };
    const by = url.replace(/:\d+\//, `:${wire.port}/`);
    const failed = expect(copy(directory, by, { signal: ctrlC.signal, onProgress })).rejects;
    await (what === 'cut' ? failed.toMatchObject({ code: 'STORE_UNREACHABLE' }) : failed.toThrow('interrupted'));
    wire.cut();
    await wire[Symbol.asyncDispose]();
    // The server may need a moment to see that nobody is there any more.
    await expect
      .poll(() => copy(directory, url).catch((error: { code: string }) => error.code), { timeout: 20_000 })
      .toMatchObject({ total: oddRows.length });
  });

  it('a disk that is full', async () => {
    const url = await server.fresh();
    await (await led(url)).close();
    await server.admin(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$;
       CREATE TRIGGER full_disk BEFORE INSERT ON jobrig.kept FOR EACH ROW EXECUTE FUNCTION refuse()`,
      databaseOf(url),
    );
    await expect(copy(await filled(), url)).rejects.toMatchObject({ code: 'STORE_NOT_WRITTEN' });
    expect(await rowsIn(url)).toBe(0);
  });

  it.each<[string, string[], string]>([
    ['two directories', ['store', 'copy', 'a', 'b'], 'directories'],
    ['the same database twice', ['store', 'copy', 'postgres://h/x', 'postgres://u:hunter2@h/x'], 'same database'],
    ['another scheme', ['store', 'copy', 'a', 'mysql://h/x'], 'TO is no address'],
    ['an address without a database', ['store', 'copy', 'postgres://u:hunter2@h', 'a'], 'FROM names no database'],
    ['an empty word', ['store', 'copy', '', 'postgres://h/x'], 'FROM is empty'],
    ['one word', ['store', 'copy', 'a'], "'to'"],
    ['three words', ['store', 'copy', 'a', 'postgres://h/x', 'c'], 'too many arguments'],
    ['no word', ['store'], 'copy FROM TO'],
    ['another word', ['store', 'move', 'a', 'b'], 'move'],
    ['an unknown flag', ['store', 'copy', 'a', 'postgres://h/x', '--force'], '--force'],
  ])('%s: wrong usage in one line', async (_, words, named) => {
    const { code, stdout, stderr } = await runHere(...words);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^jobrig: [^\n]+\n$/);
    expect(stderr).toContain(named);
    expect(stderr).not.toContain('hunter2');
  });
});

function emptyFolder(): string {
  const directory = newDirectory();
  mkdirSync(directory);
  return directory;
}

function foreignFile(): string {
  const directory = emptyFolder();
  writeFileSync(join(directory, 'jobrig.db'), 'something else, and long enough to be looked at as a header of a file');
  return directory;
}

/** A database in which an engine has led and kept nothing. */
async function usedOnce(): Promise<string> {
  const url = await server.freshSchema();
  await (await led(url)).close();
  return url;
}

async function filledDatabase(rows: readonly RowChange[] = [thing('a')]): Promise<string> {
  const url = await server.freshSchema();
  const store = await led(url);
  await store.commit(rows, 5);
  await store.close();
  return url;
}

async function changed(assignment: string): Promise<string> {
  const url = await usedOnce();
  await server.admin(`UPDATE ${schemaOf(url)}.service SET ${assignment}`, databaseOf(url));
  return url;
}

async function emptyElsewhere(): Promise<string> {
  const directory = newDirectory();
  const store = openSqliteStore({ directory, identity: { ...identity, region: 'eu-west-1' } });
  await store.commit([], 1);
  store.close();
  return directory;
}

async function damagedDirectory(): Promise<string> {
  const directory = await filled();
  const database = new DatabaseSync(join(directory, 'jobrig.db'));
  database.exec(`UPDATE mqttRetained SET row = '{}'`);
  database.close();
  return directory;
}

async function damagedDatabase(): Promise<string> {
  const url = await filledDatabase();
  await server.admin(`UPDATE ${schemaOf(url)}.kept SET value = '{}'`, databaseOf(url));
  return url;
}
