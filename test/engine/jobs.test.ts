import { describe, expect, it } from 'vitest';
import type { CommandOf } from '../../broker/engine/contract.ts';
import { document, groupArn, rowsOf, thingArn, World } from './world.ts';

type CreateJob = CommandOf<'iot:CreateJob'>['request'];

function jobWorld(jobId?: string, more: Partial<CreateJob> = {}): World {
  const world = new World();
  world.things('t', 'u');
  if (jobId !== undefined) world.job(jobId, [thingArn('t'), thingArn('u')], more);
  return world;
}

describe('CreateJob', () => {
  it('queues an execution for each thing and describes itself', () => {
    const world = jobWorld();
    const request = { jobId: 'a', targets: [thingArn('t')], document, description: 'why' };
    const jobArn = 'arn:aws:iot:eu-west-1:123456789012:job/a';
    expect(world.ok('iot:CreateJob', request)).toEqual({ jobArn, jobId: 'a', description: 'why' });
    expect(world.jobOf('a')).toMatchObject({
      jobArn,
      status: 'IN_PROGRESS',
      targetSelection: 'SNAPSHOT',
      targets: [thingArn('t')],
      createdAt: world.now,
      lastUpdatedAt: world.now,
      isConcurrent: false,
      jobProcessDetails: { numberOfQueuedThings: 1, numberOfSucceededThings: 0 },
    });
    expect(world.jobOf('a')).not.toHaveProperty('document');
  });

  it('refuses a used id, whatever the content', () => {
    const world = jobWorld('a');
    const targets = [thingArn('t'), thingArn('u')];
    expect(world.refused('iot:CreateJob', { jobId: 'a', targets, document })).toMatchObject({
      code: 'ResourceAlreadyExists',
      members: { resourceId: 'a', resourceArn: 'arn:aws:iot:eu-west-1:123456789012:job/a' },
    });
  });

  it.each([
    ['an unknown thing', thingArn('nobody')],
    ['an unknown group', groupArn('nowhere')],
    ['a thing of another account', 'arn:aws:iot:eu-west-1:000000000000:thing/t'],
    ['a thing of another region', 'arn:aws:iot:us-east-1:123456789012:thing/t'],
    ['a job', 'arn:aws:iot:eu-west-1:123456789012:job/t'],
    ['no ARN at all', 't'],
  ])('refuses %s as a target and creates nothing', (_what, target) => {
    const request = { jobId: 'a', targets: [thingArn('t'), target], document };
    expect(jobWorld().refused('iot:CreateJob', request).code).toBe('ResourceNotFound');
  });

  it.each<[what: string, more: Partial<CreateJob>, message: string | RegExp]>([
    ['no document', { document: undefined }, 'Neither job document nor job document source is specified.'],
    ['a document that is not JSON', { document: '{' }, /JSON/],
    ['a document that is a list', { document: '[]' }, /JSON/],
    ['a document over 32768 bytes', { document: JSON.stringify({ a: 'é'.repeat(16_400) }) }, /32768/],
    ['a document in a file store', { document: undefined, documentSource: 'https://s3/x' }, /file store/],
    ['document parameters', { documentParameters: { a: 'b' } }, /managed template/],
  ])('refuses %s', (_what, more, message) => {
    const refusal = jobWorld().refused('iot:CreateJob', { jobId: 'a', targets: [thingArn('t')], document, ...more });
    expect(refusal.code).toBe('InvalidRequest');
    expect(refusal.message).toMatch(message);
  });

  it('completes a SNAPSHOT that reaches nobody at once, a CONTINUOUS job never', () => {
    const world = jobWorld();
    world.group('empty');
    world.job('s', [groupArn('empty')]);
    world.job('c', [groupArn('empty')], { targetSelection: 'CONTINUOUS' });
    expect(world.jobOf('s')).toMatchObject({ status: 'COMPLETED', completedAt: world.now });
    expect(world.jobOf('c')).toMatchObject({ status: 'IN_PROGRESS' });
  });

  it('reaches the members of child groups', () => {
    const world = jobWorld();
    world.group('g', 't');
    world.ok('iot:CreateThingGroup', { thingGroupName: 'below', parentGroupName: 'g' });
    world.join('u', 'below');
    world.job('a', [groupArn('g')]);
    expect(world.execution('a', 't')?.status).toBe('QUEUED');
    expect(world.execution('a', 'u')?.status).toBe('QUEUED');
  });

  it('keeps its document byte for byte', () => {
    const world = jobWorld();
    const text = '{ "b":1,\n "a" : "\\u00e9é" }';
    world.job('a', [thingArn('t')], { document: text });
    expect(world.ok('iot:GetJobDocument', { jobId: 'a' })).toEqual({ document: text });
    expect(world.start('t').jobDocument).toBe(text);
  });
});

describe('a SNAPSHOT job', () => {
  const endings: readonly [how: string, end: (world: World) => void][] = [
    ['an update', (w) => w.update('u', 'a', 'FAILED')],
    ['a cancellation of the last execution', (w) => w.ok('iot:CancelJobExecution', { jobId: 'a', thingName: 'u' })],
    [
      'a deletion of the last execution',
      (w) => w.ok('iot:DeleteJobExecution', { jobId: 'a', thingName: 'u', executionNumber: 1 }),
    ],
    ['a deletion of the last thing', (w) => w.ok('iot:DeleteThing', { thingName: 'u' })],
  ];

  it.each(endings)('is completed by %s', (_how, end) => {
    const world = jobWorld('a');
    world.update('t', 'a', 'SUCCEEDED');
    world.now += 1000;
    expect(world.jobOf('a')?.status).toBe('IN_PROGRESS');
    end(world);
    expect(world.jobOf('a')).toMatchObject({ status: 'COMPLETED', completedAt: world.now, lastUpdatedAt: world.now });
  });

  it('stays IN_PROGRESS until the last retry is over', () => {
    const jobExecutionsRetryConfig = { criteriaList: [{ failureType: 'ALL', numberOfRetries: 1 }] } as const;
    const world = jobWorld('a', { jobExecutionsRetryConfig });
    world.update('t', 'a', 'SUCCEEDED');
    world.update('u', 'a', 'FAILED');
    expect(world.jobOf('a')?.status).toBe('IN_PROGRESS');
    world.update('u', 'a', 'FAILED');
    expect(world.jobOf('a')?.status).toBe('COMPLETED');
  });
});

const retryConfig = (numberOfRetries: number, failureType: 'FAILED' | 'TIMED_OUT' = 'FAILED') =>
  ({ criteriaList: [{ failureType, numberOfRetries }] }) as const;

describe('UpdateJob', () => {
  it('replaces what is given, whole, and moves lastUpdatedAt', () => {
    const world = jobWorld('a', { description: 'old', timeoutConfig: { inProgressTimeoutInMinutes: 5 } });
    world.now += 1000;
    world.ok('iot:UpdateJob', { jobId: 'a', jobExecutionsRolloutConfig: { maximumPerMinute: 7 } });
    expect(world.jobOf('a')).toMatchObject({
      description: 'old',
      timeoutConfig: { inProgressTimeoutInMinutes: 5 },
      jobExecutionsRolloutConfig: { maximumPerMinute: 7 },
      lastUpdatedAt: world.now,
    });
  });

  it('says first that nothing is given, then that the job is not there, then that it is over', () => {
    const world = jobWorld('a');
    const message = (request: CommandOf<'iot:UpdateJob'>['request']): string =>
      world.refused('iot:UpdateJob', request).message;
    expect(message({ jobId: 'none' })).toBe('Update Job request for job none cannot be empty.');
    expect(message({ jobId: 'none', description: 'x' })).toBe('Job none cannot be found.');
    world.ok('iot:CancelJob', { jobId: 'a' });
    expect(message({ jobId: 'a', description: 'x' })).toBe('Job a in status CANCELED cannot be updated.');
  });

  it('can only switch retries off, for the same kinds of failure', () => {
    const world = jobWorld('a');
    world.job('r', [thingArn('t')], { jobExecutionsRetryConfig: retryConfig(2) });
    const message = (jobId: string, jobExecutionsRetryConfig: ReturnType<typeof retryConfig>): string =>
      world.refused('iot:UpdateJob', { jobId, jobExecutionsRetryConfig }).message;
    expect(message('r', retryConfig(1))).toBe('The number of retries cannot be updated to any number other than 0.');
    expect(message('a', retryConfig(0))).toBe(
      'RetryConfig cannot be updated if the job has no RetryConfig defined during creation.',
    );
    expect(message('r', retryConfig(0, 'TIMED_OUT'))).toBe(
      'FailureTypes must match existing FailureTypes defined in RetryConfig.',
    );
    world.ok('iot:UpdateJob', { jobId: 'r', jobExecutionsRetryConfig: retryConfig(0) });
    world.update('t', 'r', 'FAILED');
    expect(world.execution('r', 't')?.executionNumber).toBe(1);
  });
});

describe('CancelJob', () => {
  it('cancels what is QUEUED and lets what is IN_PROGRESS finish', () => {
    const world = jobWorld('a');
    world.start('u');
    expect(world.ok('iot:CancelJob', { jobId: 'a', reasonCode: 'WRONG', comment: 'oops' })).toMatchObject({
      jobId: 'a',
    });
    expect(world.jobOf('a')).toMatchObject({
      status: 'CANCELED',
      reasonCode: 'WRONG',
      comment: 'oops',
      forceCanceled: undefined,
      isConcurrent: false,
    });
    expect(world.jobOf('a')?.completedAt).toBeUndefined();
    expect(world.execution('a', 't')).toMatchObject({ status: 'CANCELED', versionNumber: 2 });
    world.update('u', 'a', 'SUCCEEDED');
    expect(world.execution('a', 'u')?.status).toBe('SUCCEEDED');
    expect(world.jobOf('a')?.status).toBe('CANCELED');
  });

  it('by force cancels what is IN_PROGRESS too', () => {
    const world = jobWorld('a');
    world.start('u');
    world.ok('iot:CancelJob', { jobId: 'a', force: true });
    expect(world.jobOf('a')).toMatchObject({ status: 'CANCELED', forceCanceled: true });
    expect(world.execution('a', 'u')).toMatchObject({ status: 'CANCELED', versionNumber: 3, forceCanceled: true });
    const request = { thingName: 'u', jobId: 'a' };
    expect(world.refused('iotjobsdata:UpdateJobExecution', { ...request, status: 'SUCCEEDED' }).code).toBe(
      'InvalidStateTransition',
    );
    expect(world.refused('iotjobsdata:DescribeJobExecution', request).code).toBe('TerminalStateReached');
  });

  it('ends retries', () => {
    const jobExecutionsRetryConfig = { criteriaList: [{ failureType: 'FAILED', numberOfRetries: 5 }] } as const;
    const world = jobWorld('a', { jobExecutionsRetryConfig });
    world.start('t');
    world.ok('iot:CancelJob', { jobId: 'a' });
    world.update('t', 'a', 'FAILED');
    expect(world.execution('a', 't')).toMatchObject({ executionNumber: 1, status: 'FAILED' });
  });

  it('is refused for a job that is over or being deleted', () => {
    const world = jobWorld('canceled');
    world.ok('iot:CancelJob', { jobId: 'canceled' });
    world.job('completed', [thingArn('t')]);
    world.update('t', 'completed', 'SUCCEEDED');
    world.job('deleted', [thingArn('t')]);
    world.ok('iot:DeleteJob', { jobId: 'deleted', force: true });
    for (const jobId of ['canceled', 'completed', 'deleted']) {
      expect(world.refused('iot:CancelJob', { jobId }).code).toBe('InvalidRequest');
    }
    expect(world.refused('iot:CancelJob', { jobId: 'none' })).toMatchObject({
      code: 'ResourceNotFound',
      message: 'Job none cannot be found.',
    });
  });
});

describe('CancelJobExecution', () => {
  it('checks the version first and replaces the details', () => {
    const world = jobWorld('a');
    const request = { jobId: 'a', thingName: 't', force: true };
    world.update('t', 'a', 'IN_PROGRESS', { statusDetails: { a: '1' } });
    expect(world.refused('iot:CancelJobExecution', { ...request, expectedVersion: 1 })).toMatchObject({
      code: 'VersionMismatch',
      message: 'Expected version 1 but found version 2',
    });
    world.ok('iot:CancelJobExecution', { ...request, expectedVersion: 2, statusDetails: { b: '2' } });
    expect(world.execution('a', 't')).toMatchObject({ status: 'CANCELED', statusDetails: { detailsMap: { b: '2' } } });
  });
});

function stateWorld(): World {
  const world = jobWorld('running');
  world.job('completed', [thingArn('t')]);
  world.update('t', 'completed', 'SUCCEEDED');
  world.job('canceled', [thingArn('t')]);
  world.update('t', 'canceled', 'IN_PROGRESS');
  world.ok('iot:CancelJob', { jobId: 'canceled' });
  return world;
}

describe('DeleteJob', () => {
  const states: readonly [state: string, jobId: string, needsForce: boolean][] = [
    ['IN_PROGRESS', 'running', true],
    ['COMPLETED', 'completed', false],
    ['CANCELED', 'canceled', false],
  ];

  it.each(states)('of a job that is %s', (state, jobId, needsForce) => {
    const world = stateWorld();
    expect(world.jobOf(jobId)?.status).toBe(state);
    if (needsForce) expect(world.refused('iot:DeleteJob', { jobId }).code).toBe('InvalidStateTransition');
    world.ok('iot:DeleteJob', { jobId, force: needsForce });
    expect(world.jobOf(jobId)?.status).toBe('DELETION_IN_PROGRESS');
    expect(world.engine.nextDeadline()).toBe(world.now);
    expect(world.refused('iot:DeleteJob', { jobId, force: true }).code).toBe('InvalidStateTransition');
    expect(world.refused('iot:UpdateJob', { jobId, description: 'x' }).message).toBe(
      `Job ${jobId} in status DELETION_IN_PROGRESS cannot be updated.`,
    );
    world.settle();
    expect(world.jobOf(jobId)).toBeUndefined();
    expect(rowsOf(world.engine).filter(({ key }) => key.includes(jobId))).toEqual([]);
  });

  it('makes room for a new job of the same id, whose first execution is number 1 again', () => {
    const world = jobWorld('a');
    world.start('t');
    world.ok('iot:DeleteJob', { jobId: 'a', force: true });
    world.settle();
    world.now += 1000;
    world.job('a', [thingArn('t')]);
    expect(world.execution('a', 't')).toMatchObject({ status: 'QUEUED', executionNumber: 1, queuedAt: world.now });
  });

  it('frees one place among ten by its end, and no more', () => {
    const world = jobWorld();
    const jobs = Array.from({ length: 12 }, (_, index) => `j${index}`);
    for (const jobId of jobs) world.job(jobId, [thingArn('t')]);
    for (const jobId of jobs.slice(0, 10)) world.ok('iot:DeleteJob', { jobId, force: true });
    world.ok('jobrig:Wake', {});
    expect(world.ok('iot:ListJobs', {}).jobs).toHaveLength(11);
    world.ok('iot:DeleteJob', { jobId: 'j10', force: true });
    expect(world.refused('iot:DeleteJob', { jobId: 'j11', force: true }).code).toBe('LimitExceeded');
  });

  it('is refused when ten jobs are being deleted', () => {
    const world = jobWorld();
    const jobs = Array.from({ length: 11 }, (_, index) => `j${index}`);
    for (const jobId of jobs) world.job(jobId, [thingArn('t')]);
    const last = jobs.pop()!;
    for (const jobId of jobs) world.ok('iot:DeleteJob', { jobId, force: true });
    expect(world.refused('iot:DeleteJob', { jobId: last, force: true }).code).toBe('LimitExceeded');
    world.settle();
    world.ok('iot:DeleteJob', { jobId: last, force: true });
  });

  it('refuses to touch single executions meanwhile', () => {
    const world = jobWorld('a');
    world.ok('iot:DeleteJob', { jobId: 'a', force: true });
    const request = { jobId: 'a', thingName: 't' };
    expect(world.refused('iot:CancelJobExecution', request).code).toBe('InvalidStateTransition');
    expect(world.refused('iot:DeleteJobExecution', { ...request, executionNumber: 1 }).code).toBe(
      'InvalidStateTransition',
    );
  });
});

describe('DeleteJobExecution', () => {
  it('frees the number: the next execution gets it again', () => {
    const world = new World();
    world.things('t');
    world.group('g', 't');
    world.job('c', [groupArn('g')], { targetSelection: 'CONTINUOUS' });
    const rejoin = (): number | undefined => {
      world.leave('t', 'g');
      world.join('t', 'g');
      return world.execution('c', 't')?.executionNumber;
    };
    expect(rejoin()).toBe(2);
    world.ok('iot:DeleteJobExecution', { jobId: 'c', thingName: 't', executionNumber: 2 });
    expect(world.execution('c', 't')).toMatchObject({ executionNumber: 1, status: 'REMOVED' });
    expect(rejoin()).toBe(2);
    world.ok('iot:DeleteJobExecution', { jobId: 'c', thingName: 't', executionNumber: 1 });
    expect(rejoin()).toBe(3);
  });

  it('takes the execution out of both lists', () => {
    const world = new World();
    world.things('t', 'u');
    world.job('j', [thingArn('t'), thingArn('u')]);
    world.ok('iot:DeleteJobExecution', { jobId: 'j', thingName: 't', executionNumber: 1 });
    expect(world.ok('iot:ListJobExecutionsForThing', { thingName: 't' }).executionSummaries).toEqual([]);
    const { executionSummaries } = world.ok('iot:ListJobExecutionsForJob', { jobId: 'j' });
    expect(executionSummaries?.map((summary) => summary.thingArn)).toEqual([thingArn('u')]);
    world.finish();
  });

  it('takes the execution out of the counts', () => {
    const world = jobWorld('a');
    world.update('t', 'a', 'FAILED');
    world.ok('iot:DeleteJobExecution', { jobId: 'a', thingName: 't', executionNumber: 1 });
    expect(world.jobOf('a')?.jobProcessDetails).toMatchObject({ numberOfFailedThings: 0, numberOfQueuedThings: 1 });
  });

  it('does not find an unknown job, thing or number', () => {
    const world = jobWorld('a');
    const code = (jobId: string, thingName: string, executionNumber: number): string =>
      world.refused('iot:DeleteJobExecution', { jobId, thingName, executionNumber }).code;
    expect(code('none', 't', 1)).toBe('ResourceNotFound');
    expect(code('a', 'nobody', 1)).toBe('ResourceNotFound');
    expect(code('a', 't', 2)).toBe('ResourceNotFound');
  });
});

describe('a namespaced job', () => {
  it('is not found under another namespace', () => {
    const world = jobWorld('n', { namespaceId: 'ns' });
    world.job('p', [thingArn('t')]);
    const code = (jobId: string, namespaceId: string): string =>
      world.refused('iot:DeleteJob', { jobId, namespaceId, force: true }).code;
    expect(code('n', 'other')).toBe('ResourceNotFound');
    expect(code('p', 'ns')).toBe('ResourceNotFound');
    world.ok('iot:DeleteJobExecution', { jobId: 'n', thingName: 't', executionNumber: 1, namespaceId: 'ns' });
    world.ok('iot:DeleteJob', { jobId: 'n', namespaceId: 'ns', force: true });
  });
});
