/** A device on MQTT 5 through a job, a forced delete and the next job; fleet monitoring beside it by lifecycle events. */
import { connectAsync } from 'mqtt';
import { expect, it } from 'vitest';
import { startService } from '../../broker/start-service.ts';
import { operatorOf } from '../support/operator.ts';

type Body = Readonly<Record<string, unknown>>;

/** Messages in the order in which they came, each handed out once. */
async function listener(url: string, clientId: string) {
  const client = await connectAsync(url, { clientId, protocolVersion: 5 });
  const messages: { readonly topic: string; readonly body: Body }[] = [];
  let wake: (() => void) | undefined;
  client.on('message', (topic, payload) => {
    messages.push({ topic, body: JSON.parse(payload.toString()) as Body });
    wake?.();
  });
  const next = async (): Promise<readonly [string, Body]> => {
    while (messages.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    const { topic, body } = messages.shift()!;
    return [topic.replace(/^\$aws\/(things\/lamp\/jobs|events)\//, ''), body];
  };
  return { client, next };
}

it('MQTT 5: done, pulled, done again', async () => {
  await using service = await startService({ mqttsPort: 'off', wssPort: 'off', httpsPort: 'off' });
  const operator = operatorOf(service);
  const { thingArn } = await operator.createThing({ thingName: 'lamp' });
  const createJob = (jobId: string) =>
    operator.createJob({ jobId, targets: [thingArn!], document: '{"operation":"reboot"}' });
  await operator.updateEventConfigurations({
    eventConfigurations: { JOB: { Enabled: true }, JOB_EXECUTION: { Enabled: true } },
  });

  const device = await listener(service.mqttUrl!, 'lamp');
  const monitor = await listener(service.wsUrl!, 'monitoring');
  const ask = (tail: string, body: object) =>
    device.client.publishAsync(`$aws/things/lamp/jobs/${tail}`, JSON.stringify(body), { qos: 1 });
  await device.client.subscribeAsync('$aws/things/lamp/jobs/notify-next', { qos: 1 });
  await monitor.client.subscribeAsync(['$aws/events/job/#', '$aws/events/jobExecution/#'], { qos: 1 });

  await createJob('first');
  expect(await device.next()).toMatchObject(['notify-next', { execution: { jobId: 'first', status: 'QUEUED' } }]);
  await ask('start-next', { clientToken: 'a' });
  expect(await device.next()).toMatchObject([
    'start-next/accepted',
    { clientToken: 'a', execution: { versionNumber: 2 } },
  ]);
  await ask('first/update', { status: 'SUCCEEDED', expectedVersion: 2 });
  expect(await device.next()).toMatchObject(['first/update/accepted', {}]);
  expect(await device.next()).toEqual(['notify-next', { timestamp: expect.any(Number) as number }]);
  expect((await monitor.next())[0]).toBe('jobExecution/first/succeeded');
  expect((await monitor.next())[0]).toBe('job/first/completed');

  await createJob('second');
  expect(await device.next()).toMatchObject(['notify-next', { execution: { jobId: 'second' } }]);
  await ask('second/update', { status: 'IN_PROGRESS' });
  expect((await device.next())[0]).toBe('second/update/accepted');
  await operator.deleteJobExecution({ jobId: 'second', thingName: 'lamp', executionNumber: 1, force: true });
  expect(await device.next()).toEqual(['notify-next', { timestamp: expect.any(Number) as number }]);
  expect(await monitor.next()).toMatchObject(['jobExecution/second/deleted', { status: 'IN_PROGRESS', thingArn }]);
  await ask('second/update', { status: 'SUCCEEDED', clientToken: 'late' });
  expect(await device.next()).toMatchObject([
    'second/update/rejected',
    { code: 'ResourceNotFound', clientToken: 'late' },
  ]);

  await createJob('canary');
  expect(await device.next()).toMatchObject(['notify-next', { execution: { jobId: 'canary' } }]);
  await ask('canary/update', { status: 'SUCCEEDED' });
  expect((await device.next())[0]).toBe('canary/update/accepted');
  const { execution } = await operator.describeJobExecution({ jobId: 'canary', thingName: 'lamp' });
  expect(execution?.status).toBe('SUCCEEDED');
  await Promise.all([device.client.endAsync(), monitor.client.endAsync()]);
  operator.destroy();
});
