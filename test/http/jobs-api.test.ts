/**
 * The Jobs API as an operator and an HTTP device meet it: the unmodified AWS SDK against the real engine, which is behind the door,
 * behind a link, or behind a door that is a process of its own.
 */
import * as iot from '@aws-sdk/client-iot';
import type * as data from '@aws-sdk/client-iot-jobs-data-plane';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DoorProcess, startDoorProcess } from '../support/door-process.ts';
import { type HttpService, startHttpService } from '../support/http-service.ts';
import { rawHttp, scopedTo } from '../support/raw-http.ts';

const scope = 'arn:aws:iot:us-east-1:000000000000';
const document = '{"operation":"firmware","version":"2.0.0"}';

async function refusal(
  request: Promise<unknown>,
): Promise<{ name: string; status: number | undefined; message: string }> {
  const error: unknown = await request.then(
    () => new Error('accepted'),
    (cause: unknown) => cause,
  );
  const { name, message, $metadata } = error as iot.IoTServiceException;
  return { name, status: $metadata?.httpStatusCode, message };
}

async function sizesOf<Page>(pages: AsyncIterable<Page>, items: (page: Page) => readonly unknown[] | undefined) {
  const found: unknown[][] = [];
  for await (const page of pages) found.push([...(items(page) ?? [])]);
  return found;
}

let door: DoorProcess;
beforeAll(async () => {
  door = await startDoorProcess();
});
afterAll(() => door.close());

type Where = NonNullable<Parameters<typeof startHttpService>[0]>;

describe.each<[string, () => Where]>([
  ['in one process', () => 'here'],
  ['behind a link', () => 'on a link'],
  ['through a door in a process of its own', () => door],
])('the Jobs API %s', (_name, where) => {
  let service: HttpService;
  let operator: iot.IoT;
  let device: data.IoTJobsDataPlane;

  beforeEach(async () => {
    service = await startHttpService(where());
    ({ operator, device } = service);
  });

  afterEach(async () => {
    await service.close();
  });

  async function createThings(...thingNames: readonly string[]): Promise<void> {
    for (const thingName of thingNames) await operator.createThing({ thingName });
  }

  async function createJob(jobId: string, ...thingNames: readonly string[]): Promise<void> {
    const targets = thingNames.map((thingName) => `${scope}:thing/${thingName}`);
    await operator.createJob({ jobId, targets, document });
  }

  async function start(thingName: string): Promise<data.JobExecution | undefined> {
    return (await device.startNextPendingJobExecution({ thingName })).execution;
  }

  describe('a job from creation to the end', () => {
    it('is created, worked by a device and completed', async () => {
      await createThings('T');
      const created = await operator.createJob({
        jobId: 'J',
        targets: [`${scope}:thing/T`],
        document,
        description: 'first',
      });
      expect(created).toMatchObject({ jobId: 'J', jobArn: `${scope}:job/J`, description: 'first' });

      service.clock.advance(1500);
      const pending = await device.getPendingJobExecutions({ thingName: 'T' });
      expect(pending.queuedJobs).toMatchObject([
        { jobId: 'J', queuedAt: 1_700_000_000, versionNumber: 1, executionNumber: 1 },
      ]);
      expect(pending.inProgressJobs).toEqual([]);

      expect(await start('T')).toMatchObject({
        jobId: 'J',
        thingName: 'T',
        status: 'IN_PROGRESS',
        jobDocument: document,
        startedAt: 1_700_000_001,
        versionNumber: 2,
      });
      const update = { thingName: 'T', jobId: 'J', includeJobExecutionState: true };
      const statusDetails = { step: 'download' };
      const progress = await device.updateJobExecution({
        ...update,
        status: 'IN_PROGRESS',
        expectedVersion: 2,
        statusDetails,
      });
      expect(progress.executionState).toEqual({ status: 'IN_PROGRESS', statusDetails, versionNumber: 3 });

      const execution = await operator.describeJobExecution({ thingName: 'T', jobId: 'J' });
      expect(execution.execution).toMatchObject({
        status: 'IN_PROGRESS',
        thingArn: `${scope}:thing/T`,
        versionNumber: 3,
        statusDetails: { detailsMap: statusDetails },
        startedAt: new Date(1_700_000_001_500),
      });

      await device.updateJobExecution({ ...update, status: 'SUCCEEDED' });
      const { job } = await operator.describeJob({ jobId: 'J' });
      expect(job).toMatchObject({ status: 'COMPLETED', jobProcessDetails: { numberOfSucceededThings: 1 } });
      expect(await start('T')).toBeUndefined();
    });

    it('keeps its document byte for byte', async () => {
      await createThings('T');
      const odd = '{ "b":1,\n"a" : "\\u00e9é\u{1F680}"  }';
      await operator.createJob({ jobId: 'J', targets: [`${scope}:thing/T`], document: odd });
      const stored = await operator.getJobDocument({ jobId: 'J' });
      expect(stored.document).toBe(odd);
      expect((await start('T'))?.jobDocument).toBe(odd);
    });

    it('is described on the wire with nulls and with fractions of seconds', async () => {
      await createThings('T');
      service.clock.advance(79);
      await createJob('J', 'T');
      const { text } = await rawHttp(service.httpPort, { path: '/jobs/J', headers: scopedTo('iot') });
      expect(text).toContain('"createdAt":1700000000.079');
      expect(text).toContain('"timeoutConfig":{"inProgressTimeoutInMinutes":null}');
      expect(text).toContain('"abortConfig":null');
      expect(text).not.toContain('[object Object]');
    });
  });

  describe('the pull', () => {
    it('of one execution leaves the device with ResourceNotFoundException and its queue empty', async () => {
      await createThings('T');
      await createJob('J', 'T');
      await start('T');
      const pull = { thingName: 'T', jobId: 'J', executionNumber: 1 };
      expect(await refusal(operator.deleteJobExecution(pull))).toMatchObject({
        name: 'InvalidStateTransitionException',
        status: 409,
      });
      await operator.deleteJobExecution({ ...pull, force: true });

      const update = device.updateJobExecution({ thingName: 'T', jobId: 'J', status: 'SUCCEEDED' });
      expect(await refusal(update)).toMatchObject({ name: 'ResourceNotFoundException', status: 404 });
      const next = device.describeJobExecution({ thingName: 'T', jobId: '$next' });
      expect((await next).execution).toBeUndefined();
    });

    it('of a whole job shows DELETION_IN_PROGRESS, then nothing, and the id may be used again', async () => {
      await createThings('T');
      await createJob('J', 'T');
      await start('T');
      await operator.deleteJob({ jobId: 'J', force: true });

      const { job } = await operator.describeJob({ jobId: 'J' });
      expect(job?.status).toBe('DELETION_IN_PROGRESS');
      const again = refusal(operator.deleteJob({ jobId: 'J', force: true }));
      expect(await again).toMatchObject({ name: 'InvalidStateTransitionException', status: 409 });
      const cancel = refusal(operator.cancelJob({ jobId: 'J' }));
      expect(await cancel).toMatchObject({ name: 'InvalidRequestException', status: 400 });

      service.clock.advance(1000);
      expect(await refusal(operator.describeJob({ jobId: 'J' }))).toEqual({
        name: 'ResourceNotFoundException',
        status: 404,
        message: 'Job J cannot be found.',
      });
      await createJob('J', 'T');
      expect(await start('T')).toMatchObject({ jobId: 'J', executionNumber: 1 });
    });

    it('of an eleventh job at once is over the limit', async () => {
      await createThings('T');
      const jobIds = Array.from({ length: 11 }, (_, index) => `J${index}`);
      for (const jobId of jobIds) await createJob(jobId, 'T');
      const outcomes = [];
      for (const jobId of jobIds) {
        outcomes.push((await refusal(operator.deleteJob({ jobId, force: true }))).status);
      }
      expect(outcomes).toEqual([...Array.from({ length: 10 }), 410]);
    });
  });

  describe('refusals as AWS names them', () => {
    beforeEach(async () => {
      await createThings('T', 'U');
      await createJob('J', 'T');
    });

    it('a job id that is used: 409 with the id', async () => {
      const error = await createJob('J', 'T').catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(iot.ResourceAlreadyExistsException);
      expect(error).toMatchObject({ resourceId: 'J', $metadata: { httpStatusCode: 409 } });
    });

    it('an unknown target: 404 and nothing is created', async () => {
      expect(await refusal(createJob('K', 'T', 'nobody'))).toMatchObject({
        name: 'ResourceNotFoundException',
        status: 404,
      });
      const { jobs } = await operator.listJobs({});
      expect(jobs?.map(({ jobId }) => jobId)).toEqual(['J']);
    });

    it('a stale version: VersionConflictException for operators, InvalidStateTransitionException for devices', async () => {
      const operatorSays = operator.cancelJobExecution({ thingName: 'T', jobId: 'J', expectedVersion: 9 });
      expect(await refusal(operatorSays)).toMatchObject({
        name: 'VersionConflictException',
        status: 409,
        message: expect.stringContaining('found version 1'),
      });
      const deviceSays = device.updateJobExecution({
        thingName: 'T',
        jobId: 'J',
        status: 'FAILED',
        expectedVersion: 9,
      });
      expect(await refusal(deviceSays)).toEqual({
        name: 'InvalidStateTransitionException',
        status: 409,
        message: 'Expected version 9 but found version 1',
      });
    });

    it('a forbidden status: 409 in the words of AWS', async () => {
      const update = device.updateJobExecution({ thingName: 'T', jobId: 'J', status: 'CANCELED' });
      expect(await refusal(update)).toEqual({
        name: 'InvalidStateTransitionException',
        status: 409,
        message: 'The status of job execution cannot be changed to be CANCELED',
      });
    });

    it('a device that describes a finished execution: 410', async () => {
      await device.updateJobExecution({ thingName: 'T', jobId: 'J', status: 'REJECTED' });
      const describeIt = device.describeJobExecution({ thingName: 'T', jobId: 'J' });
      expect(await refusal(describeIt)).toEqual({
        name: 'TerminalStateException',
        status: 410,
        message: 'Job Execution has reached terminal state. It is neither IN_PROGRESS nor QUEUED',
      });
    });

    it('a constraint of the model: 400 in the words of AWS', async () => {
      const abort = {
        failureType: 'ALL',
        action: 'CANCEL',
        thresholdPercentage: 101,
        minNumberOfExecutedThings: 0,
      } as const;
      const update = operator.updateJob({ jobId: 'J', abortConfig: { criteriaList: [abort] } });
      expect(await refusal(update)).toEqual({
        name: 'InvalidRequestException',
        status: 400,
        message:
          "2 validation errors detected: Value '0' at 'abortConfig.criteriaList.1.member.minNumberOfExecutedThings' failed " +
          'to satisfy constraint: Member must have value greater than or equal to 1; ' +
          "Value '101.0' at 'abortConfig.criteriaList.1.member.thresholdPercentage' failed to satisfy constraint: " +
          'Member must have value less than or equal to 100',
      });
    });

    it.each([
      ['a job', () => operator.describeJob({ jobId: 'nobody' })],
      ['a document', () => operator.getJobDocument({ jobId: 'nobody' })],
      ['an execution', () => operator.describeJobExecution({ jobId: 'J', thingName: 'U' })],
      ['an execution number', () => operator.describeJobExecution({ jobId: 'J', thingName: 'T', executionNumber: 2 })],
      ['a thing', () => operator.describeThing({ thingName: 'nobody' })],
      ['a group', () => operator.describeThingGroup({ thingGroupName: 'nobody' })],
    ])('%s that is not there: 404', async (_, asked: () => Promise<unknown>) => {
      expect(await refusal(asked())).toMatchObject({ name: 'ResourceNotFoundException', status: 404 });
    });

    it('a page token of another making: 400', async () => {
      expect(await refusal(operator.listJobs({ nextToken: 'made-up' }))).toEqual({
        name: 'InvalidRequestException',
        status: 400,
        message: 'Next token is invalid.',
      });
    });
  });

  describe('pages, walked by the paginators of the SDK', () => {
    const names = Array.from({ length: 7 }, (_, index) => `T${index}`);

    beforeEach(async () => {
      await createThings(...names);
    });

    it('ListThings and ListThingsInThingGroup', async () => {
      await operator.createThingGroup({ thingGroupName: 'G' });
      for (const thingName of names) {
        await operator.addThingToThingGroup({ thingGroupName: 'G', thingName });
      }
      const things = await sizesOf(iot.paginateListThings({ client: operator, pageSize: 3 }, {}), (page) =>
        page.things?.map(({ thingName }) => thingName),
      );
      expect([things.map(({ length }) => length), things.flat().sort()]).toEqual([[3, 3, 1], names]);
      const members = await sizesOf(
        iot.paginateListThingsInThingGroup({ client: operator, pageSize: 4 }, { thingGroupName: 'G' }),
        (page) => page.things,
      );
      expect([members.map(({ length }) => length), members.flat().sort()]).toEqual([[4, 3], names]);
    });

    it('ListJobs, ListJobExecutionsForJob and ListJobExecutionsForThing', async () => {
      const jobIds = ['J0', 'J1', 'J2', 'J3', 'J4'];
      for (const jobId of jobIds) await createJob(jobId, ...names);
      const jobs = await sizesOf(iot.paginateListJobs({ client: operator, pageSize: 2 }, {}), (page) =>
        page.jobs?.map(({ jobId }) => jobId),
      );
      expect([jobs.map(({ length }) => length), jobs.flat().sort()]).toEqual([[2, 2, 1], jobIds]);
      const ofJob = await sizesOf(
        iot.paginateListJobExecutionsForJob({ client: operator, pageSize: 5 }, { jobId: 'J0' }),
        (page) => page.executionSummaries?.map(({ thingArn }) => thingArn?.split('/')[1]),
      );
      expect([ofJob.map(({ length }) => length), ofJob.flat().sort()]).toEqual([[5, 2], names]);
      const ofThing = await sizesOf(
        iot.paginateListJobExecutionsForThing({ client: operator, pageSize: 3 }, { thingName: 'T0' }),
        (page) => page.executionSummaries?.map(({ jobId }) => jobId),
      );
      expect([ofThing.map(({ length }) => length), ofThing.flat().sort()]).toEqual([[3, 2], jobIds]);
    });
  });
});
