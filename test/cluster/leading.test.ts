/** Engines on one database: who waits, what is there when the one that leads is gone, what ends a leadership, what a standby has read by then. */
import { describe, expect, it } from 'vitest';
import { seededChance } from '../../faults/chance.ts';
import type { RowChange } from '../../broker/store/store.ts';
import type { OperationalError } from '../../protocol/operational-error.ts';
import { cutWire } from '../support/cut-wire.ts';
import { by, keysIn, led, leading, nameOf, thing, until } from '../support/led-stores.ts';
import { postgresOfTests } from '../support/postgres.ts';

const server = postgresOfTests();

describe('an engine on a database', { timeout: 240_000 }, () => {
  it('waits for the one that leads, and has everything when that one is gone', async () => {
    const url = await server.fresh();
    await using wire = await cutWire(server.port);
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
  });

  it('goes on when the database was away while nothing was being kept', async () => {
    const url = await server.fresh();
    await using wire = await cutWire(server.port);
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
  });

  it('stops when the database stays away, and names it once', async () => {
    const url = await server.fresh();
    await using wire = await cutWire(server.port);
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
  });

  it('stops when it cannot know whether something is kept', async () => {
    const url = await server.fresh();
    await using wire = await cutWire(server.port);
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

/** Everything in a database, as text. */
async function keptIn(url: string): Promise<readonly string[]> {
  const rows = await server.admin('SELECT kind, key, value FROM jobrig.kept', nameOf(url));
  return rows.map(({ kind, key, value }) => `${String(kind)} ${String(key)} ${String(value)}`).sort();
}

function texts(rows: Iterable<Required<RowChange>>): readonly string[] {
  return [...rows].map(({ table, key, row }) => `${table} ${key} ${JSON.stringify(row)}`).sort();
}

describe('a standby', { timeout: 240_000 }, () => {
  const patient = { patienceMs: 600_000, patienceToRestoreMs: 600_000 };

  it('has read everything when the one that leads ends, and reads only what is left', async () => {
    const url = await server.fresh();
    const first = await led(url, { policy: patient });
    await first.commit(
      Array.from({ length: 3000 }, (_, index) => thing(`thing-${index}`, { text: 'x'.repeat(100) })),
      1,
    );
    await using wire = await cutWire(server.port);
    const second = leading(by(wire, url), { policy: { whenLed: 'wait' } });
    await until(() => wire.answeredBytes > 3000 * 100);
    await first.commit([thing('thing-7'), { table: 'thing', key: 'thing-8' }, thing('late')], 2);
    const before = wire.answeredBytes;
    await first.close();
    const store = await second;
    expect(texts(await store.rows())).toEqual(await keptIn(url));
    expect(wire.answeredBytes - before).toBeLessThan(3000 * 50);
    store.restored!();
    await store.close();
  });

  it.each([
    ['while it follows', undefined],
    ['also from a leader of before', `UPDATE jobrig.change SET owner = 'another'`],
    [
      'also where it is too far behind',
      'DELETE FROM jobrig.change WHERE commits < (SELECT commits FROM jobrig.service)',
    ],
  ])('has each row as it was kept last, %s', async (_, meddle) => {
    const url = await server.fresh();
    const chance = seededChance(14);
    const first = await led(url, { policy: patient });
    const waiting: string[] = [];
    const second = leading(url, { policy: { whenLed: 'wait' }, onWaiting: (leader) => waiting.push(leader) });
    await until(() => waiting.length > 0);
    for (let turn = 1; turn <= 60; turn += 1) {
      const changes = Array.from({ length: chance.between(1, 6) }, (): RowChange => {
        const change = thing(`thing-${chance.between(1, 9)}`, { turn, text: chance.between(0, 1000) });
        return chance.happens(300_000) ? { table: 'thing', key: change.key } : change;
      });
      await first.commit(changes, turn);
      if (turn === 50 && meddle !== undefined) await server.admin(meddle, nameOf(url));
    }
    await first.close();
    const store = await second;
    expect(texts(await store.rows())).toEqual(await keptIn(url));
    store.restored!();
    await store.close();
  });

  it('takes the tables of an older version over, and its engine leads no more', async () => {
    const url = await server.fresh();
    const first = await led(url);
    await first.commit([thing('a')], 1);
    await first.close();
    await server.admin('DROP TABLE jobrig.change; UPDATE jobrig.service SET format = 1', nameOf(url));
    const second = await leading(url);
    expect(await keysIn(second)).toEqual(['a']);
    second.restored!();
    await second.commit([thing('b')], 2);
    await second.close();
    const [about] = await server.admin('SELECT format, epoch::int FROM jobrig.service', nameOf(url));
    expect(about).toEqual({ format: 2, epoch: 2 });
    expect(await server.admin('SELECT commits::int, keys FROM jobrig.change ORDER BY commits', nameOf(url))).toEqual([
      { commits: 1, keys: [] },
      { commits: 2, keys: ['b'] },
    ]);
  });
});

describe('what is said of a database, once', { timeout: 240_000 }, () => {
  it.each([
    ['an hour ahead of', -3_600_000],
    ['an hour behind', 3_600_000],
  ])('that its clock is %s this machine’s, and nothing depends on that', async (which, shiftMs) => {
    const url = await server.fresh();
    const warnings: string[] = [];
    const store = await led(url, {
      wallClock: () => Date.now() + shiftMs,
      onWarning: (warning) => warnings.push(warning),
      policy: { patienceMs: 600_000 },
    });
    await store.commit([thing('a')], 1);
    await store.confirm!();
    const where = which.includes('ahead') ? '60 min ahead of' : '60 min behind';
    expect(warnings).toEqual([
      expect.stringMatching(new RegExp(`^The clock of postgres:\\S+ is ${where} this machine's clock$`)),
    ]);
    await store.close();
  });

  it('that it is slow', async () => {
    const url = await server.fresh();
    await using wire = await cutWire(server.port);
    const warnings: string[] = [];
    const store = await led(by(wire, url), {
      slowMs: 50,
      onWarning: (warning) => warnings.push(warning),
      policy: { beatEveryMs: 60_000, patienceMs: 600_000 },
    });
    await store.confirm!();
    warnings.length = 0;
    wire.deafen();
    const kept = store.commit([thing('a')], 1);
    await until(() => warnings.length > 0);
    wire.mend();
    await kept;
    expect(warnings).toEqual([
      expect.stringMatching(/^postgres:\S+ has not answered for 0.05 s; what is asked waits for it$/),
    ]);
    expect(await keysIn(store)).toEqual(['a']);
    await store.close();
  });
});
