/**
 * Unmodified operator clients against the service, one story for all of them: a job through both planes, the force-deletion
 * of a running execution, and what else an operator has at hand. AWS's names in, AWS's shapes out, every signature checked. One of the
 * two that share botocore comes through doors that are processes of their own.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awsCliOperator } from './operators/aws-cli.ts';
import { awsSdkOperator } from './operators/aws-sdk.ts';
import { boto3Operator } from './operators/boto3.ts';
import type { Members, Operator, Plane } from './operators/operator.ts';
import { type Need, awsCli, boto3, wanted } from './presence.ts';
import { type Rig, startRig } from './rig.ts';

interface Client {
  readonly name: string;
  readonly need: Need;
  readonly connect: (endpoint: string) => Operator;
  /** To a service whose doors are processes of their own. */
  readonly throughDoors?: true;
}

const clients: readonly Client[] = [
  { name: 'AWS SDK for JavaScript', need: { package: '', isHere: true }, connect: awsSdkOperator },
  { name: 'AWS CLI', need: awsCli, connect: awsCliOperator, throughDoors: true },
  { name: 'boto3', need: boto3, connect: boto3Operator },
];

const document = '{"operation":"reboot"}';
const arnOf = (thingName: string): string => `arn:aws:iot:us-east-1:000000000000:thing/${thingName}`;

let here: Rig;
let several: Rig;

beforeAll(async () => {
  [here, several] = await Promise.all([
    startRig({ requireAuth: true }),
    startRig({ requireAuth: true, throughDoors: true }),
  ]);
});

afterAll(() => Promise.all([here.close(), several.close()]));

// The CLI takes its time on a busy machine.
describe.concurrent.each(clients)('$name', { timeout: 240_000 }, ({ name, need, connect, throughDoors }) => {
  const prefix = name.replaceAll(' ', '-');
  let operator: Operator;

  beforeAll(() => {
    if (need.isHere) operator = connect((throughDoors ? several : here).httpUrl);
  });

  afterAll(() => operator?.close());

  async function get(service: Plane, operation: string, members: Members): Promise<Record<string, unknown>> {
    const answer = await operator.call(service, operation, members);
    if ('error' in answer) throw new Error(`${operation}: ${answer.error}`);
    return answer.output;
  }

  async function createRunningJob(thingName: string, jobId: string): Promise<void> {
    await get('iot', 'CreateThing', { thingName });
    await get('iot', 'CreateJob', { jobId, targets: [arnOf(thingName)], document });
    const { execution } = await get('iot-jobs-data', 'StartNextPendingJobExecution', { thingName });
    expect(execution).toMatchObject({ jobId, status: 'IN_PROGRESS', versionNumber: 2, jobDocument: document });
  }

  it('completes a job through both planes', async ({ skip }) => {
    wanted(need, skip);
    const [thingName, jobId] = [`${prefix}-completes`, `${prefix}-completed`];
    const before = Date.now();
    await createRunningJob(thingName, jobId);
    await get('iot-jobs-data', 'UpdateJobExecution', {
      thingName,
      jobId,
      status: 'SUCCEEDED',
      expectedVersion: 2,
      statusDetails: { step: 'done' },
    });

    const { execution } = await get('iot', 'DescribeJobExecution', { thingName, jobId });
    expect(execution).toMatchObject({ status: 'SUCCEEDED', statusDetails: { detailsMap: { step: 'done' } } });
    const { job } = (await get('iot', 'DescribeJob', { jobId })) as Record<string, Record<string, string>>;
    expect(job).toMatchObject({ status: 'COMPLETED', jobProcessDetails: { numberOfSucceededThings: 1 } });
    const createdAt = new Date(job!['createdAt']!).getTime();
    expect(createdAt).toBeGreaterThan(before - 60_000);
    expect(createdAt).toBeLessThan(Date.now() + 60_000);
  });

  it('is told that a running execution is gone once it is force-deleted', async ({ skip }) => {
    wanted(need, skip);
    const [thingName, jobId] = [`${prefix}-loses`, `${prefix}-pulled`];
    await createRunningJob(thingName, jobId);
    const execution = { thingName, jobId, executionNumber: 1 };

    expect(await operator.call('iot', 'DeleteJobExecution', execution)).toEqual({
      error: 'InvalidStateTransitionException',
    });
    await get('iot', 'DeleteJobExecution', { ...execution, force: true });
    const update = { thingName, jobId, status: 'SUCCEEDED' };
    for (const [plane, operation, members] of [
      ['iot-jobs-data', 'UpdateJobExecution', update],
      ['iot-jobs-data', 'DescribeJobExecution', { thingName, jobId }],
      ['iot', 'DescribeJobExecution', { thingName, jobId }],
    ] as const) {
      expect(await operator.call(plane, operation, members)).toEqual({ error: 'ResourceNotFoundException' });
    }
    expect(await get('iot-jobs-data', 'StartNextPendingJobExecution', { thingName })).toEqual({});
  });

  it('rolls a templated job out to a group and pages through its executions', async ({ skip }) => {
    wanted(need, skip);
    const [thingGroupName, jobId] = [`${prefix}-group`, `${prefix}-grouped`];
    const { thingGroupArn } = await get('iot', 'CreateThingGroup', { thingGroupName });
    const things = ['a', 'b'].map((letter) => `${prefix}-${letter}`);
    for (const thingName of things) {
      await get('iot', 'CreateThing', { thingName });
      await get('iot', 'AddThingToThingGroup', { thingGroupName, thingName });
    }
    const template = { jobTemplateId: `${prefix}-template`, description: 'From a template.', document };
    const { jobTemplateArn } = await get('iot', 'CreateJobTemplate', template);
    await get('iot', 'CreateJob', { jobId, jobTemplateArn, targets: [thingGroupArn], targetSelection: 'CONTINUOUS' });

    const first = await get('iot', 'ListJobExecutionsForJob', { jobId, maxResults: 1 });
    const second = await get('iot', 'ListJobExecutionsForJob', { jobId, nextToken: first['nextToken'] });
    const listed = [first, second].flatMap((page) => page['executionSummaries'] as readonly { thingArn: string }[]);
    expect(listed.map(({ thingArn }) => thingArn).toSorted()).toEqual(things.map(arnOf));
    expect(second['nextToken']).toBeUndefined();
  });

  it('hears of bad input by the name of the exception', async ({ skip }) => {
    wanted(need, skip);
    const jobId = `${prefix}-bad`;
    expect(await operator.call('iot', 'DescribeJob', { jobId })).toEqual({ error: 'ResourceNotFoundException' });
    const notJson = { jobId, targets: [arnOf('T')], document: 'nonsense' };
    expect(await operator.call('iot', 'CreateJob', notJson)).toEqual({ error: 'InvalidRequestException' });
    expect(await operator.call('iot', 'DescribeJob', { jobId })).toEqual({ error: 'ResourceNotFoundException' });
  });
});
