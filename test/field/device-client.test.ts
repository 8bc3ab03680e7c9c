/**
 * The AWS IoT Device Client with all its features on, played from what it was seen to do (docs/field-notes.md): none of what it
 * says to AWS IoT beside its jobs costs it the connection, and what it waits for comes.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { type FieldBench, type FieldDevice, type FieldExecution, openFieldBench } from '../support/field-bench.ts';

let bench: FieldBench;

beforeEach(async () => {
  bench = await openFieldBench();
});

const configShadow = 'shadow/name/DeviceClientConfigShadow';
const sampleShadow = 'shadow/name/DeviceClientSampleShadow';

/** Port 443 by ALPN, a session that stays, its metrics for a user name, and one SUBSCRIBE for each filter. */
async function connect(): Promise<FieldDevice> {
  const device = await bench.connect(443, {
    clean: false,
    keepalive: 1200,
    username: '?SDK=CPPv2&Version=1.0&DeviceClient=1.9',
  });
  await device.subscribe([
    'jobs/notify-next',
    'jobs/start-next/accepted',
    'jobs/start-next/rejected',
    'jobs/+/update/accepted',
    'jobs/+/update/rejected',
  ]);
  return device;
}

const token = (n: number): string => `token-${n}`.padEnd(10, '0');

async function startNext(device: FieldDevice): Promise<FieldExecution | undefined> {
  const [outcome, answer] = await device.ask('jobs/start-next', { clientToken: token(0) });
  expect([outcome, answer['clientToken']]).toEqual(['accepted', token(0)]);
  // It takes an empty object for a job without an id.
  if ('execution' in answer) expect(answer['execution']).toHaveProperty('jobId');
  return answer['execution'] as FieldExecution | undefined;
}

function update(device: FieldDevice, { jobId, executionNumber, versionNumber }: FieldExecution, more: object) {
  const request = { executionNumber, expectedVersion: versionNumber, clientToken: token(1), ...more };
  return device.ask(`jobs/${jobId}/update`, request);
}

const document = {
  version: '1.0',
  steps: [{ action: { name: 'reboot', type: 'runHandler', input: { handler: 'reboot.sh' } } }],
};

describe('the Device Client', () => {
  it('keeps its connection while every other feature of it speaks', async () => {
    const device = await connect();
    // Device Defender
    await device.subscribe(['defender/metrics/json/accepted', 'defender/metrics/json/rejected']);
    const report = { header: { report_id: 1, version: '1.0' }, metrics: { tcp_connections: { total: 1 } } };
    const [outcome, answer] = await device.ask('defender/metrics/json', report);
    expect([outcome, answer['reportId']]).toEqual(['accepted', 1]);
    // Secure tunnelling listens for what never comes.
    await device.subscribe(['tunnels/notify']);
    // Two shadows
    for (const shadow of [configShadow, sampleShadow]) {
      await device.subscribe(['accepted', 'rejected', 'delta'].map((kind) => `${shadow}/update/${kind}`));
      const [told] = await device.ask(`${shadow}/update`, {
        state: { reported: { jobs: { enabled: true } } },
        clientToken: token(2),
      });
      expect(told).toBe('accepted');
    }
    // Publish and subscribe, and a sensor by basic ingest
    await device.client.subscribeAsync('/topic/of/its/own', { qos: 1 });
    await device.client.publishAsync('/topic/of/its/own', '{"Hello":"World!"}', { qos: 1 });
    await device.client.publishAsync('$aws/rules/sensor/readings', '{"t":21}', { qos: 1 });
    await bench.createJob('j', document);
    expect((await startNext(device))?.jobId).toBe('j');
    expect(device.isCut).toBe(false);
  });

  it('runs a job: in progress, with what its handler printed, and over', async () => {
    const device = await connect();
    expect(await startNext(device)).toBeUndefined();
    await bench.createJob('j', document);
    const told = (await device.nextJson('jobs/notify-next'))['execution'] as FieldExecution;
    expect(told).toMatchObject({ jobId: 'j', status: 'QUEUED', executionNumber: 1, jobDocument: document });
    const job = (await startNext(device))!;
    expect((await update(device, job, { status: 'IN_PROGRESS', statusDetails: {} }))[0]).toBe('accepted');
    const details = { stdout: 'line 1\nline 2\n', stderr: '', reason: '' };
    const [outcome, answer] = await update(device, job, {
      status: 'SUCCEEDED',
      expectedVersion: job.versionNumber + 1,
      statusDetails: { stdout: details.stdout },
    });
    expect([outcome, answer['clientToken']]).toEqual(['accepted', token(1)]);
    expect((await bench.execution('j'))?.statusDetails?.detailsMap).toEqual({ stdout: details.stdout });
  });

  it('is handed the next job when its own is deleted, and hears a refusal of its late update', async () => {
    const device = await connect();
    await bench.createJob('first', document);
    const job = (await startNext(device))!;
    await bench.createJob('second', document);
    await bench.deleteJob('first');
    let next = await device.nextJson('jobs/notify-next');
    while ((next['execution'] as FieldExecution | undefined)?.jobId !== 'second')
      next = await device.nextJson('jobs/notify-next');
    const [outcome, answer] = await update(device, job, { status: 'SUCCEEDED' });
    expect([outcome, answer['code'], answer['clientToken']]).toEqual(['rejected', 'ResourceNotFound', token(1)]);
    expect((await startNext(device))?.jobId).toBe('second');
  });

  it('hears what it missed, since its session stays', async () => {
    const device = await connect();
    await device.client.endAsync(true);
    await bench.createJob('j', document);
    const back = await bench.connect(443, { clean: false, keepalive: 1200 });
    expect((await back.nextJson('jobs/notify-next'))['execution']).toMatchObject({ jobId: 'j' });
  });
});
