/**
 * Engines and doors as processes of their own on one database: what each says of itself, who is let in, how they end. What clients see when
 * one of them is killed is in kills.test.ts.
 */

import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { allDoors, doorOf } from '../../broker/link/owner.ts';
import {
  type OwnPostgres,
  type Postgres,
  noPostgres,
  ownPostgres,
  sharedPostgres,
  standbyOf,
} from '../support/postgres.ts';
import { type PartProcess, launchPart, startPart } from '../support/part-process.ts';
import { eventually, health, leaderOf, operatorAt, partsWith } from '../support/parts.ts';
import { killAll } from '../support/ready-process.ts';
import { runHere } from '../support/command-here.ts';
import { WireClient } from '../support/wire-client.ts';
import { sharedFolder } from '../support/folders.ts';

const folder = sharedFolder('roles');
const keys = join(folder, 'keys');
let server: Postgres;
/** Two engines on one database, and two doors. */
let url: string;
let engines: PartProcess[];
let doors: PartProcess[];

beforeAll(async () => {
  if (noPostgres !== undefined) return;
  server = await sharedPostgres();
  url = await server.fresh();
  // The first one makes the keys that all have.
  engines = [await engine(url, '--doors', '2')];
  engines.push(await engine(url, '--doors', '2'));
  doors = await Promise.all([door(engines), door(engines, '--door', '2')]);
}, 240_000);
beforeEach(({ skip }) => skip(noPostgres !== undefined, noPostgres));
afterAll(async () => {
  await killAll();
});

const local = ['--data-dir', keys, '--log-level', 'warn'];
const { engine, door } = partsWith(keys);

/** A device that writes one step after the other into its execution, and what it was told. */
class Device {
  readonly thing: string;
  readonly client: WireClient;
  acknowledged = 0;
  asked = 0;
  interrupted = 0;

  constructor(thing: string, client: WireClient) {
    this.thing = thing;
    this.client = client;
  }

  async work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const step = (this.asked += 1);
      const { topic } = await this.client.request(`$aws/things/${this.thing}/jobs/update/update`, {
        status: 'IN_PROGRESS',
        statusDetails: { step: String(step) },
      });
      if (!topic.endsWith('/accepted')) {
        this.interrupted += 1;
        continue;
      }
      this.acknowledged = step;
    }
  }
}

function sure(directory: string): readonly string[] {
  return ['--data-dir', directory, '--log-level', 'warn'];
}

async function stepOf(iot: ReturnType<typeof operatorAt>, thingName: string): Promise<number> {
  const { execution } = await iot.describeJobExecution({ jobId: 'update', thingName });
  return Number(execution?.statusDetails?.detailsMap?.['step'] ?? 0);
}

async function prepare(iot: ReturnType<typeof operatorAt>, things: readonly string[]): Promise<void> {
  for (const thingName of things) await iot.createThing({ thingName });
  const targets = things.map((thing) => `arn:aws:iot:us-east-1:000000000000:thing/${thing}`);
  await iot.createJob({ jobId: 'update', targets, document: '{}' });
}

describe('a part of a service', { timeout: 240_000 }, () => {
  it('says what it is, and hands clients on to the door that they belong to', async () => {
    const leader = await leaderOf(engines);
    const standby = engines.find((each) => each !== leader)!;
    const epoch = expect.any(Number) as number;
    const lagMs = expect.any(Number) as number;
    // A busy machine may have them change places meanwhile.
    await eventually(async () => {
      const told = await Promise.all(engines.map(health));
      told.sort((one, other) => Number(other.leads) - Number(one.leads));
      expect(told).toEqual([
        { status: 'ok', role: 'engine', leads: true, epoch, lagMs, doors: 2 },
        { status: 'ok', role: 'engine', leads: false, epoch, behindCommits: 0 },
      ]);
      expect(await health(doors[1]!)).toMatchObject({ status: 'ok', role: 'door', door: 2, epoch, lagMs });
      const metrics = await Promise.all(engines.map(async ({ http }) => (await fetch(`${http}/metrics`)).text()));
      expect(metrics.map((text) => /^jobrig_leads (.)/m.exec(text)?.[1]).sort()).toEqual(['0', '1']);
      expect(await (await fetch(`${doors[0]!.http}/metrics`)).text()).toMatch(/^jobrig_epoch \d+$/m);
    });
    // Two clients of each door, each of them by both doors.
    const ids = [0, 1].flatMap((owner) => named(owner, 2));
    const open: { readonly client: WireClient; readonly clientId: string }[] = [];
    for (const clientId of ids) {
      const [first, second] = doors;
      const before = await WireClient.connect(first!.mqttPort, { clientId });
      const client = await WireClient.connect(second!.mqttPort, { clientId });
      // The second connection of a client id ends the first, wherever each came in.
      await before.closed;
      open.push({ client, clientId });
    }
    for (const { client } of open) await client.subscribe(['room/all']);
    open[0]!.client.publish('room/all', 'hello');
    for (const { client } of open) await client.until(() => client.messages.length === 1);
    for (const { client } of open) client.stream.destroy();
    const links = engines.flatMap(({ link }) => ['--join', link]);
    const third = await launchPart('door', [...links, '--door', '3', ...local]);
    expect(third).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^jobrig: [^\n]*there are 2 doors[^\n]*\n$/) as string,
    });
    expect((await doors[1]!.stop()).exitCode).toBe(0);
    // Who stops gives leadership up.
    expect((await leader.stop()).exitCode).toBe(0);
    expect(await leaderOf([standby])).toBe(standby);
  });

  it('that is a door and is asked to end says so, gives its sessions to the others, and ends', async () => {
    const [first] = doors as [PartProcess];
    const leader = await leaderOf(await alive(engines));
    const second = await door([leader], '--door', '2');
    const clientId = named(1, 1)[0]!;
    const client = await WireClient.connect(first.mqttPort, { clientId, clean: false });
    await client.subscribe(['news/#']);
    await client.drop();
    const speaker = await WireClient.connect(first.mqttPort, { clientId: named(0, 1)[0]! });
    speaker.publish('news/today', 'for the sleeper');
    await speaker.received('puback');
    // While no engine hears of it, it cannot end: load balancers see that it drains.
    process.kill(leader.pid, 'SIGSTOP');
    const ended = second.stop();
    await eventually(async () => expect((await health(second)).status).toBe('draining'));
    expect((await fetch(`${second.http}/healthz`)).status).toBe(503);
    process.kill(leader.pid, 'SIGCONT');
    expect((await ended).exitCode).toBe(0);
    await eventually(async () => {
      const again = await WireClient.connect(first.mqttPort, { clientId, clean: false });
      await again.until(() => again.messages.length > 0);
      expect(again.messages.map(({ payload }) => payload)).toEqual(['for the sleeper']);
      await again.drop();
    });
    speaker.stream.destroy();
  });

  it('goes on at a standby that was promoted, with everything that was told', async () => {
    const primary = await ownPostgres(["synchronous_standby_names = '*'", "synchronous_commit = 'local'"]);
    const standby = await standbyOf(primary);
    const servers: readonly OwnPostgres[] = [primary, standby];
    try {
      const both = `postgres://postgres@${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}/postgres`;
      const one = await engine(both);
      const way = await door([one]);
      await prepare(operatorAt(way), ['one']);
      const client = await WireClient.connect(way.mqttPort, { clientId: 'one' });
      const device = new Device('one', client);
      const stop = new AbortController();
      const work = Promise.allSettled([device.work(stop.signal)]);
      while (device.acknowledged < 20) await wait(5);
      await primary.stop();
      const told = device.acknowledged;
      await standby.admin('SELECT pg_promote(true)');
      while (device.acknowledged <= told + 1) await wait(5);
      stop.abort();
      await work;
      const kept = await stepOf(operatorAt(way, 5), 'one');
      expect(kept).toBeGreaterThanOrEqual(device.acknowledged);
      expect(kept).toBeLessThanOrEqual(device.asked);
      expect(client.stream.destroyed).toBe(false);
      client.stream.destroy();
    } finally {
      for (const each of servers) await each.stop();
    }
  });

  it('is let in by a certificate of a node of the same rig, and by nothing else', async () => {
    const another = await server.fresh();
    const made = join(folder, 'rig');
    const other = join(folder, 'other');
    for (const [authority, name] of [
      [keys, 'rig'],
      [join(folder, 'stranger'), 'other'],
    ] as const) {
      const places = ['--out', join(folder, name), '--data-dir', authority];
      const { code } = await runHere('certs', '--node', name, ...places, '--quiet');
      expect(code).toBe(0);
    }
    // A device of the rig has a certificate of the same authority, here in the files of a node.
    const device = join(folder, 'device');
    await runHere('certs', '--thing', 'node', '--out', device, '--data-dir', keys, '--quiet');
    const one = await startPart('engine', ['--store', another, '--listen', '127.0.0.1:0', ...sure(made)]);
    const way = await startPart('door', ['--join', one.link, '--listen', '127.0.0.1:0', ...sure(made)]);
    await operatorAt(way).createThing({ thingName: 'pump' });
    expect((await operatorAt(way).describeThing({ thingName: 'pump' })).thingName).toBe('pump');
    const [stranger, impostor] = await Promise.all(
      [other, device].map((directory) =>
        launchPart('door', ['--join', one.link, '--listen', '127.0.0.1:0', ...sure(directory)]),
      ),
    );
    const refused = expect.stringMatching(/^jobrig: [^\n]*does not take this door[^\n]*\n$/) as string;
    expect([stranger, impostor]).toMatchObject([
      { exitCode: 2, stderr: refused },
      { exitCode: 2, stderr: refused },
    ]);
    expect(one.stderr()).toContain('is not that of a node');
    for (const flags of [
      ['engine', '--store', another, '--listen', '0.0.0.0:0', '--require-auth', '--access-key', 'a:b'],
      ['door', '--join', '192.0.2.1:7400'],
    ] as const) {
      const free = ['--http-port', '0', '--data-dir', join(folder, 'none')];
      const { code, stderr } = await runHere('serve', '--role', ...flags, ...free);
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^jobrig: [^\n]*has no certificate[^\n]*\n$/)]);
    }
  });

  it.each([
    [['--role', 'engine'], 'needs --store'],
    [['--role', 'door'], 'needs --join'],
    [['--role', 'door', '--join', 'h:1', '--store', 'postgres://h/x'], "'--store' is for --role engine"],
    [['--role', 'engine', '--store', 'postgres://h/x', '--join', 'h:1'], "'--join' is for --role door"],
    [['--listen', 'h:1'], "'--listen' is for --role"],
    [['--role', 'door', '--join', 'h:1', '--open'], "'--open' cannot be used with option '--role"],
    [['--role', 'door', '--join', 'nowhere'], 'Must be like'],
    [['--role', 'engine', '--store', 'postgres://h/x', '--memory'], '--memory'],
  ])('%j: a flag that is missing or too many is named', async (flags, expected) => {
    const { code, stderr } = await runHere('serve', ...flags, '--data-dir', keys);
    expect([code, stderr]).toEqual([2, expect.stringContaining(expected)]);
  });
});

/** Those that run. */
async function alive(parts: readonly PartProcess[]): Promise<readonly PartProcess[]> {
  const told = await Promise.allSettled(parts.map(health));
  return parts.filter((_, index) => told[index]!.status === 'fulfilled');
}

function named(owner: number, count: number): string[] {
  const found: string[] = [];
  for (let number = 0; found.length < count; number += 1) {
    if (doorOf(`client-${number}`, allDoors(2)) === owner) found.push(`client-${number}`);
  }
  return found;
}
