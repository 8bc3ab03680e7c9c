/** The region of an ARN is the caller's: taken from what he signs for, as on AWS the endpoint tells. */
import type * as iot from '@aws-sdk/client-iot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Service, startService } from '../../broker/start-service.ts';
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
    const foreign = `arn:aws:iot:${region}:999999999999:thing/T`;
    const refused = await messageOf(operator.createJob({ jobId: 'J', targets: [foreign], document }));
    expect(refused).toContain('is of account 999999999999; this rig has account 000000000000 (--account).');
    const missing = arn('thing/missing');
    expect(await messageOf(operator.createJob({ jobId: 'J', targets: [missing], document }))).toBe(
      `ResourceNotFoundException: Target ${missing} cannot be found.`,
    );
  });
});

it('a region that was given is that of every ARN', async () => {
  await service.close();
  service = await startService({ region: 'eu-north-1' });
  const { thingArn } = await operatorIn('us-east-1').createThing({ thingName: 'T' });
  expect(thingArn).toBe('arn:aws:iot:eu-north-1:000000000000:thing/T');
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
