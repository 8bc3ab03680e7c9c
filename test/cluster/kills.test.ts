/**
 * The promise of durability on several machines: one table of what is killed and stopped under load, the engine that leads, a door, the
 * database's primary with promotion of its synchronous standby. A ledger outside finds every answer that was acknowledged and nothing half
 * done, a sleeping session hears of everything wherever it comes back, and a trigger in the database sees no commit of an old epoch.
 * A quick suite kills an engine and a door once; `JOBRIG_CLUSTER_KILLS` asks for so many of each row, `JOBRIG_SEED` for other moments.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { seededChance } from '../../faults/chance.ts';
import { KillStory, type Reached } from '../support/kill-story.ts';
import { operatorOf } from '../support/operator.ts';
import { type OwnPostgres, noPostgres, ownPostgres, sharedPostgres, standbyOf } from '../support/postgres.ts';
import type { PartProcess } from '../support/part-process.ts';
import { eventually, isWell, leaderOf, partsWith } from '../support/parts.ts';
import { killAll } from '../support/ready-process.ts';
import { WireClient } from '../support/wire-client.ts';
import { sharedFolder } from '../support/folders.ts';

const asked = process.env['JOBRIG_CLUSTER_KILLS'];
const kills = Number(asked ?? 1);
const seed = Number(process.env['JOBRIG_SEED'] ?? 14);
const folder = sharedFolder('kills');
const { engine, door } = partsWith(join(folder, 'keys'));

/** Two engines, two doors, and their database. */
interface Cluster {
  readonly url: string;
  admin(statement: string): Promise<readonly Record<string, unknown>[]>;
  readonly engines: PartProcess[];
  readonly doors: PartProcess[];
  /** What was asked of it and what it has answered. */
  readonly story: KillStory;
}

let shared: Cluster;

beforeAll(async () => {
  if (noPostgres !== undefined) return;
  const server = await sharedPostgres();
  const url = await server.fresh();
  shared = await started(url, (statement) => server.admin(statement, new URL(url).pathname.slice(1)));
}, 240_000);
beforeEach(({ skip }) => skip(noPostgres !== undefined, noPostgres));
afterAll(async () => {
  await killAll();
  for (const each of servers) await each.stop();
});

async function started(url: string, admin: Cluster['admin']): Promise<Cluster> {
  // The first one makes the keys that all have.
  const engines = [await engine(url, '--doors', '2')];
  engines.push(await engine(url, '--doors', '2'));
  const doors = await Promise.all([door(engines), door(engines, '--door', '2')]);
  await admin(watch);
  const story = new KillStory(seededChance(seed));
  const iot = operatorOf(reached(doors[0]!));
  await story.prepare(iot);
  iot.destroy();
  // It subscribes, and falls asleep.
  await story.wakeSleeper(reached(doors[0]!));
  return { url, admin, engines, doors, story };
}

/** No epoch has written after a later one had begun: told by a trigger, in the database itself. */
const watch = `
  CREATE TABLE jobrig.seen (n bigserial, epoch bigint);
  CREATE FUNCTION jobrig.see() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO jobrig.seen (epoch) VALUES (NEW.epoch); RETURN NEW; END; $$;
  CREATE TRIGGER see AFTER UPDATE OF commits ON jobrig.service FOR EACH ROW EXECUTE FUNCTION jobrig.see()`;
const mixed = `
  SELECT count(*)::int AS count FROM
    (SELECT epoch, max(epoch) OVER (ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM jobrig.seen) AS each
  WHERE epoch < before`;

function reached({ mqttPort, http }: PartProcess): Reached {
  return { mqttPort, httpUrl: http };
}

/** Until an answer comes to something that was asked after this. @returns how long that took, in ms */
async function answered(client: WireClient): Promise<number> {
  const from = performance.now();
  for (;;) {
    const { body } = await client.request('$aws/things/probe/jobs/get');
    if (body['code'] !== 'InternalError') return performance.now() - from;
  }
}

type Signal = 'SIGKILL' | 'SIGSTOP';

/** Ends a part under load. @returns brings it back, once the others have gone on */
type End = (cluster: Cluster, signal: Signal, kill: number) => Promise<{ readonly back: () => Promise<void> }>;

const endEngine: End = async ({ engines, url }, signal) => {
  const leader = await leaderOf(engines);
  process.kill(leader.pid, signal);
  const others = engines.filter((each) => each !== leader);
  return {
    async back() {
      await leaderOf(others);
      if (signal === 'SIGSTOP') process.kill(leader.pid, 'SIGCONT');
      else engines[engines.indexOf(leader)] = await engine(url, '--doors', '2', '--listen', leader.link);
    },
  };
};

const endDoor: End = async ({ doors, engines }, signal, kill) => {
  const index = kill % doors.length;
  const victim = doors[index]!;
  process.kill(victim.pid, signal);
  return {
    async back() {
      if (signal === 'SIGSTOP') process.kill(victim.pid, 'SIGCONT');
      else doors[index] = await door(engines, '--door', String(index + 1), '--listen', victim.link);
      await isWell(doors[index]!);
    },
  };
};

/** The primary first, then its standby. */
const servers: OwnPostgres[] = [];

async function isSynchronous(primary: OwnPostgres): Promise<void> {
  await primary.admin(`ALTER SYSTEM SET synchronous_standby_names = '*'`);
  await primary.admin('SELECT pg_reload_conf()');
  await eventually(async () => {
    const rows = await primary.admin(`SELECT FROM pg_stat_replication WHERE sync_state = 'sync'`);
    if (rows.length !== 1) throw new Error('no synchronous standby');
  });
}

const endDatabase: End = async (_, signal) => {
  const [primary, standby] = servers as [OwnPostgres, OwnPostgres];
  primary.signal(signal);
  // Not waited for there: a standby may cancel what waits.
  await standby.admin('SELECT pg_promote(false)');
  await eventually(async () => {
    const [state] = await standby.admin('SELECT pg_is_in_recovery() AS follows');
    if (state?.['follows'] !== false) throw new Error('not promoted yet');
  });
  // Whoever promotes a standby makes sure that the old primary works no more.
  if (signal === 'SIGSTOP') primary.signal('SIGKILL');
  return {
    async back() {
      const next = await standbyOf(standby, [], primary.port);
      servers.splice(0, 2, standby, next);
      await isSynchronous(standby);
    },
  };
};

let own: Promise<Cluster> | undefined;

/** With a primary and a synchronous standby of its own. */
function ownCluster(): Promise<Cluster> {
  own ??= (async () => {
    // What is asked of it besides does not wait for the standby.
    const primary = await ownPostgres([`synchronous_commit = 'local'`]);
    servers.push(primary, await standbyOf(primary));
    await isSynchronous(primary);
    const both = servers.map(({ port }) => `127.0.0.1:${port}`).join(',');
    return started(`postgres://postgres@${both}/postgres`, (statement) => servers[0]!.admin(statement));
  })();
  return own;
}

const victims: readonly (readonly [name: string, cluster: () => Promise<Cluster>, end: End])[] = [
  ['the engine that leads', () => Promise.resolve(shared), endEngine],
  ['a door', () => Promise.resolve(shared), endDoor],
  ['the primary of the database, and its standby promoted', ownCluster, endDatabase],
];
const whole = victims.flatMap(([name, cluster, end]) =>
  (['SIGKILL', 'SIGSTOP'] as const).map((signal) => [name, signal, cluster, end] as const),
);
const table =
  asked === undefined ? whole.filter(([, signal, , end]) => signal === 'SIGKILL' && end !== endDatabase) : whole;

describe(`${kills} times under load (seed ${seed})`, () => {
  it.each(table)(
    '%s by %s: nothing is lost that was told, nothing is half done, no epoch comes after a later one',
    { timeout: 240_000 + kills * 30_000 },
    async (name, signal, start, end) => {
      const cluster = await start();
      const { doors, story, admin } = cluster;
      // It stays connected whatever becomes of engines and databases.
      const probe = await WireClient.connect(doors[0]!.mqttPort, { clientId: 'probe' });
      const pauses: number[] = [];
      const before = story.ledger.acknowledgements;
      for (let kill = 0; kill < kills; kill += 1) {
        const via = reached(doors[(kill >> 1) % 2]!);
        const spared = (): Reached => reached(doors[1 - (kill % 2)]!);
        await story.answered(via);
        const iot = operatorOf(via);
        let back = notEnded;
        await story.run(via, iot, async () => {
          ({ back } = await end(cluster, signal, kill));
          if (end === endDoor) await story.answered(spared());
          else pauses.push(await answered(probe));
          // What is stopped holds on to connections that its clients would wait for.
          if (signal === 'SIGSTOP') await back();
        });
        iot.destroy();
        // Before a door that was killed is there again: what it had has gone on at the other one.
        if (end === endDoor) expect(await objectionsAt(story, spared()), saying(kill)).toEqual([]);
        if (signal === 'SIGKILL') await back();
        expect(await objectionsAt(story, reached(doors[0]!)), saying(kill)).toEqual([]);
      }
      expect(story.ledger.acknowledgements).toBeGreaterThan(before + kills);
      expect(await admin(mixed)).toEqual([{ count: 0 }]);
      const isConnected = !probe.stream.destroyed;
      await probe.drop();
      if (end === endDoor) return;
      expect(isConnected).toBe(true);
      const sorted = pauses.toSorted((one, other) => one - other);
      console.log(
        `${name} by ${signal}: first answer after ${Math.round(sorted[sorted.length >> 1]!)} ms, median of ${kills}; ${story.ledger.acknowledgements - before} answers in the ledger`,
      );
    },
  );
});

async function notEnded(): Promise<void> {}

function saying(kill: number): string {
  return `after ${kill + 1} times, seed ${seed}`;
}

/** What this door's service says that it must not say. */
async function objectionsAt(story: KillStory, via: Reached): Promise<readonly string[]> {
  await story.answered(via);
  const iot = operatorOf(via);
  const objections = [...(await story.objections(iot)), ...(await story.wakeSleeper(via))];
  iot.destroy();
  return objections;
}
