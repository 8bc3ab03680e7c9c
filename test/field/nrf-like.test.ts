/**
 * A modem-class agent in the manner of nRF Connect SDK, played from what it was seen to do (docs/field-notes.md): its library
 * asks for the shadow by itself as soon as it is connected, and it downloads by range requests in small pieces.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { download } from '../support/download.ts';
import { FieldBench, type FieldDevice, type FieldExecution } from '../support/field-bench.ts';

let bench: FieldBench;

beforeEach(async () => {
  bench = await FieldBench.open({}, 20_000);
});
afterEach(() => bench.close());

const shadowTopics = [
  'get/accepted',
  'get/rejected',
  'update/accepted',
  'update/rejected',
  'update/delta',
  'delete/accepted',
  'delete/rejected',
];
const pieceBytes = 2048;
/** Of its receive buffer, which the whole message has to fit. */
const payloadBytes = 1350;

const document = {
  operation: 'app_fw_update',
  fwversion: 'v2',
  size: 20_000,
  location: { url: '${aws:iot:s3-presigned-url:https://images.s3.us-east-1.amazonaws.com/v2.bin}' },
};

/** Subscriptions in one SUBSCRIBE each for jobs and shadow, as the library keeps them. */
async function connect(): Promise<FieldDevice> {
  const device = await bench.connect(8883, { clean: true, keepalive: 1200 });
  await device.client.subscribeAsync(
    shadowTopics.map((tail) => device.topic(`shadow/${tail}`)),
    { qos: 1 },
  );
  await device.client.subscribeAsync(
    ['jobs/notify-next', 'jobs/$next/get/#'].map((tail) => device.topic(tail)),
    { qos: 1 },
  );
  return device;
}

describe('an agent on a modem', () => {
  it('asks for its shadow by itself, is told that there is none, and goes on', async () => {
    const device = await connect();
    const [outcome, answer] = await device.ask('shadow/get', '', 0);
    expect([outcome, answer['code']]).toEqual(['rejected', 404]);
    const reported = { state: { reported: { app_version: 'v1', batv: 3600 } } };
    expect((await device.ask('shadow/update', reported))[0]).toBe('accepted');
    const [, shadow] = await device.ask('shadow/get', '', 0);
    expect(shadow['state']).toEqual(reported.state);
    expect(device.isCut).toBe(false);
  });

  it('finishes an update in pieces, and reports its version when it is back', async () => {
    await bench.createJob('j', document);
    const device = await connect();
    await device.publish('shadow/get', '', 0);
    await device.publish('jobs/$next/get', { clientToken: '' });
    const { payload } = await device.next('jobs/$next/get/accepted');
    expect(payload.length).toBeLessThan(payloadBytes);
    const { execution } = JSON.parse(payload.toString()) as { execution: FieldExecution };
    const { location, size } = execution.jobDocument as unknown as typeof document;
    await device.subscribe(['jobs/j/update/accepted', 'jobs/j/update/rejected']);
    const started = { status: 'IN_PROGRESS', statusDetails: { nextState: 'download_firmware' }, expectedVersion: '1' };
    expect((await device.ask('jobs/j/update', { ...started, clientToken: '' }))[0]).toBe('accepted');
    const pieces: Buffer[] = [];
    for (let start = 0; start < size; start += pieceBytes) {
      const range = `bytes=${start}-${Math.min(start + pieceBytes, size) - 1}`;
      const { status, body } = await download(location.url, bench.service.ca, { headers: { range } });
      expect(status).toBe(206);
      pieces.push(body);
    }
    expect(Buffer.concat(pieces).equals(bench.image)).toBe(true);
    await device.client.endAsync(true);

    const back = await connect();
    await back.ask('shadow/update', { state: { reported: { app_version: 'v2' } } });
    await back.subscribe(['jobs/j/update/accepted', 'jobs/j/update/rejected']);
    expect((await back.ask('jobs/j/update', { status: 'SUCCEEDED', expectedVersion: '2', clientToken: '' }))[0]).toBe(
      'accepted',
    );
    expect((await bench.execution('j'))?.status).toBe('SUCCEEDED');
  });

  it('is told by both topics that its job is gone', async () => {
    await bench.createJob('j', document);
    const device = await connect();
    await device.publish('jobs/$next/get', { clientToken: '' });
    await device.next('jobs/$next/get/accepted');
    await device.subscribe(['jobs/j/update/accepted', 'jobs/j/update/rejected']);
    await device.ask('jobs/j/update', { status: 'IN_PROGRESS', clientToken: '' });
    await bench.deleteJob('j');
    let told = await device.nextJson('jobs/notify-next');
    while ((told['execution'] as FieldExecution | undefined)?.jobId !== undefined)
      told = await device.nextJson('jobs/notify-next');
    expect((await device.ask('jobs/j/update', { status: 'SUCCEEDED' }))[1]).toMatchObject({ code: 'ResourceNotFound' });
    const [, answer] = await device.ask('jobs/$next/get', { clientToken: '' });
    expect(answer).not.toHaveProperty('execution');
  });
});
