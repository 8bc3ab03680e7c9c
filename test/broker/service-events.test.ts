import type { IoT } from '@aws-sdk/client-iot';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Observation } from '../../observation/observation.ts';
import { observeEvery } from '../../observation/observers.ts';
import { type Service, startService } from '../../broker/start-service.ts';
import type { ServiceEvent } from '../../broker/service-events.ts';
import { WireClient } from '../support/wire-client.ts';
import { operatorOf } from '../support/operator.ts';

let service: Service;
let operator: IoT;
const events: ServiceEvent[] = [];
const seen: Observation[] = [];

beforeAll(async () => {
  service = await startService({ mqttsPort: 'off', wsPort: 'off', wssPort: 'off', httpsPort: 'off' });
  service.onEvent((event) => events.push(event));
  service.observe(observeEvery((one) => seen.push(one)));
  operator = operatorOf(service);
});

afterAll(async () => {
  operator.destroy();
  await service.close();
});

const connect = (clientId: string): Promise<WireClient> =>
  WireClient.connect(Number(new URL(service.mqttUrl!).port), { clientId });

const jobs = '$aws/things/pump/jobs';

/** What was seen of a kind, without when. */
const of = (kind: Observation['kind']) => seen.filter((one) => one.kind === kind);

it('shows a device that does its job and whose job is pulled, from both sides', async () => {
  await operator.createThing({ thingName: 'pump' });
  const device = await connect('pump-7');
  await device.subscribe([`${jobs}/notify-next`]);
  const targets = ['arn:aws:iot:us-east-1:000000000000:thing/pump'];
  await operator.createJob({ jobId: 'reboot', targets, document: '{}' });
  await device.until(() => device.messages.length === 1);
  device.publish(`${jobs}/start-next`, '{}');
  await device.until(() => device.messages.length === 2);
  await operator.deleteJob({ jobId: 'reboot', force: true });
  await device.until(() => device.messages.length === 3);
  await device.drop();

  expect(of('connected')).toMatchObject([
    { source: 'wire', client: { clientId: 'pump-7', protocol: 'MQTT 3.1.1', proof: 'none' } },
  ]);
  expect(of('identified')).toMatchObject([{ thingName: 'pump', clientId: 'pump-7' }]);
  expect(of('subscribed')).toMatchObject([{ thingName: 'pump', filters: [{ filter: `${jobs}/notify-next`, qos: 1 }] }]);
  expect(of('sent')).toMatchObject([
    { thingName: 'pump', via: 'mqtt', request: { operation: 'StartNextPendingJobExecution' } },
  ]);
  expect(of('received').map((one) => one.kind === 'received' && one.message)).toMatchObject([
    { name: 'NextJobExecutionChanged', payload: { execution: { jobId: 'reboot' } } },
    { outcome: 'accepted', payload: { execution: { jobId: 'reboot', status: 'IN_PROGRESS' } } },
    { name: 'NextJobExecutionChanged', payload: {} },
  ]);
  expect(of('called')).toMatchObject([
    { operation: 'CreateThing', outcome: 'ok', source: 'operator', thingName: 'pump' },
    { operation: 'CreateJob', outcome: 'ok', jobId: 'reboot' },
    { operation: 'DeleteJob', outcome: 'ok', jobId: 'reboot', force: true },
  ]);
  expect(of('job')).toMatchObject([
    { jobId: 'reboot', status: 'IN_PROGRESS', by: 'operator' },
    { jobId: 'reboot', status: 'DELETION_IN_PROGRESS', by: 'operator' },
    { jobId: 'reboot', status: 'DELETED', by: 'service' },
  ]);
  expect(of('execution')).toMatchObject([
    { status: 'QUEUED', by: 'operator' },
    { status: 'IN_PROGRESS', by: 'device' },
    { status: 'DELETED', by: 'operator', force: true },
  ]);
});

it('tells what was refused, why, and what to do', async () => {
  const client = await connect('fan');
  await client.subscribe(['$aws/things/fan/jobs/notify']);
  client.publish('$aws/things/other/jobs/get', '{}');
  await client.closed;
  const refused = events.find((event) => event.kind === 'publish-refused');
  expect(refused).toMatchObject({ clientId: 'fan', reason: 'notAuthorized' });
  expect(refused).toHaveProperty('advice');
  expect(of('refused')).toMatchObject([{ what: 'publish', thingName: 'fan', topic: '$aws/things/other/jobs/get' }]);
  expect(of('disconnected').at(-1)).toMatchObject({ thingName: 'fan', end: 'by-service' });
});

it('tells of calls that are refused, with what the caller was told', async () => {
  await expect(operator.deleteJob({ jobId: 'nothing' })).rejects.toThrow(/nothing/);
  expect(events.at(-1)).toMatchObject({
    kind: 'called',
    operation: 'DeleteJob',
    status: 404,
    error: { exception: 'ResourceNotFoundException' },
  });
  await fetch(`${service.httpUrl}/nothing/of/aws`);
  expect(events.at(-1)).toMatchObject({ kind: 'request-refused', method: 'GET', path: '/nothing/of/aws', status: 404 });
});

it('shows nothing any more to who has stopped looking', async () => {
  const looked: Observation[] = [];
  const stop = service.observe(observeEvery((one) => looked.push(one)));
  await (await connect('one')).drop();
  stop();
  const before = looked.length;
  await (await connect('two')).drop();
  expect(before).toBeGreaterThan(0);
  expect(looked).toHaveLength(before);
});
