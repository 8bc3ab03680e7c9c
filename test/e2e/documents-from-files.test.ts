/**
 * A directory as S3, from the operator's `documentSource` to the device's download: both doors hand out the document with URLs
 * that open the file, another one each time, and the operator reads the placeholder.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IoT } from '@aws-sdk/client-iot';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Service, startService } from '../../broker/start-service.ts';
import { download } from '../support/download.ts';
import { operatorOf } from '../support/operator.ts';
import { sharedFolder } from '../support/folders.ts';

const placeholder = '${aws:iot:s3-presigned-url:https://images.s3.us-east-1.amazonaws.com/v2.bin}';
const documentText = JSON.stringify({ url: placeholder });
const documentSource = 'https://images.s3.us-east-1.amazonaws.com/job.json';

const directory = sharedFolder('files');
let service: Service;
let operator: IoT;

beforeAll(async () => {
  await mkdir(join(directory, 'images'));
  await writeFile(join(directory, 'images/job.json'), documentText);
  await writeFile(join(directory, 'images/v2.bin'), 'firmware');
  service = await startService({ files: directory });
  operator = operatorOf(service);
});

afterAll(async () => {
  operator.destroy();
  await service.close();
});

function urlIn(execution: { readonly jobDocument?: { readonly url?: string } } | undefined): string {
  return execution?.jobDocument?.url ?? '';
}

it('hands every device URLs that open the file, by MQTT and by HTTP', async () => {
  const { thingArn } = await operator.createThing({ thingName: 'T' });
  const device = await connectAsync(service.mqttUrl ?? '', { clientId: 'T', reconnectPeriod: 0 });
  const heard = new Promise<string>((resolve) => {
    device.once('message', (_topic, payload) => resolve(payload.toString()));
  });
  await device.subscribeAsync('$aws/things/T/jobs/notify-next', { qos: 1 });
  const presignedUrlConfig = { roleArn: 'arn:aws:iam::000000000000:role/jobs', expiresInSec: 60 };
  await operator.createJob({ jobId: 'J', targets: [thingArn ?? ''], documentSource, presignedUrlConfig });

  const notified = urlIn((JSON.parse(await heard) as { execution?: { jobDocument?: { url?: string } } }).execution);
  const response = await fetch(`${service.httpUrl}/jobs-data/things/T/jobs/$next`);
  const { execution } = (await response.json()) as { execution: { jobDocument: string } };
  const described = (JSON.parse(execution.jobDocument) as { url: string }).url;
  expect((await download(described, service.ca)).body.toString()).toBe('firmware');
  expect((await download(notified, service.ca)).body.toString()).toBe('firmware');
  expect(notified).toContain('X-Amz-Expires=60');

  expect((await operator.describeJob({ jobId: 'J' })).documentSource).toBe(documentSource);
  expect((await operator.getJobDocument({ jobId: 'J' })).document).toBe(documentText);
  await device.endAsync();
});
