import { describe, expect, it } from 'vitest';
import type { NotifyEffect, NotifyNextEffect } from '../../broker/engine/contract.ts';
import { document, groupArn, thingArn, World } from './world.ts';

function deviceWorld(...things: readonly string[]): World {
  const world = new World();
  world.things(...(things.length > 0 ? things : ['t']));
  world.said();
  return world;
}

describe('the reference trace (notifications.md §4)', () => {
  const t = [thingArn('t')];
  const steps: readonly [step: string, act: (world: World) => void, said: readonly string[]][] = [
    ['job1 created', (w) => w.job('job1', t), ['notify t [] [job1]', 'notify-next t job1 QUEUED v1']],
    ['job2 created', (w) => w.job('job2', t), ['notify t [] [job1,job2]']],
    ['job1 → IN_PROGRESS', (w) => w.update('t', 'job1', 'IN_PROGRESS'), []],
    ['job3 created', (w) => w.job('job3', t), ['notify t [job1] [job2,job3]']],
    [
      'job1 → SUCCEEDED',
      (w) => w.update('t', 'job1', 'SUCCEEDED'),
      ['notify t [] [job2,job3]', 'notify-next t job2 QUEUED v1'],
    ],
    [
      'job3 → IN_PROGRESS out of turn',
      (w) => w.update('t', 'job3', 'IN_PROGRESS'),
      ['notify-next t job3 IN_PROGRESS v2'],
    ],
    ['job2 → REJECTED', (w) => w.update('t', 'job2', 'REJECTED'), ['notify t [job3] []']],
    [
      'job3 force-deleted',
      (w) => w.ok('iot:DeleteJobExecution', { thingName: 't', jobId: 'job3', executionNumber: 1, force: true }),
      ['notify t [] []', 'notify-next t -'],
    ],
  ];

  it('is said word for word', () => {
    const world = deviceWorld();
    for (const [step, act, said] of steps) {
      world.now += 1000;
      act(world);
      expect([step, ...world.said()]).toEqual([step, ...said]);
    }
  });

  it('shows entries as they are at that moment', () => {
    const world = deviceWorld();
    world.job('job1', t);
    const queuedAt = world.now;
    world.now += 472_000;
    world.update('t', 'job1', 'IN_PROGRESS');
    const startedAt = world.now;
    world.now += 1000;
    world.job('job2', t);
    const notify = world.heard.at(-1) as NotifyEffect;
    expect(notify.at).toBe(world.now);
    expect(notify.inProgress).toMatchObject([
      { jobId: 'job1', versionNumber: 2, queuedAt, startedAt, lastUpdatedAt: startedAt, executionNumber: 1 },
    ]);
    expect(notify.queued).toMatchObject([{ jobId: 'job2', versionNumber: 1, queuedAt: world.now }]);
    expect(notify.changedJobIds).toEqual(['job2']);
  });
});

/** reference notifications.md §2, row by row. `before` sets the stage and is not listened to. */
const causes: readonly {
  readonly cause: string;
  readonly before?: (world: World) => void;
  readonly act: (world: World) => void;
  readonly said: readonly string[];
}[] = [
  {
    cause: 'execution queued, list was empty',
    act: (w) => w.job('a', [thingArn('t')]),
    said: ['notify t [] [a]', 'notify-next t a QUEUED v1'],
  },
  {
    cause: 'execution queued behind others',
    before: (w) => w.job('a', [thingArn('t')]),
    act: (w) => w.job('b', [thingArn('t')]),
    said: ['notify t [] [a,b]'],
  },
  {
    cause: 'head started by start-next',
    before: (w) => w.job('a', [thingArn('t')]),
    act: (w) => w.start('t'),
    said: [],
  },
  {
    cause: 'head started by an update',
    before: (w) => w.job('a', [thingArn('t')]),
    act: (w) => w.update('t', 'a', 'IN_PROGRESS'),
    said: [],
  },
  {
    cause: 'second execution started while the head stays QUEUED',
    before: queueTwo,
    act: (w) => w.update('t', 'b', 'IN_PROGRESS'),
    said: ['notify-next t b IN_PROGRESS v2'],
  },
  {
    cause: 'second execution started, older head already IN_PROGRESS',
    before: (w) => {
      queueTwo(w);
      w.update('t', 'a', 'IN_PROGRESS');
    },
    act: (w) => w.update('t', 'b', 'IN_PROGRESS'),
    said: [],
  },
  {
    cause: 'earlier-queued execution started while a later-queued one is IN_PROGRESS',
    before: (w) => {
      queueTwo(w);
      w.update('t', 'b', 'IN_PROGRESS');
    },
    act: (w) => w.update('t', 'a', 'IN_PROGRESS'),
    said: ['notify-next t a IN_PROGRESS v2'],
  },
  {
    cause: 'IN_PROGRESS update with new details',
    before: (w) => {
      w.job('a', [thingArn('t')]);
      w.start('t');
    },
    act: (w) => w.update('t', 'a', 'IN_PROGRESS', { statusDetails: { step: 'two' }, stepTimeoutInMinutes: 5 }),
    said: [],
  },
  ...(['SUCCEEDED', 'FAILED', 'REJECTED'] as const).map((status) => ({
    cause: `head → ${status}, next one queued`,
    before: queueTwo,
    act: (w: World) => w.update('t', 'a', status),
    said: ['notify t [] [b]', 'notify-next t b QUEUED v1'],
  })),
  {
    cause: 'head → TIMED_OUT, nothing left',
    before: (w) => {
      w.job('a', [thingArn('t')], { timeoutConfig: { inProgressTimeoutInMinutes: 1 } });
      w.start('t');
    },
    act: (w) => w.pass(60_000),
    said: ['notify t [] []', 'notify-next t -'],
  },
  {
    cause: 'head → CANCELED',
    before: queueTwo,
    act: (w) => w.ok('iot:CancelJobExecution', { thingName: 't', jobId: 'a' }),
    said: ['notify t [] [b]', 'notify-next t b QUEUED v1'],
  },
  {
    cause: 'non-head → terminal',
    before: queueTwo,
    act: (w) => w.update('t', 'b', 'REJECTED'),
    said: ['notify t [] [a]'],
  },
  {
    cause: 'QUEUED → REMOVED, only entry',
    before: followGroup,
    act: (w) => w.leave('t', 'g'),
    said: ['notify t [] []', 'notify-next t -'],
  },
  {
    cause: 're-join queues execution 2',
    before: (w) => {
      followGroup(w);
      w.leave('t', 'g');
    },
    act: (w) => w.join('t', 'g'),
    said: ['notify t [] [c#2]', 'notify-next t c#2 QUEUED v1'],
  },
  {
    cause: 'retry queues the next attempt',
    before: (w) =>
      w.job('a', [thingArn('t')], {
        jobExecutionsRetryConfig: { criteriaList: [{ failureType: 'ALL', numberOfRetries: 1 }] },
      }),
    act: (w) => w.update('t', 'a', 'FAILED'),
    said: ['notify t [] []', 'notify-next t -', 'notify t [] [a#2]', 'notify-next t a#2 QUEUED v1'],
  },
  {
    cause: 'CancelJob with two things, one of them running',
    before: (w) => {
      w.things('u');
      w.job('a', [thingArn('t'), thingArn('u')]);
      w.start('u');
    },
    act: (w) => w.ok('iot:CancelJob', { jobId: 'a' }),
    said: ['notify t [] []', 'notify-next t -'],
  },
  {
    cause: 'CancelJob by force with two things, one of them running',
    before: (w) => {
      w.things('u');
      w.job('a', [thingArn('t'), thingArn('u')]);
      w.start('u');
    },
    act: (w) => w.ok('iot:CancelJob', { jobId: 'a', force: true }),
    said: ['notify t [] []', 'notify-next t -', 'notify u [] []', 'notify-next u -'],
  },
  {
    cause: 'DeleteJob by force of a pending one',
    before: queueTwo,
    act: (w) => {
      w.ok('iot:DeleteJob', { jobId: 'a', force: true });
      w.settle();
    },
    said: ['notify t [] [b]', 'notify-next t b QUEUED v1'],
  },
  {
    cause: 'DeleteJobExecution by force of a pending one',
    before: (w) => {
      queueTwo(w);
      w.start('t');
    },
    act: (w) => w.ok('iot:DeleteJobExecution', { thingName: 't', jobId: 'a', executionNumber: 1, force: true }),
    said: ['notify t [] [b]', 'notify-next t b QUEUED v1'],
  },
  {
    cause: 'delete of a terminal execution',
    before: (w) => {
      queueTwo(w);
      w.update('t', 'a', 'SUCCEEDED');
    },
    act: (w) => w.ok('iot:DeleteJobExecution', { thingName: 't', jobId: 'a', executionNumber: 1 }),
    said: [],
  },
  {
    cause: 'delete of a finished job',
    before: (w) => {
      w.job('a', [thingArn('t')]);
      w.update('t', 'a', 'SUCCEEDED');
    },
    act: (w) => {
      w.ok('iot:DeleteJob', { jobId: 'a' });
      w.settle();
    },
    said: [],
  },
  {
    cause: 'UpdateJob, UpdateThing, tags',
    before: queueTwo,
    act: (w) => {
      w.ok('iot:UpdateJob', { jobId: 'a', description: 'new' });
      w.ok('iot:UpdateThing', { thingName: 't', attributePayload: { attributes: { a: 'b' } } });
      w.ok('iot:TagResource', { resourceArn: w.jobOf('a')!.jobArn!, tags: [{ Key: 'k', Value: 'v' }] });
    },
    said: [],
  },
  {
    cause: 'the thing is deleted',
    before: queueTwo,
    act: (w) => w.ok('iot:DeleteThing', { thingName: 't' }),
    said: ['notify t [] []', 'notify-next t -'],
  },
];

function queueTwo(world: World): void {
  world.job('a', [thingArn('t')]);
  world.job('b', [thingArn('t')]);
}

function followGroup(world: World): void {
  world.group('g', 't');
  world.job('c', [groupArn('g')], { targetSelection: 'CONTINUOUS' });
}

describe('cause and message (notifications.md §2)', () => {
  it.each(causes)('$cause', ({ before, act, said }) => {
    const world = deviceWorld();
    before?.(world);
    world.said();
    act(world);
    expect(world.said()).toEqual(said);
  });
});

describe('notify', () => {
  it('is cut to ten entries after sorting, those IN_PROGRESS first', () => {
    const world = deviceWorld();
    const jobs = Array.from({ length: 12 }, (_, index) => `j${index + 1}`);
    for (const jobId of jobs) world.job(jobId, [thingArn('t')]);
    world.update('t', 'j12', 'IN_PROGRESS');
    world.said();
    world.job('j13', [thingArn('t')]);
    expect(world.said()).toEqual([`notify t [j12] [${jobs.slice(0, 9).join()}]`]);
    expect(world.pending('t')).toEqual({ inProgress: ['j12'], queued: jobs.slice(0, 9) });
  });

  it('says nothing to things that are not concerned', () => {
    const world = deviceWorld('t', 'u');
    world.job('a', [thingArn('t')]);
    expect(world.said().every((line) => line.includes(' t '))).toBe(true);
  });
});

describe('notify-next', () => {
  it('carries the head with its document', () => {
    const world = deviceWorld();
    world.job('a', [thingArn('t')]);
    const next = world.heard.at(-1) as NotifyNextEffect;
    expect(next).toMatchObject({ jobDocument: document, head: { jobId: 'a', status: 'QUEUED' }, at: world.now });
  });

  it('has neither when nothing is left', () => {
    const world = deviceWorld();
    world.job('a', [thingArn('t')]);
    world.update('t', 'a', 'SUCCEEDED');
    const next = world.heard.at(-1) as NotifyNextEffect;
    expect(next.head).toBeUndefined();
    expect(next.jobDocument).toBeUndefined();
  });
});

describe('a namespace', () => {
  it('has a queue of its own, which the plain one never shows', () => {
    const world = deviceWorld();
    world.job('plain', [thingArn('t')]);
    world.said();
    world.job('spaced', [thingArn('t')], { namespaceId: 'ns' });
    expect(world.said()).toEqual(['notify t/ns [] [spaced]', 'notify-next t/ns spaced QUEUED v1']);
    expect(world.pending('t')).toEqual({ inProgress: [], queued: ['plain'] });
    expect(world.pending('t', 'ns')).toEqual({ inProgress: [], queued: ['spaced'] });
    expect(world.pending('t', 'other')).toEqual({ inProgress: [], queued: [] });
  });
});
