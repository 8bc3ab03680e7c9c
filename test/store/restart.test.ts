/**
 * A service that is started again on its directory: nothing accepted is missing, and what was under way goes on. Killed means
 * here: from a copy of its files made while it ran. Real kills, of a loaded service, are in kill.test.ts.
 */
import { connect as tcp } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type Service, type ServiceOptions, startService } from '../../broker/start-service.ts';
import type { OperationName } from '../../broker/engine/contract.ts';
import { openSqliteStore } from '../../broker/store/sqlite-store.ts';
import type { TableName } from '../../broker/store/store.ts';
import { formatThingArn, formatThingGroupArn } from '../../protocol/names.ts';
import { ask } from '../support/ask.ts';
import { type StoreDirectory, testStoreDirectory } from '../support/store-directory.ts';
import { WireClient } from '../support/wire-client.ts';
import { endAfterTest } from '../support/after-test.ts';

const identity = { region: 'us-east-1', account: '000000000000' };
const jobs = (thing: string): string => `$aws/things/${thing}/jobs`;

async function serve({ path }: StoreDirectory, options: ServiceOptions = {}): Promise<Service> {
  const quiet = { mqttsPort: 'off', wsPort: 'off', wssPort: 'off', httpPort: 'off', httpsPort: 'off' } as const;
  const service = await startService({ ...quiet, dataDir: path, ...options });
  endAfterTest(() => service.close());
  return service;
}

const principal = { certificateId: 'ab'.repeat(32), certificatePem: 'PEM', notBefore: 0, notAfter: 1 };

/** A certificate, what it is attached to, and what stands beside it in the registry. */
async function createPrincipal(service: Service): Promise<void> {
  const statement = '{"Statement":{"Effect":"Allow","Action":"iot:*","Resource":"*"}}';
  const templateBody = '{"Resources":{"thing":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":"x"}}}}';
  const arn = `arn:aws:iot:us-east-1:000000000000:cert/${principal.certificateId}`;
  await ask(service, 'iot:CreateKeysAndCertificate', { setAsActive: true, certificate: principal });
  await ask(service, 'iot:CreatePolicy', { policyName: 'P', policyDocument: statement });
  await ask(service, 'iot:AttachPolicy', { policyName: 'P', target: arn });
  await ask(service, 'iot:AttachThingPrincipal', { thingName: 'T', principal: arn });
  await ask(service, 'iot:CreateThingType', { thingTypeName: 'lamp' });
  const provisioningRoleArn = 'arn:aws:iam::000000000000:role/provisioning';
  await ask(service, 'iot:CreateProvisioningTemplate', { templateName: 'fleet', templateBody, provisioningRoleArn });
}

const update = (from: Service, shadowName: string, state: object) =>
  ask(from, 'iot:UpdateThingShadow', { thingName: 'T', shadowName, payload: JSON.stringify({ state }) });

async function createJob(service: Service, jobId: string, thing: string, more: object = {}): Promise<void> {
  const targets = [formatThingArn(identity, thing)];
  await ask(service, 'iot:CreateJob', { jobId, targets, document: '{"operation":"reboot"}', ...more });
}

function connect(service: Service, clientId: string, clean: boolean): Promise<WireClient> {
  return WireClient.connect(Number(new URL(service.mqttUrl ?? '').port), { clientId, clean });
}

/** Asks again until it holds, letting the service work in between. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}

describe('a service that is started again', () => {
  it.each(['closed', 'killed'] as const)('after it was %s has everything that was accepted', async (how) => {
    const home = testStoreDirectory();
    const service = await serve(home);
    await ask(service, 'iot:CreateThing', { thingName: 'T', attributePayload: { attributes: { site: 'roof' } } });
    await ask(service, 'iot:CreateThingGroup', { thingGroupName: 'G' });
    await ask(service, 'iot:AddThingToThingGroup', { thingGroupName: 'G', thingName: 'T' });
    await createJob(service, 'J', 'T', { tags: [{ Key: 'team', Value: 'red' }] });
    await ask(service, 'iot:CreateJobTemplate', { jobTemplateId: 'P', document: '{}', description: 'plain' });
    await ask(service, 'iot:UpdateEventConfigurations', { eventConfigurations: { JOB: { Enabled: true } } });
    await ask(service, 'iotjobsdata:StartNextPendingJobExecution', { thingName: 'T', statusDetails: { step: 'one' } });
    await createPrincipal(service);
    const questions = [
      ['iot:DescribeCertificate', { certificateId: principal.certificateId }],
      ['iot:ListThingPrincipals', { thingName: 'T' }],
      ['iot:ListTargetsForPolicy', { policyName: 'P' }],
      ['iot:GetPolicy', { policyName: 'P' }],
      ['iot:DescribeThingType', { thingTypeName: 'lamp' }],
      ['iot:DescribeProvisioningTemplate', { templateName: 'fleet' }],
      ['iot:DescribeThing', { thingName: 'T' }],
      ['iot:ListThingGroupsForThing', { thingName: 'T' }],
      ['iot:DescribeJob', { jobId: 'J' }],
      ['iot:DescribeJobExecution', { jobId: 'J', thingName: 'T' }],
      ['iot:ListTagsForResource', { resourceArn: 'arn:aws:iot:us-east-1:000000000000:job/J' }],
      ['iot:DescribeJobTemplate', { jobTemplateId: 'P' }],
      ['iot:DescribeEventConfigurations', {}],
    ] as const;
    const answers = (from: Service): Promise<unknown[]> =>
      Promise.all(questions.map(([name, request]) => ask(from, name as OperationName, request as never)));
    const before = await answers(service);
    const left = how === 'killed' ? home.killed() : home;
    if (how === 'closed') await service.close();
    expect(await answers(await serve(left))).toEqual(before);
  });

  it('goes on with the shadows that it had, and with the versions of those that were deleted', async () => {
    const home = testStoreDirectory();
    const service = await serve(home);
    await update(service, 'kept', { desired: { led: 'on' }, reported: { led: 'off' } });
    await update(service, 'gone', {});
    await ask(service, 'iot:DeleteThingShadow', { thingName: 'T', shadowName: 'gone' });
    const again = await serve(home.killed());
    const { payload = '' } = await ask(again, 'iot:GetThingShadow', { thingName: 'T', shadowName: 'kept' });
    const state = { desired: { led: 'on' }, reported: { led: 'off' }, delta: { led: 'on' } };
    expect(JSON.parse(payload)).toMatchObject({ state, version: 1 });
    const { payload: made = '' } = await update(again, 'gone', {});
    expect(JSON.parse(made)).toMatchObject({ version: 3 });
  });

  it('lets a device finish the execution it had begun', async () => {
    const home = testStoreDirectory();
    const service = await serve(home);
    await ask(service, 'iot:CreateThing', { thingName: 'T' });
    await createJob(service, 'J', 'T');
    const device = await connect(service, 'T', true);
    await device.request(`${jobs('T')}/start-next`);
    const again = await serve(home.killed());
    const returned = await connect(again, 'T', true);
    const { topic } = await returned.request(`${jobs('T')}/J/update`, { status: 'SUCCEEDED', expectedVersion: 2 });
    expect(topic).toBe(`${jobs('T')}/J/update/accepted`);
  });

  it('times out what should have been done by then', async () => {
    const home = testStoreDirectory();
    const service = await serve(home);
    await ask(service, 'iot:CreateThing', { thingName: 'T' });
    await createJob(service, 'J', 'T');
    await ask(service, 'iotjobsdata:StartNextPendingJobExecution', { thingName: 'T', stepTimeoutInMinutes: 1 });
    const again = await serve(home.killed(), { timeScale: 100_000 });
    await until(async () => {
      const { execution } = await ask(again, 'iot:DescribeJobExecution', { jobId: 'J', thingName: 'T' });
      return execution?.status === 'TIMED_OUT';
    });
  });

  it('goes on where service time had got to, though the wall clock is behind it', async () => {
    const home = testStoreDirectory();
    const fast = await serve(home, { timeScale: 1_000_000 });
    const start = fast.port.now();
    await until(() => Promise.resolve(fast.port.now() > start + 3_600_000));
    await fast.close();
    const again = await serve(home);
    expect(again.port.now()).toBeGreaterThan(start + 3_600_000);
  });

  it('rolls a job out to the end, and deletes it to the end, wherever it was killed', async () => {
    const things = 700;
    let home = testStoreDirectory();
    let service = await serve(home, { durability: 'off' });
    await ask(service, 'iot:CreateThingGroup', { thingGroupName: 'G' });
    const named = Array.from({ length: things }, (_, index) => `thing-${index}`);
    await Promise.all(named.map((thingName) => ask(service, 'iot:CreateThing', { thingName })));
    await Promise.all(
      named.map((thingName) => ask(service, 'iot:AddThingToThingGroup', { thingGroupName: 'G', thingName })),
    );
    const targets = [formatThingGroupArn(identity, 'G')];
    await ask(service, 'iot:CreateJob', { jobId: 'J', targets, document: '{}' });
    home = home.killed();
    const queued = async (): Promise<number> => {
      const { job } = await ask(service, 'iot:DescribeJob', { jobId: 'J' });
      return job?.jobProcessDetails?.numberOfQueuedThings ?? 0;
    };
    expect(await rowsKept(home, 'jobExecution')).toBeLessThan(things);
    service = await serve(home, { durability: 'off' });
    await until(async () => (await queued()) === things);

    await ask(service, 'iot:DeleteJob', { jobId: 'J', force: true });
    home = home.killed();
    expect(await rowsKept(home, 'jobExecution')).toBeGreaterThan(0);
    service = await serve(home, { durability: 'off' });
    await until(async () => {
      const { jobs: left } = await ask(service, 'iot:ListJobs', {});
      return left?.length === 0;
    });
  });

  it('names the file when its rows do not fit together', async () => {
    const home = testStoreDirectory();
    const store = await openSqliteStore({ directory: home.path, identity });
    const orphan = { sequence: 1, jobId: 'gone', thingName: 'T', executionNumber: 1, status: 'QUEUED' };
    await store.commit([{ table: 'jobExecution', key: 'gone/T/1', row: orphan }], 1);
    store.close();
    await expect(startService({ dataDir: home.path })).rejects.toMatchObject({
      code: 'STORE_TORN',
      message: `${home.database} holds rows that do not fit together`,
    });
  });
});

/** What is on disk, seen through a copy. */
async function rowsKept(home: StoreDirectory, wanted: TableName): Promise<number> {
  const copy = home.killed();
  const store = await openSqliteStore({ directory: copy.path, identity });
  const count = [...store.rows((table) => table === wanted)].length;
  store.close();
  copy.remove();
  return count;
}

describe('a persistent session', () => {
  const filters = [`${jobs('T')}/notify-next`, `${jobs('T')}/notify`, 'ordinary/+'];

  async function asleep(): Promise<{ home: StoreDirectory; service: Service }> {
    const home = testStoreDirectory();
    const service = await serve(home);
    const sleeper = await connect(service, 'T', false);
    await sleeper.subscribe(filters);
    await sleeper.drop();
    await until(() => Promise.resolve(service.connectedClients === 0));
    return { home, service };
  }

  it('finds after a kill what was announced while its client was away, in order, once', async () => {
    const { home, service } = await asleep();
    await ask(service, 'iot:CreateThing', { thingName: 'T' });
    await createJob(service, 'J1', 'T');
    await createJob(service, 'J2', 'T');
    const left = home.killed();
    let current = await serve(left);
    const awake = await connect(current, 'T', false);
    await awake.until(() => awake.messages.length === 3);
    await awake.settled();
    expect(awake.topics()).toEqual([filters[1], filters[0], filters[1]]);
    expect(awake.packets.find(({ cmd }) => cmd === 'connack')).toMatchObject({ sessionPresent: true });
    await awake.drop();
    await current.close();
    current = await serve(left);
    const later = await connect(current, 'T', false);
    await later.settled();
    expect(later.messages).toEqual([]);
  });

  it('gets again what it had not acknowledged', async () => {
    const { home, service } = await asleep();
    await ask(service, 'iot:CreateThing', { thingName: 'T' });
    await createJob(service, 'J1', 'T');
    const { port } = new URL(service.mqttUrl ?? '');
    const rude = new WireClient(tcp({ port: Number(port), host: '127.0.0.1' }));
    rude.acknowledges = false;
    await rude.login({ clientId: 'T', clean: false });
    await rude.until(() => rude.messages.length === 2);
    const awake = await connect(await serve(home.killed()), 'T', false);
    await awake.until(() => awake.messages.length === 2);
    expect(awake.topics()).toEqual(rude.topics());
  });

  it('keeps ordinary messages too, whatever bytes they are', async () => {
    const { home, service } = await asleep();
    const sender = await connect(service, 'other', true);
    sender.publish('ordinary/bytes', Buffer.from([0, 255, 128]));
    sender.publish('ordinary/text', 'ß');
    await sender.acknowledged(2);
    await until(async () => (await rowsKept(home, 'mqttMessage')) === 2);
    const again = await serve(home.killed());
    const awake = await connect(again, 'T', false);
    await awake.until(() => awake.messages.length === 2);
    expect(awake.messages.map(({ topic, payload }) => [topic, payload])).toEqual([
      ['ordinary/bytes', Buffer.from([0, 255, 128]).toString()],
      ['ordinary/text', 'ß'],
    ]);
  });

  it('has forgotten what it unsubscribed from, and is gone once its client comes clean', async () => {
    const { home, service } = await asleep();
    const client = await connect(service, 'T', false);
    client.send({ cmd: 'unsubscribe', messageId: 9, unsubscriptions: [filters[0]!] });
    await client.received('unsuback');
    const left = home.killed();
    let current = await serve(left);
    await ask(current, 'iot:CreateThing', { thingName: 'T' });
    await createJob(current, 'J1', 'T');
    const awake = await connect(current, 'T', false);
    await awake.until(() => awake.messages.length === 1);
    await awake.settled();
    expect(awake.topics()).toEqual([filters[1]]);
    await awake.drop();

    const clean = await connect(current, 'T', true);
    await clean.settled();
    await clean.drop();
    await current.close();
    current = await serve(left);
    await createJob(current, 'J2', 'T');
    const last = await connect(current, 'T', false);
    await last.settled();
    expect(last.messages).toEqual([]);
    expect(last.packets.find(({ cmd }) => cmd === 'connack')).toMatchObject({ sessionPresent: false });
  });

  it('of MQTT 5 ends after its time, or with the process where it has none', async () => {
    const home = testStoreDirectory();
    const service = await serve(home);
    const { port } = new URL(service.mqttUrl ?? '');
    for (const [clientId, sessionExpiryInterval] of [
      ['brief', 0],
      ['day', 86_400],
    ] as const) {
      const properties = { sessionExpiryInterval };
      const client = await WireClient.connect(Number(port), { clientId, clean: false, protocolVersion: 5, properties });
      await client.subscribe(['ordinary/+']);
    }
    const again = await serve(home.killed());
    const comeBack = (clientId: string): Promise<WireClient> =>
      WireClient.connect(Number(new URL(again.mqttUrl ?? '').port), { clientId, clean: false, protocolVersion: 5 });
    const [brief, day] = [await comeBack('brief'), await comeBack('day')];
    expect([brief, day].map(({ packets }) => packets.find(({ cmd }) => cmd === 'connack'))).toMatchObject([
      { sessionPresent: false },
      { sessionPresent: true },
    ]);
  });

  it('of somebody else is not resumed by who comes under its client id', async () => {
    const home = testStoreDirectory();
    const service = await serve(home, { identity: 'username' });
    const port = Number(new URL(service.mqttUrl ?? '').port);
    const owner = await WireClient.connect(port, { clientId: 'C', clean: false, username: 'T' });
    await owner.subscribe(filters);
    await owner.drop();
    const again = await serve(home.killed(), { identity: 'username' });
    await ask(again, 'iot:CreateThing', { thingName: 'T' });
    await createJob(again, 'J1', 'T');
    const portAgain = Number(new URL(again.mqttUrl ?? '').port);
    const stranger = await WireClient.connect(portAgain, { clientId: 'C', clean: false, username: 'other' });
    await stranger.settled();
    expect(stranger.messages).toEqual([]);
  });
});
