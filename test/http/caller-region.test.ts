/** The region of an ARN is the caller's: taken from what he signs for, as on AWS the endpoint tells. */
import type * as iot from '@aws-sdk/client-iot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Service, startService } from '../../broker/start-service.ts';
import { partitionOf } from '../../protocol/names.ts';
import { operatorOf } from '../support/operator.ts';

let service: Service;
const clients: iot.IoT[] = [];

beforeEach(async () => {
  service = await startService();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await service.close();
});

function operatorIn(region: string): iot.IoT {
  const client = operatorOf(service, { region });
  clients.push(client);
  return client;
}

const document = JSON.stringify({
  topic: 'arn:aws:iot:us-east-1:000000000000:thing/T',
  list: ['arn:aws:iot:us-east-1:'],
});

async function messageOf(request: Promise<unknown>): Promise<string> {
  const error = (await request.then(
    () => new Error('accepted'),
    (cause: unknown) => cause,
  )) as Error;
  return `${error.name}: ${error.message}`;
}

describe.each([
  ['us-east-1', 'aws'],
  ['eu-central-1', 'aws'],
  ['cn-north-1', 'aws-cn'],
  ['us-gov-west-1', 'aws-us-gov'],
])('a caller in %s', (region, partition) => {
  const arn = (resource: string): string => `arn:${partition}:iot:${region}:000000000000:${resource}`;

  it('reads ARNs of that region and may use them', async () => {
    const operator = operatorIn(region);
    const thing = await operator.createThing({ thingName: 'T' });
    const group = await operator.createThingGroup({ thingGroupName: 'G' });
    expect([thing.thingArn, group.thingGroupArn]).toEqual([arn('thing/T'), arn('thinggroup/G')]);
    const targets = [thing.thingArn!, group.thingGroupArn!];
    const tags = [{ Key: 'a', Value: 'b' }];
    const job = await operator.createJob({ jobId: 'J', targets, document, tags });
    expect(job.jobArn).toBe(arn('job/J'));
    const described = await operator.describeJob({ jobId: 'J' });
    expect(described.job).toMatchObject({ jobArn: arn('job/J'), targets });
    const listed = await operator.listTagsForResource({ resourceArn: job.jobArn! });
    expect(listed.tags).toEqual(tags);
    const { executionSummaries } = await operator.listJobExecutionsForJob({ jobId: 'J' });
    expect(executionSummaries?.map(({ thingArn }) => thingArn)).toEqual([arn('thing/T')]);
    const template = { jobTemplateId: 'P', jobArn: job.jobArn!, description: 'd' };
    expect((await operator.createJobTemplate(template)).jobTemplateArn).toBe(arn('jobtemplate/P'));
  });

  it('reads documents as they were written', async () => {
    const operator = operatorIn(region);
    const { thingArn } = await operator.createThing({ thingName: 'T' });
    await operator.createJob({ jobId: 'J', targets: [thingArn!], document });
    expect((await operator.getJobDocument({ jobId: 'J' })).document).toBe(document);
  });

  it('is told of an ARN of another region, or of another account', async () => {
    const operator = operatorIn(region);
    await operator.createThing({ thingName: 'T' });
    const other = 'arn:aws:iot:ap-south-1:000000000000:thing/T';
    const text = `The ARN ${other} is of region ap-south-1; this request is for region ${region}.`;
    expect(await messageOf(operator.createJob({ jobId: 'J', targets: [other], document }))).toBe(
      `ResourceNotFoundException: Target ${other} cannot be found. ${text}`,
    );
    expect(await messageOf(operator.listTagsForResource({ resourceArn: other }))).toContain(text);
    const foreign = `arn:${partition}:iot:${region}:999999999999:thing/T`;
    const refused = await messageOf(operator.createJob({ jobId: 'J', targets: [foreign], document }));
    expect(refused).toContain('is of account 999999999999; this rig has account 000000000000 (--account).');
    const missing = arn('thing/missing');
    expect(await messageOf(operator.createJob({ jobId: 'J', targets: [missing], document }))).toBe(
      `ResourceNotFoundException: Target ${missing} cannot be found.`,
    );
  });
});

it.each([
  ['eu-north-1', 'aws'],
  ['cn-northwest-1', 'aws-cn'],
  ['us-gov-east-1', 'aws-us-gov'],
])('a region that was given, %s, is that of every ARN, with its partition', async (region, partition) => {
  await service.close();
  service = await startService({ region });
  const operator = operatorIn('us-east-1');
  const { thingArn } = await operator.createThing({ thingName: 'T' });
  expect(thingArn).toBe(`arn:${partition}:iot:${region}:000000000000:thing/T`);
  await operator.createJob({ jobId: 'J', targets: [thingArn!], document });
  const template = await operator.describeManagedJobTemplate({ templateName: 'AWS-Reboot' });
  expect(template.templateArn).toBe(`arn:${partition}:iot:${region}::jobtemplate/AWS-Reboot:1.0`);
  await operator.createJob({ jobId: 'K', targets: [thingArn!], jobTemplateArn: template.templateArn! });
});

describe.each([
  ['us-east-1', 'aws-cn'],
  ['cn-north-1', 'aws'],
])('a caller in %s that names %s', (region, partition) => {
  const account = '000000000000';
  const arn = (resource: string): string => `arn:${partition}:iot:${region}:${account}:${resource}`;
  const own = (resource: string): string => `arn:${partitionOf(region)}:iot:${region}:${account}:${resource}`;
  const role = `arn:${partition}:iam::${account}:role/R`;
  const s3Location = { bucket: 'b', key: 'k' };

  it.each<[string, (operator: iot.IoT) => Promise<unknown>, string]>([
    ['a thing', (iot) => iot.createJob({ jobId: 'J', targets: [arn('thing/T')], document }), 'Target'],
    ['a group', (iot) => iot.createJob({ jobId: 'J', targets: [arn('thinggroup/G')], document }), 'Target'],
    ['more targets', (iot) => iot.associateTargetsWithJob({ jobId: 'C', targets: [arn('thinggroup/G')] }), 'Target'],
    [
      'a template',
      (iot) => iot.createJob({ jobId: 'J', targets: [own('thing/T')], jobTemplateArn: arn('jobtemplate/P') }),
      'Job Template P',
    ],
    [
      'a managed template',
      (iot) =>
        iot.createJob({
          jobId: 'J',
          targets: [own('thing/T')],
          jobTemplateArn: `arn:${partition}:iot:${region}::jobtemplate/AWS-Reboot:1.0`,
        }),
      'Job Template AWS-Reboot:1.0',
    ],
    [
      'a job',
      (iot) => iot.createJobTemplate({ jobTemplateId: 'Q', jobArn: arn('job/C'), description: 'd' }),
      'Job C cannot be found.',
    ],
    ['what has tags', (iot) => iot.tagResource({ resourceArn: arn('job/C'), tags: [{ Key: 'a', Value: 'b' }] }), ''],
    ['what had tags', (iot) => iot.untagResource({ resourceArn: arn('job/C'), tagKeys: ['a'] }), ''],
    ['what may have tags', (iot) => iot.listTagsForResource({ resourceArn: arn('job/C') }), ''],
    [
      'a thing and a group',
      (iot) => iot.addThingToThingGroup({ thingArn: arn('thing/T'), thingGroupArn: own('thinggroup/G') }),
      'thing/T',
    ],
    [
      'a group and a thing',
      (iot) => iot.removeThingFromThingGroup({ thingArn: own('thing/T'), thingGroupArn: arn('thinggroup/G') }),
      'thinggroup/G',
    ],
    ['a group for a policy', (iot) => iot.attachPolicy({ policyName: 'S', target: arn('thinggroup/G') }), 'Target'],
    ['a group of a policy', (iot) => iot.detachPolicy({ policyName: 'S', target: arn('thinggroup/G') }), 'Target'],
    ['a target of policies', (iot) => iot.listAttachedPolicies({ target: arn('thinggroup/G') }), 'Target'],
    [
      'a principal',
      (iot) => iot.attachThingPrincipal({ thingName: 'T', principal: arn(`cert/${'a'.repeat(64)}`) }),
      'Certificate',
    ],
    [
      'a principal to detach',
      (iot) => iot.detachThingPrincipal({ thingName: 'T', principal: arn(`cert/${'a'.repeat(64)}`) }),
      'Certificate',
    ],
    [
      'a role of a job',
      (iot) =>
        iot.createJob({ jobId: 'J', targets: [own('thing/T')], document, presignedUrlConfig: { roleArn: role } }),
      `Given role ${role} is invalid.`,
    ],
    [
      'a role of an updated job',
      (iot) => iot.updateJob({ jobId: 'C', presignedUrlConfig: { roleArn: role } }),
      `Given role ${role} is invalid.`,
    ],
    [
      'a role of a template',
      (iot) =>
        iot.createJobTemplate({
          jobTemplateId: 'Q',
          description: 'd',
          document,
          presignedUrlConfig: { roleArn: role },
        }),
      `Given role ${role} is invalid.`,
    ],
    [
      'a role of a stream',
      (iot) => iot.createStream({ streamId: 's', files: [{ fileId: 0, s3Location }], roleArn: role }),
      `Given role ${role} is invalid.`,
    ],
    [
      'a role of an OTA update',
      (iot) =>
        iot.createOTAUpdate({
          otaUpdateId: 'o',
          targets: [own('thing/T')],
          files: [{ fileName: 'f', fileLocation: { s3Location } }],
          roleArn: role,
        }),
      `Given role ${role} is invalid.`,
    ],
    [
      'a role of a provisioning template',
      (iot) => iot.createProvisioningTemplate({ templateName: 'p', templateBody: '{}', provisioningRoleArn: role }),
      `Given role ${role} is invalid.`,
    ],
  ])('is told so: %s', async (_, ask, said) => {
    const operator = operatorIn(region);
    await operator.createThing({ thingName: 'T' });
    await operator.createThingGroup({ thingGroupName: 'G' });
    await operator.createPolicy({
      policyName: 'S',
      policyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: { Effect: 'Allow', Action: 'iot:*', Resource: '*' },
      }),
    });
    await operator.createJobTemplate({ jobTemplateId: 'P', description: 'd', document });
    const group = own('thinggroup/G');
    await operator.createJob({ jobId: 'C', targets: [group], targetSelection: 'CONTINUOUS', document });
    const message = await messageOf(ask(operator));
    expect(message).not.toBe('Error: accepted');
    expect(message).toContain(said);
    if (message.startsWith('ResourceNotFoundException')) expect(message).toContain(`is of partition ${partition};`);
    expect((await operator.describeJob({ jobId: 'C' })).job?.targets).toEqual([group]);
  });
});

it('the state is one, whoever asks', async () => {
  const [here, there] = [operatorIn('us-east-1'), operatorIn('eu-west-3')];
  const { thingArn } = await here.createThing({ thingName: 'T' });
  await here.createJob({ jobId: 'J', targets: [thingArn!], document });
  const { job } = await there.describeJob({ jobId: 'J' });
  expect(job?.targets).toEqual(['arn:aws:iot:eu-west-3:000000000000:thing/T']);
  // What the rig itself prints and documents name is taken, too.
  await there.createJob({ jobId: 'K', targets: [thingArn!], document });
});
