/** The store contract on PostgreSQL, and what is said when the database is not as it should be. */
import { afterAll, describe, expect, it } from 'vitest';
import type { LedStoreOptions } from '../../broker/led-store.ts';
import type { OperationalError } from '../../protocol/operational-error.ts';
import { type StoreUnderTest, storeContract } from '../contract/store.contract.ts';
import { cutWire } from '../support/cut-wire.ts';
import { by, keysIn, led, nameOf, thing } from '../support/led-stores.ts';
import { postgresOfTests } from '../support/postgres.ts';

const server = postgresOfTests();

/** Why it cannot be opened. */
async function complaint(url: string, options: Partial<LedStoreOptions> = {}): Promise<OperationalError> {
  try {
    await (await led(url, options)).close();
  } catch (error) {
    return error as OperationalError;
  }
  throw new Error('it was opened');
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
    await using wire = await cutWire(server.port);
    const store = await led(by(wire, url), { policy: { beatEveryMs: 60_000, patienceMs: 600_000 } });
    await store.confirm!();
    const before = wire.roundTrips;
    const many = Array.from({ length: 3000 }, (_, index) => thing(`thing-${index}`));
    await store.commit(many, 1);
    await store.commit([...many.slice(0, 10).map(({ table, key }) => ({ table, key })), thing('one more')], 2);
    expect(wire.roundTrips - before).toBe(2);
    expect(await keysIn(store)).toHaveLength(2991);
    await store.close();
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
      () => used('UPDATE jobrig.service SET format = 3'),
      { code: 'STORE_VERSION', message: expect.stringContaining('format 3') as string },
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
