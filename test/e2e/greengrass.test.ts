/** Namespaced jobs end to end, as Greengrass works with them: operator by SDK, both cores by MQTT, and a plain agent beside. */
import { EventEmitter, once } from 'node:events';
import type { IoT } from '@aws-sdk/client-iot';
import { type MqttClient, connectAsync } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Service, startService } from '../../broker/start-service.ts';
import { type GreengrassCore, Nucleus, NucleusLite, deploymentNamespace } from '../support/greengrass.ts';
import { operatorOf } from '../support/operator.ts';

const thingName = 'core-1';
const jobs = `$aws/things/${thingName}/jobs`;

let service: Service;
let operator: IoT;
let core: MqttClient;
let thingArn: string;

beforeEach(async () => {
  service = await startService({ mqttsPort: 'off', wssPort: 'off', httpsPort: 'off' });
  operator = operatorOf(service);
  thingArn = (await operator.createThing({ thingName })).thingArn!;
  core = await connectAsync(service.mqttUrl!, { clientId: thingName });
});

afterEach(async () => {
  await core.endAsync(true);
  operator.destroy();
  await service.close();
});

async function createJob(jobId: string, namespaceId?: string): Promise<void> {
  const document = JSON.stringify({ deploymentId: jobId });
  await operator.createJob({ jobId, targets: [thingArn], document, namespaceId });
}

const deploy = (jobId: string): Promise<void> => createJob(jobId, deploymentNamespace);

async function statusOf(jobId: string): Promise<string | undefined> {
  const { execution } = await operator.describeJobExecution({ jobId, thingName });
  return execution?.status;
}

const pull = (jobId: string) =>
  operator.deleteJobExecution({
    jobId,
    thingName,
    executionNumber: 1,
    force: true,
    namespaceId: deploymentNamespace,
  });

describe.each<[string, new (name: string, client: MqttClient) => GreengrassCore]>([
  ['nucleus', Nucleus],
  ['nucleus lite', NucleusLite],
])('Greengrass %s', (_name, Core) => {
  it('takes a deployment, works on it and ends it', async () => {
    const greengrass = new Core(thingName, core);
    await greengrass.start();
    await deploy('deploy-1');
    await greengrass.logged('got deploy-1');
    expect(await greengrass.update('deploy-1', 'IN_PROGRESS')).toBe('accepted');
    expect(await statusOf('deploy-1')).toBe('IN_PROGRESS');
    expect(await greengrass.update('deploy-1', 'SUCCEEDED')).toBe('accepted');
    expect(await statusOf('deploy-1')).toBe('SUCCEEDED');
  });

  it.each([
    ['its execution', () => pull('deploy-1')],
    ['its job', () => operator.deleteJob({ jobId: 'deploy-1', force: true, namespaceId: deploymentNamespace })],
  ])('learns that %s was deleted under its hands, and goes on with the next', async (_what, remove) => {
    const greengrass = new Core(thingName, core);
    await greengrass.start();
    await deploy('deploy-1');
    await greengrass.logged('got deploy-1');
    expect(await greengrass.update('deploy-1', 'IN_PROGRESS')).toBe('accepted');
    await remove();
    await greengrass.logged('gone deploy-1');
    expect(greengrass.running).toEqual([]);
    expect(await greengrass.update('deploy-1', 'SUCCEEDED')).toBe('ResourceNotFound');
    await deploy('deploy-2');
    await greengrass.logged('got deploy-2');
    expect(await greengrass.update('deploy-2', 'SUCCEEDED')).toBe('accepted');
    expect(greengrass.log).toEqual(['got deploy-1', 'gone deploy-1', 'got deploy-2']);
  });

  it('is not troubled by plain jobs', async () => {
    const greengrass = new Core(thingName, core);
    await greengrass.start();
    await createJob('firmware');
    await deploy('deploy-1');
    await greengrass.logged('got deploy-1');
    expect(greengrass.log).toEqual(['got deploy-1']);
    expect(await greengrass.update('firmware', 'IN_PROGRESS')).toBe('ResourceNotFound');
    expect(await statusOf('firmware')).toBe('QUEUED');
  });
});

it('a namespaced job is seen through its namespace only', async () => {
  const heard: string[] = [];
  const news = new EventEmitter();
  core.on('message', (topic, payload) => {
    heard.push(topic);
    news.emit(topic, JSON.parse(payload.toString()));
  });
  const ask = async (tail: string, outcome = 'accepted'): Promise<object> => {
    const reply = once(news, `${jobs}/${tail}/${outcome}`) as Promise<[object]>;
    await core.publishAsync(`${jobs}/${tail}`, '{}', { qos: 1 });
    return { ...(await reply)[0], timestamp: 0 };
  };
  await core.subscribeAsync([`${jobs}/#`], { qos: 1 });
  await deploy('deploy-1');
  expect(await ask('get')).toEqual({ timestamp: 0, inProgressJobs: [], queuedJobs: [] });
  expect(await ask('$next/get')).toEqual({ timestamp: 0 });
  expect(await ask('start-next')).toEqual({ timestamp: 0 });
  expect(await ask('deploy-1/get', 'rejected')).toMatchObject({ code: 'ResourceNotFound' });
  expect(await ask('deploy-1/namespace-other/get', 'rejected')).toMatchObject({ code: 'ResourceNotFound' });
  expect(await ask(`deploy-1/namespace-${deploymentNamespace}/get`)).toMatchObject({
    execution: { jobId: 'deploy-1' },
  });
  expect(heard.filter((topic) => topic.includes('notify'))).toEqual([
    `${jobs}/notify-namespace-${deploymentNamespace}`,
    `${jobs}/deploy-1/notify-namespace-${deploymentNamespace}/`,
    `${jobs}/notify-next-namespace-${deploymentNamespace}`,
  ]);
});
