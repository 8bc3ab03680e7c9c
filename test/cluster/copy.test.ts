/** `jobrig store copy`: a service's life from a data directory into PostgreSQL and back. */
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { connect, connectAsync } from 'mqtt';
import { afterAll, describe, expect, it } from 'vitest';
import { type Service, type ServiceOptions, startService } from '../../broker/start-service.ts';
import { openSqliteStore } from '../../broker/store/sqlite-store.ts';
import { runHere } from '../support/command-here.ts';
import {
  bytesIn,
  copy,
  filled,
  folder,
  identity,
  led,
  manyRows,
  newDirectory,
  rowsIn,
  schemaOf,
  thing,
} from '../support/copies.ts';
import { cutWire } from '../support/cut-wire.ts';
import { postgresOfTests } from '../support/postgres.ts';
import { operatorOf } from '../support/operator.ts';

const server = postgresOfTests();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ports: ServiceOptions = { mqttsPort: 'off', wsPort: 'off', wssPort: 'off', httpsPort: 'off' };

async function live(service: Service): Promise<string> {
  const iot = operatorOf(service);
  await iot.createThing({ thingName: 'pump', attributePayload: { attributes: { site: 'north' } } });
  await iot.createThingGroup({ thingGroupName: 'pumps' });
  const { certificateId } = await iot.createKeysAndCertificate({ setAsActive: true });
  const sleeper = await connectAsync(service.mqttUrl!, { clientId: 'sleeper', clean: false });
  await sleeper.subscribeAsync('news', { qos: 1 });
  await sleeper.endAsync();
  const device = await connectAsync(service.mqttUrl!, { clientId: 'pump' });
  await device.publishAsync('notice', 'keep off', { qos: 1, retain: true });
  await device.publishAsync('news', 'for the sleeper', { qos: 1 });
  await device.publishAsync('$aws/things/pump/shadow/update', '{"state":{"reported":{"level":7}}}', { qos: 1 });
  const targets = ['arn:aws:iot:us-east-1:000000000000:thing/pump'];
  await iot.createJob({ jobId: 'update', targets, document: '{"operation":"reboot"}' });
  await device.publishAsync('$aws/things/pump/jobs/start-next', '{"statusDetails":{"step":"one"}}', { qos: 1 });
  await device.endAsync();
  return certificateId!;
}

async function seesItAll(service: Service, certificateId: string): Promise<void> {
  const iot = operatorOf(service);
  const job = await iot.describeJobExecution({ jobId: 'update', thingName: 'pump' });
  expect(job.execution).toMatchObject({ status: 'IN_PROGRESS', statusDetails: { detailsMap: { step: 'one' } } });
  const certificate = await iot.describeCertificate({ certificateId });
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
    const store = await openSqliteStore({ directory, identity });
    await store.commit([thing('a')], 5);
    const killed = newDirectory();
    cpSync(directory, killed, { recursive: true });
    store.close();
    const url = await server.freshSchema();
    expect(await copy(killed, url)).toMatchObject({ total: 1 });
    await using wire = await cutWire(server.port);
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
    expect(await rowsIn(server, url)).toBe(1);
    await leader.close();
  });
});
