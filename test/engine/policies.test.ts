import { describe, expect, it } from 'vitest';
import type { AbortCriteria } from '../../protocol/aws/iot.ts';
import { thingArn, World } from './world.ts';

const things = ['t1', 't2', 't3', 't4', 't5'];

function criterion(failureType: AbortCriteria['failureType'], threshold: number, atLeast: number): AbortCriteria {
  return { failureType, action: 'CANCEL', thresholdPercentage: threshold, minNumberOfExecutedThings: atLeast };
}

function abortWorld(...criteriaList: AbortCriteria[]): World {
  const world = new World();
  world.things(...things);
  world.job('a', things.map(thingArn), { abortConfig: { criteriaList } });
  return world;
}

describe('abort', () => {
  it('waits for the minimum of completed executions', () => {
    const world = abortWorld(criterion('FAILED', 50, 3));
    world.update('t1', 'a', 'FAILED');
    world.update('t2', 'a', 'FAILED');
    expect(world.jobOf('a')?.status).toBe('IN_PROGRESS');
    world.update('t3', 'a', 'SUCCEEDED');
    expect(world.jobOf('a')?.status).toBe('CANCELED');
  });

  it('waits for the percentage', () => {
    const world = abortWorld(criterion('FAILED', 50, 1));
    world.update('t1', 'a', 'SUCCEEDED');
    world.update('t2', 'a', 'SUCCEEDED');
    world.update('t3', 'a', 'FAILED');
    expect(world.jobOf('a')?.status).toBe('IN_PROGRESS');
    world.update('t4', 'a', 'FAILED');
    expect(world.jobOf('a')?.status).toBe('CANCELED');
  });

  it('cancels what is QUEUED, lets what is IN_PROGRESS go on, and says why', () => {
    const world = abortWorld(criterion('FAILED', 1, 1));
    world.start('t2');
    world.update('t1', 'a', 'FAILED');
    expect(world.jobOf('a')).toMatchObject({ status: 'CANCELED', reasonCode: 'ABORTED_BY_CRITERIA' });
    expect(world.jobOf('a')?.forceCanceled).toBeUndefined();
    expect(world.execution('a', 't2')?.status).toBe('IN_PROGRESS');
    expect(world.execution('a', 't3')?.status).toBe('CANCELED');
  });

  it('counts only its own kind of failure, ALL counts every kind', () => {
    const rejected = abortWorld(criterion('REJECTED', 100, 1));
    rejected.update('t1', 'a', 'FAILED');
    expect(rejected.jobOf('a')?.status).toBe('IN_PROGRESS');
    const all = abortWorld(criterion('ALL', 100, 2));
    all.update('t1', 'a', 'FAILED');
    all.update('t2', 'a', 'REJECTED');
    expect(all.jobOf('a')?.status).toBe('CANCELED');
  });

  it('counts what is over, not what runs or waits', () => {
    const world = abortWorld(criterion('FAILED', 100, 2));
    world.update('t2', 'a', 'IN_PROGRESS');
    world.update('t3', 'a', 'IN_PROGRESS');
    world.update('t1', 'a', 'FAILED');
    expect(world.jobOf('a')?.status).toBe('IN_PROGRESS');
    world.update('t2', 'a', 'FAILED');
    expect(world.jobOf('a')?.status).toBe('CANCELED');
  });

  it('needs nothing that is QUEUED: the last execution may be the one too many', () => {
    const world = abortWorld(criterion('FAILED', 100, 5));
    for (const thing of things) {
      expect(world.jobOf('a')?.status).toBe('IN_PROGRESS');
      world.update(thing, 'a', 'FAILED');
    }
    expect(world.jobOf('a')?.status).toBe('CANCELED');
    expect(world.jobOf('a')?.completedAt).toBeUndefined();
  });

  it('does not count deleted executions', () => {
    const world = abortWorld(criterion('FAILED', 60, 2));
    world.update('t1', 'a', 'FAILED');
    world.ok('iot:DeleteJobExecution', { jobId: 'a', thingName: 't1', executionNumber: 1 });
    world.update('t2', 'a', 'FAILED');
    expect(world.jobOf('a')?.status).toBe('IN_PROGRESS');
    world.update('t3', 'a', 'FAILED');
    expect(world.jobOf('a')?.status).toBe('CANCELED');
  });

  it('comes before a retry', () => {
    const world = new World();
    world.things(...things);
    world.job('a', things.map(thingArn), {
      abortConfig: { criteriaList: [criterion('FAILED', 1, 1)] },
      jobExecutionsRetryConfig: { criteriaList: [{ failureType: 'ALL', numberOfRetries: 1 }] },
    });
    world.update('t1', 'a', 'FAILED');
    expect(world.execution('a', 't1')?.executionNumber).toBe(1);
  });
});

describe('retry', () => {
  type Failure = 'FAILED' | 'TIMED_OUT';

  /** Fails thing t in these ways. @returns numbers, statuses and attempts of all executions, oldest first. */
  function failures(criteria: readonly (readonly [Failure | 'ALL', number])[], ...kinds: readonly Failure[]): string[] {
    const world = new World();
    world.things('t');
    const criteriaList = criteria.map(([failureType, numberOfRetries]) => ({ failureType, numberOfRetries }));
    world.job('a', [thingArn('t')], { jobExecutionsRetryConfig: { criteriaList } });
    for (const kind of kinds) {
      if (world.execution('a', 't')?.status !== 'QUEUED') break;
      if (kind === 'FAILED') {
        world.update('t', 'a', 'FAILED');
      } else {
        world.update('t', 'a', 'IN_PROGRESS', { stepTimeoutInMinutes: 1 });
        world.pass(60_000);
      }
    }
    const { executionSummaries = [] } = world.ok('iot:ListJobExecutionsForJob', { jobId: 'a' });
    return executionSummaries
      .map(({ jobExecutionSummary: s }) => `${s?.executionNumber} ${s?.status} ${s?.retryAttempt}`)
      .reverse();
  }

  it('queues the next number as long as its budget lasts', () => {
    expect(failures([['FAILED', 2]], 'FAILED', 'FAILED', 'FAILED', 'FAILED')).toEqual([
      '1 FAILED 0',
      '2 FAILED 1',
      '3 FAILED 2',
    ]);
  });

  it('is for its own kind of failure', () => {
    expect(failures([['FAILED', 2]], 'TIMED_OUT')).toEqual(['1 TIMED_OUT 0']);
    expect(failures([['TIMED_OUT', 1]], 'TIMED_OUT')).toEqual(['1 TIMED_OUT 0', '2 QUEUED 1']);
  });

  it('has one budget for ALL', () => {
    expect(failures([['ALL', 2]], 'FAILED', 'TIMED_OUT', 'FAILED')).toEqual([
      '1 FAILED 0',
      '2 TIMED_OUT 1',
      '3 FAILED 2',
    ]);
  });

  it('has a budget for each of two kinds', () => {
    const both = [
      ['FAILED', 1],
      ['TIMED_OUT', 1],
    ] as const;
    expect(failures(both, 'FAILED', 'TIMED_OUT', 'TIMED_OUT')).toEqual([
      '1 FAILED 0',
      '2 TIMED_OUT 1',
      '3 TIMED_OUT 2',
    ]);
    expect(failures(both, 'FAILED', 'FAILED')).toEqual(['1 FAILED 0', '2 FAILED 1']);
  });

  it('is never made after REJECTED or SUCCEEDED', () => {
    for (const status of ['REJECTED', 'SUCCEEDED'] as const) {
      const world = new World();
      world.things('t');
      const jobExecutionsRetryConfig = { criteriaList: [{ failureType: 'ALL', numberOfRetries: 5 }] } as const;
      world.job('a', [thingArn('t')], { jobExecutionsRetryConfig });
      world.update('t', 'a', status);
      expect(world.jobOf('a')?.status).toBe('COMPLETED');
    }
  });
});

function eventWorld(): World {
  const world = new World();
  world.things('t', 'u');
  world.ok('iot:UpdateEventConfigurations', {
    eventConfigurations: { JOB: { Enabled: true }, JOB_EXECUTION: { Enabled: true } },
  });
  world.job('a', [thingArn('t'), thingArn('u')], { description: 'why' });
  world.said();
  return world;
}

const events = (world: World): string[] => world.said().filter((line) => line.startsWith('event'));

describe('events', () => {
  it('are off until they are switched on', () => {
    const world = new World();
    world.things('t');
    world.job('a', [thingArn('t')]);
    world.update('t', 'a', 'SUCCEEDED');
    expect(events(world)).toEqual([]);
  });

  it('leave after the notifications: execution first, then the completed job', () => {
    const world = eventWorld();
    world.update('t', 'a', 'FAILED');
    world.said();
    world.update('u', 'a', 'SUCCEEDED');
    expect(world.said()).toEqual([
      'notify u [] []',
      'notify-next u -',
      'event $aws/events/jobExecution/a/succeeded',
      'event $aws/events/job/a/completed',
    ]);
  });

  it('of a cancellation and of a deletion frame those of the executions', () => {
    const world = eventWorld();
    world.ok('iot:CancelJob', { jobId: 'a' });
    expect(events(world)).toEqual([
      'event $aws/events/job/a/cancellation_in_progress',
      'event $aws/events/jobExecution/a/canceled',
      'event $aws/events/jobExecution/a/canceled',
      'event $aws/events/job/a/canceled',
    ]);
    world.ok('iot:DeleteJob', { jobId: 'a' });
    expect(events(world)).toEqual(['event $aws/events/job/a/deletion_in_progress']);
    world.settle();
    expect(events(world)).toEqual([
      'event $aws/events/jobExecution/a/deleted',
      'event $aws/events/jobExecution/a/deleted',
      'event $aws/events/job/a/deleted',
    ]);
  });

  it('carry the members and units of events.md', () => {
    const world = eventWorld();
    world.update('t', 'a', 'SUCCEEDED', { statusDetails: { a: '1' } });
    world.update('u', 'a', 'SUCCEEDED');
    const payloads = world.heard.flatMap((effect) => (effect.kind === 'event' ? [effect.payload] : []));
    const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    const timestamp = Math.floor(world.now / 1000);
    expect(payloads).toMatchObject([
      {
        eventType: 'JOB_EXECUTION',
        eventId: expect.stringMatching(uuid) as string,
        timestamp,
        operation: 'succeeded',
        status: 'SUCCEEDED',
        jobId: 'a',
        thingArn: thingArn('t'),
        statusDetails: { a: '1' },
      },
      { statusDetails: undefined },
      {
        eventType: 'JOB',
        eventId: expect.stringMatching(uuid) as string,
        timestamp,
        operation: 'completed',
        status: 'COMPLETED',
        jobId: 'a',
        targetSelection: 'SNAPSHOT',
        targets: [thingArn('t'), thingArn('u')],
        description: 'why',
        createdAt: world.now,
        lastUpdatedAt: world.now,
        completedAt: world.now,
        jobProcessDetails: { numberOfSucceededThings: 2, numberOfTimedOutThings: 0 },
      },
    ]);
    expect(new Set(payloads.map((payload) => (payload as { eventId: string }).eventId)).size).toBe(3);
  });

  it('of a canceled job alone say whether it was by force, and of an ended one how many', () => {
    const counted = { numberOfCanceledThings: 1, numberOfSucceededThings: 1 };
    for (const force of [true, false]) {
      const world = eventWorld();
      world.update('t', 'a', 'SUCCEEDED');
      world.heard = [];
      world.ok('iot:CancelJob', { jobId: 'a', force });
      world.ok('iot:DeleteJob', { jobId: 'a' });
      world.settle();
      const told = world.heard.flatMap((effect) =>
        effect.kind === 'event' && effect.topic.startsWith('$aws/events/job/') ? [effect.payload] : [],
      );
      const plain = { forceCanceled: undefined, jobProcessDetails: undefined };
      expect(told).toMatchObject([
        { operation: 'cancellation_in_progress', ...plain },
        { operation: 'canceled', forceCanceled: force ? true : undefined, jobProcessDetails: counted },
        { operation: 'deletion_in_progress', ...plain },
        { operation: 'deleted', ...plain },
      ]);
    }
  });

  it('configurations keep what is not named', () => {
    const world = eventWorld();
    world.now += 5;
    world.ok('iot:UpdateEventConfigurations', { eventConfigurations: { JOB: { Enabled: false } } });
    expect(world.ok('iot:DescribeEventConfigurations', {})).toMatchObject({
      eventConfigurations: { JOB: { Enabled: false }, JOB_EXECUTION: { Enabled: true }, THING: { Enabled: false } },
      creationDate: world.now - 5,
      lastModifiedDate: world.now,
    });
  });
});
