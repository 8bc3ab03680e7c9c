/** A running service refuses a job whose placeholders would reach its devices as they are, and says what is missing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Service, startService } from '../../broker/start-service.ts';
import { ask } from '../support/ask.ts';
import { sharedFolder } from '../support/folders.ts';

const folder = sharedFolder('files');
let bare: Service;
let withFiles: Service;
let jobs = 0;

beforeAll(async () => {
  bare = await startService();
  withFiles = await startService({ files: folder });
  for (const service of [bare, withFiles]) await ask(service, 'iot:CreateThing', { thingName: 'T' });
});
afterAll(async () => {
  await bare.close();
  await withFiles.close();
});

function create(service: Service, placeholder: string, more: object = {}): Promise<unknown> {
  const jobId = `job-${(jobs += 1)}`;
  const targets = ['arn:aws:iot:us-east-1:000000000000:thing/T'];
  const presignedUrlConfig = { roleArn: 'arn:aws:iam::000000000000:role/files' };
  const document = `{"value":"${placeholder}"}`;
  return ask(service, 'iot:CreateJob', { jobId, targets, document, presignedUrlConfig, ...more });
}

describe('is refused', () => {
  it.each([
    ['${aws:iot:parameter:speed}', 'only AWS managed templates take parameters'],
    ['${aws:iot:package:P:version:1:attributes:url}', 'there is no package catalogue'],
    ['${aws:iot:thing-attribute:site}', 'AWS IoT Jobs has no such placeholder'],
  ])('%s, with a folder or without', async (placeholder, why) => {
    for (const service of [bare, withFiles]) {
      const message = `The placeholder ${placeholder} cannot be resolved: ${why}`;
      await expect(create(service, placeholder)).rejects.toThrow(message);
    }
  });

  it.each([
    '${aws:iot:s3-presigned-url:https://s3.amazonaws.com/bucket/key}',
    '${aws:iot:s3-presigned-url-upload:https://s3.amazonaws.com/bucket/${thingName}}',
  ])('%s without a folder that stands in for S3, and taken with one', async (placeholder) => {
    await expect(create(bare, placeholder)).rejects.toThrow('--files DIR');
    await expect(create(withFiles, placeholder)).resolves.toMatchObject({ jobArn: expect.any(String) as string });
  });
});

it('what other programs take for placeholders is none of AWS’s', async () => {
  for (const text of ['${HOME}/bin', '$next', '${unfinished']) await create(bare, text);
});

it('a managed template keeps its own parameters', async () => {
  const jobTemplateArn = 'arn:aws:iot:us-east-1::jobtemplate/AWS-Reboot:1.0';
  await create(bare, '', { document: undefined, jobTemplateArn });
});
