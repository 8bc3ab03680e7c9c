/**
 * The Jobs demo of the Embedded-C SDK, played from what it was seen to do (docs/field-notes.md): it subscribes to `notify-next`
 * only and relies on answers that it has not subscribed to; it asks with an empty payload and downloads by URL.
 */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { download } from '../support/download.ts';
import { type FieldBench, type FieldDevice, type FieldExecution, openFieldBench } from '../support/field-bench.ts';

let bench: FieldBench;

beforeEach(async () => {
  bench = await openFieldBench();
});

const document = {
  url: '${aws:iot:s3-presigned-url:https://images.s3.us-east-1.amazonaws.com/v2.bin?versionId=1}',
};

async function connect(): Promise<FieldDevice> {
  const device = await bench.connect(8883, { clean: true, keepalive: 60 });
  await device.subscribe(['jobs/notify-next']);
  return device;
}

async function describeNext(device: FieldDevice): Promise<FieldExecution | undefined> {
  const [outcome, answer] = await device.ask('jobs/$next/get', '');
  expect(outcome).toBe('accepted');
  return answer['execution'] as FieldExecution | undefined;
}

describe('the Embedded-C demo', () => {
  it('takes the job that waits, downloads its image by URL and ends it, all without a subscription', async () => {
    await bench.createJob('j', document);
    const device = await connect();
    const { jobId, jobDocument } = (await describeNext(device))!;
    const { url } = jobDocument as { url: string };
    expect(url.startsWith(`https://localhost:${new URL(bench.service.httpsUrl!).port}/`)).toBe(true);
    expect((await device.ask(`jobs/${jobId}/update`, { status: 'IN_PROGRESS' }))[0]).toBe('accepted');
    expect((await download(url, bench.service.ca)).body.equals(bench.image)).toBe(true);
    expect((await device.ask(`jobs/${jobId}/update`, { status: 'SUCCEEDED' }))[0]).toBe('accepted');
    expect((await bench.execution('j'))?.status).toBe('SUCCEEDED');
    expect(device.isCut).toBe(false);
  });

  it('writes the version that it expects as a string of digits', async () => {
    await bench.createJob('j', document);
    const device = await connect();
    const [, started] = await device.ask('jobs/start-next', { clientToken: 'demo' });
    const { versionNumber } = started['execution'] as FieldExecution;
    const update = { status: 'SUCCEEDED', expectedVersion: String(versionNumber), statusDetails: { step: 'done' } };
    expect((await device.ask('jobs/j/update', update))[0]).toBe('accepted');
    expect((await device.ask('jobs/j/update', update))[1]).toMatchObject({ code: 'VersionMismatch' });
  });

  it('whose job is deleted during its download is refused, and is handed the next one', async () => {
    const device = await connect();
    await bench.createJob('first', document);
    const first = (await device.nextJson('jobs/notify-next'))['execution'] as FieldExecution;
    await device.ask('jobs/first/update', { status: 'IN_PROGRESS' });
    await bench.createJob('second', document);
    await bench.deleteJob('first');
    let next = await device.nextJson('jobs/notify-next');
    while ((next['execution'] as FieldExecution | undefined)?.jobId !== 'second')
      next = await device.nextJson('jobs/notify-next');
    expect((await device.ask('jobs/first/update', { status: 'SUCCEEDED' }))[1]).toMatchObject({
      code: 'ResourceNotFound',
    });
    // Its URL is good until it expires, as S3's would be; that it was used for a job that is gone can be seen.
    const { url } = first.jobDocument as { url: string };
    expect((await download(url, bench.service.ca)).status).toBe(200);
    const finished = { kind: 'download', jobId: 'first', executionNumber: 1, state: 'finished' };
    await vi.waitFor(() => expect(bench.seen.at(-1)).toMatchObject(finished), 60_000);
  });
});
