/** The store contract on PostgreSQL, and what is said when the database is not as it should be. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LedStore, type LedStoreOptions, openLedStore } from '../../broker/led-store.ts';
import { parsePostgresAddress } from '../../broker/store/postgres-address.ts';
import type { RowChange } from '../../broker/store/store.ts';
import type { OperationalError } from '../../protocol/operational-error.ts';
import { type StoreUnderTest, storeContract } from '../contract/store.contract.ts';
import { type CutWire, cutWire } from '../support/cut-wire.ts';
import { type Postgres, noPostgres, sharedPostgres } from '../support/postgres.ts';

const identity = { region: 'us-east-1', account: '000000000000' };
/** A leader that cannot reach its database is over at once, as if it had been killed. */
const policy = {
  lookEveryMs: 5,
  beatEveryMs: 20,
  patienceMs: 60,
  patienceToRestoreMs: 60,
  retryMs: 5,
  leastSilenceMs: 0,
  maxAwayMs: 0,
};

let server: Postgres;
beforeAll(async () => {
  if (noPostgres === undefined) server = await sharedPostgres();
}, 240_000);
beforeEach(({ skip }) => skip(noPostgres !== undefined, noPostgres));

async function led(url: string, options: Partial<LedStoreOptions> = {}): Promise<LedStore> {
  const store = await openLedStore({
    address: parsePostgresAddress(url),
    identity,
    ...options,
    policy: { ...policy, ...options.policy },
  });
  store.restored!();
  return store;
}

const thing = (key: string, row: object = { thingName: key }): RowChange => ({ table: 'thing', key, row });

async function keysIn(store: LedStore): Promise<readonly string[]> {
  return [...(await store.rows())].map(({ key }) => key).sort();
}

/** Why it cannot be opened. */
async function complaint(url: string, options: Partial<LedStoreOptions> = {}): Promise<OperationalError> {
  try {
    await (await led(url, options)).close();
  } catch (error) {
    return error as OperationalError;
  }
  throw new Error('it was opened');
}

/** The same database by way of a wire. */
function by(wire: CutWire, url: string): string {
  return url.replace(/:\d+\//, `:${wire.port}/`);
}

async function postgres(url: string): Promise<StoreUnderTest> {
  const wire = await cutWire(server.port);
  const store = await led(by(wire, url), { policy: { whenLed: 'wait' } });
  const dispose = async (): Promise<void> => {
    await store.close();
    await wire[Symbol.asyncDispose]();
  };
  return {
    store,
    async reopen(how) {
      if (how === 'killed') wire.cut();
      await dispose();
      return postgres(url);
    },
    dispose,
  };
}

describe('PostgreSQL', { timeout: 240_000 }, () => {
  storeContract(async () => postgres(await server.freshSchema()));

  it('keeps a turn of any size in one round trip', async () => {
    const url = await server.fresh();
    const wire = await cutWire(server.port);
    const store = await led(by(wire, url), { policy: { beatEveryMs: 60_000, patienceMs: 600_000 } });
    await store.confirm!();
    const before = wire.roundTrips;
    const many = Array.from({ length: 3000 }, (_, index) => thing(`thing-${index}`));
    await store.commit(many, 1);
    await store.commit([...many.slice(0, 10).map(({ table, key }) => ({ table, key })), thing('one more')], 2);
    expect(wire.roundTrips - before).toBe(2);
    expect(await keysIn(store)).toHaveLength(2991);
    await store.close();
    await wire[Symbol.asyncDispose]();
  });

  it('finds a row that was changed behind its back', async () => {
    const url = await server.fresh();
    const store = await led(url);
    await store.commit([thing('whole'), thing('broken')], 1);
    await server.admin(`UPDATE jobrig.kept SET value = '{"thingName":"other"}' WHERE key = 'broken'`, nameOf(url));
    await expect(store.rows()).rejects.toMatchObject({
      code: 'STORE_TORN',
      message: expect.stringContaining('thing broken') as string,
    });
    const damaged: string[] = [];
    const rows = await store.rows(undefined, (table, key) => damaged.push(`${table} ${key}`));
    expect([[...rows].map(({ key }) => key), damaged]).toEqual([['whole'], ['thing broken']]);
    await store.close();
  });

  it('lets many rigs share a database, a schema each', async () => {
    const url = await server.fresh();
    const [one, other] = [await led(`${url}?schema=one`), await led(`${url}?schema=other`)];
    await one.commit([thing('a')], 1);
    await other.commit([thing('b')], 1);
    expect([await keysIn(one), await keysIn(other)]).toEqual([['a'], ['b']]);
    await Promise.all([one.close(), other.close()]);
  });

  it('is made by one of two engines that come at once, and led by one', async () => {
    const url = await server.fresh();
    const patient = { policy: { patienceMs: 600_000, patienceToRestoreMs: 600_000 } };
    const stores = await Promise.allSettled([led(url, patient), led(url, patient)]);
    const lost = stores.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
    expect(lost.reason).toMatchObject({
      code: 'STORE_IN_USE',
      message: expect.stringContaining(`process ${process.pid}`) as string,
      hint: expect.stringContaining('--role engine') as string,
    });
    for (const store of stores) if (store.status === 'fulfilled') await store.value.close();
  });
});

describe('a database that is not as it should be', { timeout: 240_000 }, () => {
  const addresses: readonly (readonly [string, () => string | Promise<string>, object])[] = [
    ['nobody listens', () => 'postgres://postgres@127.0.0.1:1/x', { code: 'STORE_UNREACHABLE' }],
    [
      'its host is unknown',
      () => 'postgres://postgres@nowhere.invalid/x',
      { code: 'STORE_UNREACHABLE', message: expect.stringContaining('host is not known') as string },
    ],
    [
      'it is not there',
      () => server.url('nothing_of_that_name'),
      { code: 'STORE_UNUSABLE', hint: expect.stringContaining('createdb') as string },
    ],
    ['its user is unknown', () => server.url('postgres', 'nobody_known'), { code: 'STORE_NOT_ALLOWED' }],
    [
      'its user may make nothing',
      async () => (await withUser('guest')).url,
      { code: 'STORE_NOT_ALLOWED', hint: expect.stringContaining('CREATE') as string },
    ],
    [
      'it has another encoding',
      async () => inEncoding('SQL_ASCII'),
      { code: 'STORE_UNUSABLE', message: expect.stringContaining('encoding') as string },
    ],
    [
      'another program has the schema',
      () => prepared('CREATE SCHEMA jobrig; CREATE TABLE jobrig.orders (id integer)'),
      { code: 'STORE_FOREIGN' },
    ],
    [
      'a newer jobrig made it',
      () => used('UPDATE jobrig.service SET format = 2'),
      { code: 'STORE_VERSION', message: expect.stringContaining('format 2') as string },
    ],
    [
      'an older jobrig made it',
      () => used('UPDATE jobrig.service SET format = 0'),
      { code: 'STORE_VERSION', message: expect.stringContaining('format 0') as string },
    ],
    [
      'it is of another account',
      () => used("UPDATE jobrig.service SET account = '111122223333'"),
      { code: 'STORE_OF_OTHER_ACCOUNT' },
    ],
    [
      'it is of another region',
      () => used("UPDATE jobrig.service SET region = 'eu-west-1'"),
      { code: 'STORE_OF_OTHER_ACCOUNT' },
    ],
    [
      'it may only be read',
      () => used(`ALTER DATABASE current_one SET default_transaction_read_only = on`),
      { code: 'STORE_READ_ONLY' },
    ],
  ];

  it.each(addresses)('%s: it says so in one line', async (_, address, expected) => {
    const url = await address();
    const error = await complaint(url);
    expect(error).toMatchObject({ ...expected, name: 'OperationalError' });
    expect(`${error.message} ${error.hint ?? ''}`).toMatch(/^[^\n]+$/);
  });

  it('never shows a password', async () => {
    const secret = 'hunter2secret';
    for (const url of [
      `postgres://postgres:${secret}@127.0.0.1:1/x`,
      `postgres://postgres:${secret}@nowhere.invalid/x`,
      server.url('nothing_of_that_name', `postgres:${secret}`),
      server.url('postgres', `nobody_known:${secret}`),
      `postgres://postgres:${secret}@host:port/x`,
      `postgres://postgres:${secret}@host`,
      `postgres://postgres:${secret}@host/x?schema=No`,
      `postgres://postgres:${secret}%zz@host/x`,
    ]) {
      const error = await Promise.resolve()
        .then(() => complaint(url))
        .catch((thrown: unknown) => thrown as OperationalError);
      const told = [error.message, error.hint, error.stack, String((error.cause as Error | undefined)?.stack)].join();
      expect(error.name).toBe('OperationalError');
      expect(told).not.toContain(secret);
    }
  });
});

describe('an engine on a database', { timeout: 240_000 }, () => {
  it('waits for the one that leads, and has everything when that one is gone', async () => {
    const url = await server.fresh();
    const wire = await cutWire(server.port);
    const failures: OperationalError[] = [];
    const first = await led(by(wire, url), {
      onFailure: (error) => failures.push(error),
      policy: { maxAwayMs: 60_000, patienceMs: 600_000, patienceToRestoreMs: 600_000 },
    });
    await first.commit([thing('a')], 5);
    const waiting: string[] = [];
    const second = led(url, {
      policy: { whenLed: 'wait', patienceMs: 600_000 },
      onWaiting: (leader) => waiting.push(leader),
    });
    await until(() => waiting.length > 0);
    await first.commit([thing('b')], 6);
    wire.cut();
    // As if so much time had passed.
    await server.admin('UPDATE jobrig.service SET patience_ms = 0', nameOf(url));
    const store = await second;
    expect([store.epoch, store.lastCommitAt, await keysIn(store)]).toEqual([first.epoch + 1, 6, ['a', 'b']]);
    wire.mend();
    await until(() => failures.length > 0);
    expect(failures).toMatchObject([{ code: 'STORE_DEPOSED', message: expect.stringContaining('epoch') as string }]);
    await expect(first.commit([thing('c')], 7)).rejects.toMatchObject({ code: 'STORE_DEPOSED' });
    await expect(first.confirm!()).rejects.toMatchObject({ code: 'STORE_DEPOSED' });
    expect(await keysIn(store)).toEqual(['a', 'b']);
    await store.close();
    await first.close();
    await wire[Symbol.asyncDispose]();
  });

  it('goes on when the database was away while nothing was being kept', async () => {
    const url = await server.fresh();
    const wire = await cutWire(server.port);
    const warnings: string[] = [];
    const store = await led(by(wire, url), {
      policy: { maxAwayMs: 60_000, beatEveryMs: 20, patienceMs: 600_000 },
      onWarning: (warning) => warnings.push(warning),
    });
    await store.commit([thing('a')], 1);
    wire.cut();
    await until(() => warnings.length > 0);
    const kept = store.commit([thing('b')], 2);
    wire.mend();
    await kept;
    expect(await keysIn(store)).toEqual(['a', 'b']);
    expect(warnings).toEqual([expect.stringContaining('has gone away'), expect.stringContaining('is there again')]);
    await store.close();
    await wire[Symbol.asyncDispose]();
  });

  it('stops when the database stays away, and names it once', async () => {
    const url = await server.fresh();
    const wire = await cutWire(server.port);
    const told: string[] = [];
    const store = await led(by(wire, url), {
      policy: { maxAwayMs: 60 },
      onWarning: (warning) => told.push(warning),
      onFailure: ({ message }) => told.push(message),
    });
    await store.confirm!();
    wire.cut();
    await until(() => told.length === 2);
    expect(told).toEqual([
      expect.stringMatching(/^postgres:\S+ has gone away \((?!.*postgres:)/),
      expect.stringMatching(/^postgres:\S+ is away: (?!.*postgres:)/),
    ]);
    await store.close();
    await wire[Symbol.asyncDispose]();
  });

  it('stops when it cannot know whether something is kept', async () => {
    const url = await server.fresh();
    const wire = await cutWire(server.port);
    const failures: OperationalError[] = [];
    const store = await led(by(wire, url), {
      onFailure: (error) => failures.push(error),
      policy: { beatEveryMs: 60_000, patienceMs: 600_000, maxAwayMs: 60_000 },
    });
    await store.commit([thing('a')], 1);
    wire.deafen();
    const asked = wire.asked();
    const kept = store.commit([thing('b')], 2);
    await asked;
    wire.cut();
    await expect(kept).rejects.toMatchObject({
      code: 'STORE_NOT_WRITTEN',
      hint: expect.stringContaining('not known') as string,
    });
    expect(failures).toMatchObject([{ code: 'STORE_NOT_WRITTEN' }]);
    wire.mend();
    await expect(store.commit([thing('c')], 3)).rejects.toMatchObject({ code: 'STORE_NOT_WRITTEN' });
    await store.close();
    await wire[Symbol.asyncDispose]();
  });

  it('stops when commits are missing, as on a standby that was promoted too early', async () => {
    const url = await server.fresh();
    const failures: OperationalError[] = [];
    const store = await led(url, { onFailure: (error) => failures.push(error) });
    await store.commit([thing('a')], 1);
    await server.admin('UPDATE jobrig.service SET commits = commits - 1', nameOf(url));
    await until(() => failures.length > 0);
    expect(failures).toMatchObject([{ code: 'STORE_TORN' }]);
    await store.close();
  });

  it.each([
    ['has no room left', `RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'`, 'STORE_NOT_WRITTEN'],
    ['becomes read-only', `RAISE EXCEPTION 'read-only' USING ERRCODE = '25006'`, 'STORE_READ_ONLY'],
  ])('stops when the database %s, and nothing of the turn is kept', async (_, raise, code) => {
    const url = await server.fresh();
    const failures: OperationalError[] = [];
    const store = await led(url, { onFailure: (error) => failures.push(error) });
    await store.commit([thing('a')], 1);
    await server.admin(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${raise}; END $$;
       CREATE TRIGGER full_disk BEFORE INSERT ON jobrig.kept FOR EACH ROW EXECUTE FUNCTION refuse()`,
      nameOf(url),
    );
    await expect(store.commit([thing('b')], 2)).rejects.toMatchObject({ code });
    expect(failures).toMatchObject([{ code }]);
    const next = await led(url, { policy: { whenLed: 'wait' } });
    expect([next.lastCommitAt, await keysIn(next)]).toEqual([1, ['a']]);
    await next.close();
    await store.close();
  });
});

const users = new Set<string>();
afterAll(async () => {
  for (const user of users) await server.admin(`DROP OWNED BY ${user}; DROP ROLE ${user}`);
});

async function withUser(user: string): Promise<{ readonly url: string }> {
  if (!users.has(user)) await server.admin(`CREATE ROLE ${user} LOGIN`);
  users.add(user);
  return { url: server.url(nameOf(await server.fresh()), user) };
}

async function prepared(statements: string): Promise<string> {
  const url = await server.fresh();
  await server.admin(statements, nameOf(url));
  return url;
}

/** A database that a rig has used, and somebody has changed. */
async function used(statement: string): Promise<string> {
  const url = await server.fresh();
  await (await led(url)).close();
  await server.admin(statement.replace('current_one', nameOf(url)), nameOf(url));
  return url;
}

async function inEncoding(encoding: string): Promise<string> {
  const name = `in_${encoding.toLowerCase()}_${process.pid}`;
  await server.admin(`CREATE DATABASE ${name} ENCODING '${encoding}' TEMPLATE template0`);
  return server.url(name);
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}
