import { describe, expect, it } from 'vitest';
import { document, thingArn, World } from './world.ts';

const minute = 60_000;

function jobWorld(...jobs: readonly string[]): World {
  const world = new World();
  world.things('t');
  for (const jobId of jobs) world.job(jobId, [thingArn('t')]);
  return world;
}

const deadline = (world: World) => world.engine.nextDeadline();

const describeIt = (world: World, request: { jobId: string; executionNumber?: number; includeJobDocument?: boolean }) =>
  world.ok('iotjobsdata:DescribeJobExecution', { thingName: 't', ...request });

describe('StartNextPendingJobExecution', () => {
  it('starts the oldest QUEUED execution', () => {
    const world = jobWorld('a', 'b');
    world.now += 5000;
    const { execution, jobDocument } = world.ok('iotjobsdata:StartNextPendingJobExecution', {
      thingName: 't',
      statusDetails: { step: '1' },
      stepTimeoutInMinutes: 3,
    });
    expect(jobDocument).toBe(document);
    expect(execution).toMatchObject({
      jobId: 'a',
      thingName: 't',
      status: 'IN_PROGRESS',
      executionNumber: 1,
      versionNumber: 2,
      statusDetails: { step: '1' },
      queuedAt: world.now - 5000,
      startedAt: world.now,
      lastUpdatedAt: world.now,
      timesOutAt: world.now + 3 * minute,
    });
  });

  it('hands out a running execution again, unchanged', () => {
    const world = jobWorld('a', 'b');
    const first = world.start('t').execution;
    world.now += 5000;
    const request = { thingName: 't', statusDetails: { other: 'x' } };
    const { reply, changes } = world.apply('iotjobsdata:StartNextPendingJobExecution', request);
    expect(reply).toMatchObject({ accepted: true, response: { execution: first } });
    expect(changes).toEqual([]);
  });

  it('changes the step timer of a running execution and nothing else (A11)', () => {
    const world = jobWorld('a');
    const started = world.start('t').execution!;
    world.now += 5000;
    const again = (stepTimeoutInMinutes: number) =>
      world.ok('iotjobsdata:StartNextPendingJobExecution', { thingName: 't', stepTimeoutInMinutes }).execution;
    expect(again(2)).toEqual({ ...started, timesOutAt: world.now + 2 * minute });
    expect(again(-1)).toEqual(started);
    expect(world.engine.nextDeadline()).toBeUndefined();
  });

  it('answers without an execution when nothing is pending', () => {
    expect(jobWorld().start('t')).toEqual({});
  });

  it('never runs two at once', () => {
    const world = jobWorld('a', 'b');
    expect(world.start('t').execution?.jobId).toBe('a');
    expect(world.start('t').execution?.jobId).toBe('a');
    expect(world.pending('t')).toEqual({ inProgress: ['a'], queued: ['b'] });
  });
});

describe('DescribeJobExecution', () => {
  it('reads a pending execution without starting it', () => {
    const world = jobWorld('a');
    const { execution, jobDocument } = describeIt(world, { jobId: 'a' });
    expect(execution).toMatchObject({ jobId: 'a', status: 'QUEUED', versionNumber: 1 });
    expect(execution?.startedAt).toBeUndefined();
    expect(execution?.statusDetails).toBeUndefined();
    expect(jobDocument).toBe(document);
  });

  it('leaves the document out when it is told to', () => {
    expect(describeIt(jobWorld('a'), { jobId: 'a', includeJobDocument: false }).jobDocument).toBeUndefined();
  });

  it('takes $next for the head, or for nothing', () => {
    const world = jobWorld('a', 'b');
    world.update('t', 'b', 'IN_PROGRESS');
    expect(describeIt(world, { jobId: '$next' }).execution?.jobId).toBe('b');
    expect(describeIt(jobWorld(), { jobId: '$next' })).toEqual({});
  });

  it('refuses a finished execution, the newest and older ones alike (A29)', () => {
    const world = jobWorld();
    const jobExecutionsRetryConfig = { criteriaList: [{ failureType: 'FAILED', numberOfRetries: 1 }] } as const;
    world.job('a', [thingArn('t')], { jobExecutionsRetryConfig });
    world.update('t', 'a', 'FAILED');
    const refusal = (executionNumber?: number) =>
      world.refused('iotjobsdata:DescribeJobExecution', { thingName: 't', jobId: 'a', executionNumber });
    expect(refusal(1)).toMatchObject({
      code: 'TerminalStateReached',
      message: 'Job Execution has reached terminal state. It is neither IN_PROGRESS nor QUEUED',
    });
    expect(describeIt(world, { jobId: 'a', executionNumber: 2 }).execution?.executionNumber).toBe(2);
    world.update('t', 'a', 'SUCCEEDED');
    expect(refusal().code).toBe('TerminalStateReached');
    expect(refusal(3).code).toBe('ResourceNotFound');
  });
});

describe('UpdateJobExecution', () => {
  it('answers with what was asked for, as it is after the update', () => {
    const world = jobWorld('a');
    const request = { thingName: 't', jobId: 'a', status: 'IN_PROGRESS' } as const;
    expect(world.ok('iotjobsdata:UpdateJobExecution', request)).toEqual({});
    const response = world.ok('iotjobsdata:UpdateJobExecution', {
      ...request,
      statusDetails: { percent: '50' },
      includeJobExecutionState: true,
      includeJobDocument: true,
    });
    expect(response.executionState).toMatchObject({ versionNumber: 3, statusDetails: { percent: '50' } });
    expect(response.jobDocument).toBe(document);
  });

  it('refuses a stale expectedVersion and tells the current state', () => {
    const world = jobWorld('a');
    const request = { thingName: 't', jobId: 'a', status: 'IN_PROGRESS', expectedVersion: 99 } as const;
    expect(world.refused('iotjobsdata:UpdateJobExecution', request)).toMatchObject({
      code: 'VersionMismatch',
      message: 'Expected version 99 but found version 1',
      executionState: { status: 'QUEUED', versionNumber: 1 },
    });
    world.ok('iotjobsdata:UpdateJobExecution', { ...request, expectedVersion: 1 });
  });

  it('looks at the version before the transition (A20)', () => {
    const world = jobWorld('a');
    world.update('t', 'a', 'SUCCEEDED');
    const request = { thingName: 't', jobId: 'a', status: 'IN_PROGRESS' } as const;
    const refusal = (expectedVersion?: number) =>
      world.refused('iotjobsdata:UpdateJobExecution', { ...request, expectedVersion }).code;
    expect(refusal(1)).toBe('VersionMismatch');
    expect(refusal(2)).toBe('InvalidStateTransition');
    expect(refusal()).toBe('InvalidStateTransition');
  });

  it('replaces statusDetails whole, keeps them when absent, and clears them with {} (A9)', () => {
    const world = jobWorld('a');
    const details = () => world.execution('a', 't')?.statusDetails?.detailsMap;
    world.update('t', 'a', 'IN_PROGRESS', { statusDetails: { a: '1', b: '2' } });
    world.update('t', 'a', 'IN_PROGRESS', { statusDetails: { b: '3' } });
    expect(details()).toEqual({ b: '3' });
    world.update('t', 'a', 'IN_PROGRESS');
    expect(details()).toEqual({ b: '3' });
    world.update('t', 'a', 'IN_PROGRESS', { statusDetails: {} });
    expect(details()).toBeUndefined();
  });

  it('keeps startedAt while running, and has none for what never ran (A12)', () => {
    const world = jobWorld('a', 'b');
    world.update('t', 'a', 'IN_PROGRESS');
    const startedAt = world.now;
    world.now += 1000;
    world.update('t', 'a', 'IN_PROGRESS');
    world.update('t', 'a', 'SUCCEEDED');
    world.update('t', 'b', 'SUCCEEDED');
    expect(world.execution('a', 't')).toMatchObject({ startedAt, lastUpdatedAt: startedAt + 1000 });
    expect(world.execution('b', 't')?.startedAt).toBeUndefined();
  });

  it('can mean an execution by its number', () => {
    const world = jobWorld('a');
    const request = { thingName: 't', jobId: 'a', status: 'IN_PROGRESS' } as const;
    expect(world.refused('iotjobsdata:UpdateJobExecution', { ...request, executionNumber: 2 }).code).toBe(
      'ResourceNotFound',
    );
    world.ok('iotjobsdata:UpdateJobExecution', { ...request, executionNumber: 1 });
  });
});

describe('what is not there for a device', () => {
  const cases: readonly [
    what: string,
    prepare: (world: World) => void,
    address: { jobId: string; namespaceId?: string },
  ][] = [
    ['an unknown job', () => undefined, { jobId: 'unknown' }],
    ['a job of other things', (w) => w.job('other', [thingArn('u')]), { jobId: 'other' }],
    [
      'a deleted execution',
      (w) => w.ok('iot:DeleteJobExecution', { thingName: 't', jobId: 'a', executionNumber: 1 }),
      { jobId: 'a' },
    ],
    ['a job under deletion', (w) => w.ok('iot:DeleteJob', { jobId: 'a', force: true }), { jobId: 'a' }],
    ['a namespaced job on the plain topics', (w) => w.job('n', [thingArn('t')], { namespaceId: 'ns' }), { jobId: 'n' }],
    ['a plain job on the topics of a namespace', () => undefined, { jobId: 'a', namespaceId: 'ns' }],
    ['any job of a deleted thing', (w) => w.ok('iot:DeleteThing', { thingName: 't' }), { jobId: 'a' }],
  ];

  it.each(cases)('%s', (_what, prepare, address) => {
    const world = jobWorld('a');
    world.things('u');
    prepare(world);
    const request = { thingName: 't', ...address };
    expect(world.refused('iotjobsdata:DescribeJobExecution', request).code).toBe('ResourceNotFound');
    expect(world.refused('iotjobsdata:UpdateJobExecution', { ...request, status: 'SUCCEEDED' }).code).toBe(
      'ResourceNotFound',
    );
  });

  it('an unknown thing has no queue', () => {
    const world = new World();
    const request = { thingName: 'nobody' };
    expect(world.refused('iotjobsdata:GetPendingJobExecutions', request).code).toBe('ResourceNotFound');
    expect(world.refused('iotjobsdata:StartNextPendingJobExecution', request).code).toBe('ResourceNotFound');
    expect(world.refused('iotjobsdata:DescribeJobExecution', { ...request, jobId: '$next' }).code).toBe(
      'ResourceNotFound',
    );
  });

  it('a new thing of the same name does not inherit what was pending (A14)', () => {
    const world = jobWorld('a');
    world.ok('iot:DeleteThing', { thingName: 't' });
    world.things('t');
    expect(world.pending('t')).toEqual({ inProgress: [], queued: [] });
    expect(world.execution('a', 't')?.status).toBe('REMOVED');
    expect(world.jobOf('a')?.status).toBe('COMPLETED');
  });
});

describe('timers', () => {
  it('follow the worked example of configs.md §3', () => {
    const world = new World();
    world.things('t');
    world.job('a', [thingArn('t')], { timeoutConfig: { inProgressTimeoutInMinutes: 20 } });
    const noon = world.now;
    const step = (at: number, stepTimeoutInMinutes: number): number => {
      world.now = noon + at * minute;
      world.update('t', 'a', 'IN_PROGRESS', { stepTimeoutInMinutes });
      return (deadline(world)! - noon) / minute;
    };
    world.start('t');
    expect(deadline(world)).toBe(noon + 20 * minute);
    expect(step(5, 7)).toBe(12);
    expect(step(10, 5)).toBe(15);
    expect(step(13, 9)).toBe(20);
    world.pass(7 * minute - 1);
    expect(world.execution('a', 't')?.status).toBe('IN_PROGRESS');
    world.pass(1);
    expect(world.execution('a', 't')).toMatchObject({
      status: 'TIMED_OUT',
      versionNumber: 6,
      approximateSecondsBeforeTimedOut: undefined,
    });
  });

  it('are not touched by an update without the member, and -1 drops only the step timer', () => {
    const world = new World();
    world.things('t');
    world.job('a', [thingArn('t')], { timeoutConfig: { inProgressTimeoutInMinutes: 20 } });
    world.start('t');
    const startedAt = world.now;
    world.update('t', 'a', 'IN_PROGRESS', { stepTimeoutInMinutes: 5 });
    world.now += minute;
    world.update('t', 'a', 'IN_PROGRESS');
    expect(deadline(world)).toBe(startedAt + 5 * minute);
    expect(world.execution('a', 't')?.approximateSecondsBeforeTimedOut).toBe(240);
    world.update('t', 'a', 'IN_PROGRESS', { stepTimeoutInMinutes: -1 });
    expect(deadline(world)).toBe(startedAt + 20 * minute);
  });

  it('never end a QUEUED execution', () => {
    const world = new World();
    world.things('t');
    world.job('a', [thingArn('t')], { timeoutConfig: { inProgressTimeoutInMinutes: 1 } });
    expect(deadline(world)).toBeUndefined();
    world.pass(1000 * minute);
    expect(world.execution('a', 't')?.status).toBe('QUEUED');
  });

  it('stop at the end of the execution', () => {
    const world = new World();
    world.things('t');
    world.job('a', [thingArn('t')], { timeoutConfig: { inProgressTimeoutInMinutes: 1 } });
    world.start('t');
    world.update('t', 'a', 'SUCCEEDED', { stepTimeoutInMinutes: 1 });
    expect(deadline(world)).toBeUndefined();
  });

  it('are frozen at the start: UpdateJob reaches later starts only', () => {
    const world = new World();
    world.things('t', 'u', 'v');
    world.job('a', ['t', 'u'].map(thingArn), { timeoutConfig: { inProgressTimeoutInMinutes: 5 } });
    world.start('t');
    world.ok('iot:UpdateJob', { jobId: 'a', timeoutConfig: { inProgressTimeoutInMinutes: 1 } });
    world.update('t', 'a', 'IN_PROGRESS');
    world.start('u');
    world.pass(minute);
    expect(world.execution('a', 't')?.status).toBe('IN_PROGRESS');
    expect(world.execution('a', 'u')?.status).toBe('TIMED_OUT');
  });

  it('leave no trail when the step timer is renewed for ever', () => {
    const world = jobWorld('a');
    world.start('t');
    for (let updates = 0; updates < 10_000; updates += 1) {
      world.now += 1000;
      world.update('t', 'a', 'IN_PROGRESS', { stepTimeoutInMinutes: 1 });
    }
    expect(deadline(world)).toBe(world.now + minute);
    world.pass(minute);
    expect(world.execution('a', 't')).toMatchObject({ status: 'TIMED_OUT', versionNumber: 10_003 });
  });
});
