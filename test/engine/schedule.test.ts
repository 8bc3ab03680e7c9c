/**
 * Jobs that begin, open, close and end by their schedule, in virtual time, and the recurrences behind their windows.
 */
import { describe, expect, it } from 'vitest';
import type { SchedulingConfig } from '../../protocol/aws/iot.ts';
import { nextOccurrence } from '../../broker/engine/policies/cron.ts';
import { firstSliceSize } from '../../broker/engine/work.ts';
import { groupArn, plain, Rows, rowsOf, thingArn, World } from './world.ts';

const minute = 60_000;
const day = 1440 * minute;
/** A Wednesday, nine o'clock. */
const morning = Date.parse('2026-03-04T09:00Z');
const windows = [{ startTime: 'cron(0 10 * * ? *)', durationInMinutes: 30 }];

function scheduleWorld(schedulingConfig: SchedulingConfig, more: object = {}): World {
  const world = new World([], morning);
  world.things('t1', 't2');
  world.group('g', 't1', 't2');
  const targetSelection = schedulingConfig.maintenanceWindows === undefined ? 'SNAPSHOT' : 'CONTINUOUS';
  world.job('a', [groupArn('g')], { schedulingConfig, targetSelection, ...more });
  world.said();
  return world;
}

const status = (world: World): string | undefined => world.jobOf('a')?.status;

const starts = (world: World): (string | undefined)[] | undefined =>
  world.jobOf('a')?.scheduledJobRollouts?.map(({ startTime }) => startTime);

describe('cron(…)', () => {
  const after = Date.parse('2026-03-04T10:00Z');
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['0 10 * * ? *', '2026-03-05T10:00Z'],
    ['1 10 * * ? *', '2026-03-04T10:01Z'],
    ['0/15 * * * ? *', '2026-03-04T10:15Z'],
    ['5-10/5 12 * * ? *', '2026-03-04T12:05Z'],
    ['0 18 ? * MON-FRI *', '2026-03-04T18:00Z'],
    ['0 8 1 * ? *', '2026-04-01T08:00Z'],
    ['0 8 ? * SUN *', '2026-03-08T08:00Z'],
    ['0 8 ? * 1 *', '2026-03-08T08:00Z'],
    ['0 8 ? * FRI-MON *', '2026-03-06T08:00Z'],
    ['0 8 ? * 3#2 *', '2026-03-10T08:00Z'],
    ['0 8 ? * 6L *', '2026-03-27T08:00Z'],
    ['0 8 ? * L *', '2026-03-07T08:00Z'],
    ['0 8 L * ? *', '2026-03-31T08:00Z'],
    ['0 8 LW 5 ? *', '2026-05-29T08:00Z'],
    ['0 8 7W * ? *', '2026-03-06T08:00Z'],
    ['0 8 8W * ? *', '2026-03-09T08:00Z'],
    ['0 8 1W 8 ? *', '2026-08-03T08:00Z'],
    ['0 8 31W * ? *', '2026-03-31T08:00Z'],
    ['0 0 29 FEB ? *', '2028-02-29T00:00Z'],
    ['0 0 1 1 ? 2199', '2199-01-01T00:00Z'],
    ['0 0 30 2 ? *', undefined],
    ['0 0 1 1 ? 2025', undefined],
  ];
  it.each(cases)('%s falls due at %s', (fields, expected) => {
    const at = nextOccurrence(`cron(${fields})`, after);
    expect(at).toBe(expected === undefined ? undefined : Date.parse(expected));
  });
});

/** Whether a strict service takes a schedule in the morning. */
function isTaken(schedulingConfig: object): boolean {
  const world = new World([], morning, { strict: true });
  world.things('t');
  const request = { jobId: 'a', targets: [thingArn('t')], document: '{}', schedulingConfig };
  return world.apply('iot:CreateJob', request).reply.accepted;
}

/** So long after that, as schedules have it. */
function later(days: number, minutes = 0): string {
  const at = new Date(morning + days * day + minutes * minute);
  return at.toISOString().slice(0, 16).replace('T', ' ');
}

describe('a start time', () => {
  it('keeps a job SCHEDULED and without executions until then', () => {
    const world = scheduleWorld({ startTime: '2026-03-04 10:00' });
    expect(world.jobOf('a')).toMatchObject({ status: 'SCHEDULED', isConcurrent: false });
    expect(world.pending('t1').queued).toEqual([]);
    expect(world.engine.nextDeadline()).toBe(morning + 60 * minute);
    world.pass(60 * minute);
    expect(status(world)).toBe('IN_PROGRESS');
    expect(world.said()).toContain('notify t1 [] [a]');
    world.update('t1', 'a', 'SUCCEEDED');
    world.update('t2', 'a', 'SUCCEEDED');
    expect(status(world)).toBe('COMPLETED');
    expect(world.engine.nextDeadline()).toBeUndefined();
  });

  it('is when a SNAPSHOT reads its groups', () => {
    const world = scheduleWorld({ startTime: '2026-03-04 10:00' });
    world.things('t3');
    world.join('t3', 'g');
    world.leave('t1', 'g');
    world.pass(60 * minute);
    expect(world.execution('a', 't3')?.status).toBe('QUEUED');
    expect(world.execution('a', 't1')).toBeUndefined();
  });

  it('gives a CONTINUOUS job to nobody before it, and to who joins after it', () => {
    const world = scheduleWorld({ startTime: '2026-03-04 10:00' }, { targetSelection: 'CONTINUOUS' });
    world.things('t3', 't4');
    world.join('t3', 'g');
    expect(world.pending('t3').queued).toEqual([]);
    world.pass(60 * minute);
    expect(world.pending('t3').queued).toEqual(['a']);
    world.join('t4', 'g');
    expect(world.pending('t4').queued).toEqual(['a']);
  });

  it.each([
    { startTime: '2026-03-04 08:00' },
    { startTime: '2026-03-04 09:00' },
    { startTime: '2026-03-03T23:00:00Z', endTime: '2026-03-05 09:00' },
    { endTime: '2026-03-04 08:59' },
    { endTime: '2025-12-31', endBehavior: 'CANCEL' },
  ] as const)('that is past is refused, strictly or not: %j', (schedulingConfig) => {
    for (const strict of [false, true]) {
      const world = new World([], morning, { strict });
      world.things('t');
      const request = { jobId: 'a', targets: [thingArn('t')], document: '{}', schedulingConfig };
      const { code, message } = world.refused('iot:CreateJob', request);
      expect([code, message]).toEqual([
        'InvalidRequest',
        expect.stringMatching(/^The (start|end)Time .* is in the past\.$/),
      ]);
      expect(world.ok('iot:ListJobs', {}).jobs).toEqual([]);
    }
  });

  it('that is a minute ahead is enough for a bench, and thirty are asked for strictly', () => {
    for (const strict of [false, true]) {
      const world = new World([], morning, { strict });
      world.things('t');
      const schedulingConfig = { startTime: '2026-03-04 09:01' };
      const request = { jobId: 'a', targets: [thingArn('t')], document: '{}', schedulingConfig };
      expect(world.apply('iot:CreateJob', request).reply.accepted).toBe(!strict);
    }
  });

  it('and its end have their limits in strict mode: half an hour, a year and two', () => {
    const startTime = later(0, 30);
    const endBehavior = 'STOP_ROLLOUT';
    expect([startTime, later(0, 29), later(365), later(365, 1)].map((start) => isTaken({ startTime: start }))).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(
      [later(0, 60), later(0, 59), later(730), later(730, 1)].map((endTime) =>
        isTaken({ startTime, endTime, endBehavior }),
      ),
    ).toEqual([true, false, true, false]);
  });

  it('with an endBehavior and no end is accepted, shown, and never ends', () => {
    const world = scheduleWorld({ startTime: '2026-03-04 10:00', endBehavior: 'FORCE_CANCEL' });
    expect(world.jobOf('a')?.schedulingConfig).toMatchObject({ endBehavior: 'FORCE_CANCEL' });
    world.pass(3 * 24 * 60 * minute);
    expect(status(world)).toBe('IN_PROGRESS');
  });

  it('does not come for a job that is canceled or deleted', () => {
    for (const end of ['iot:CancelJob', 'iot:DeleteJob'] as const) {
      const world = scheduleWorld({ startTime: '2026-03-04 10:00' });
      world.ok(end, { jobId: 'a', force: true });
      world.settle();
      expect(world.engine.nextDeadline()).toBeUndefined();
      world.pass(60 * minute);
      expect(world.pending('t1').queued).toEqual([]);
    }
  });

  it('lets a SCHEDULED job be updated, but deleted only with force', () => {
    const world = scheduleWorld({ startTime: '2026-03-04 10:00' });
    world.ok('iot:UpdateJob', { jobId: 'a', description: 'later' });
    expect(world.refused('iot:DeleteJob', { jobId: 'a' }).code).toBe('InvalidStateTransition');
  });
});

describe('an end time', () => {
  const ends = { endTime: '2026-03-04 10:00' } as const;

  it.each([
    ['STOP_ROLLOUT', 'IN_PROGRESS', 'QUEUED'],
    ['CANCEL', 'IN_PROGRESS', 'CANCELED'],
    ['FORCE_CANCEL', 'CANCELED', 'CANCELED'],
  ] as const)('with %s leaves what runs %s and what is QUEUED %s', (endBehavior, running, queued) => {
    const world = scheduleWorld({ ...ends, endBehavior });
    world.start('t1');
    world.pass(60 * minute);
    expect(world.execution('a', 't1')?.status).toBe(running);
    expect(world.execution('a', 't2')?.status).toBe(queued);
    for (const thingName of ['t1', 't2']) {
      if (world.pending(thingName).inProgress.length + world.pending(thingName).queued.length === 0) continue;
      expect(status(world)).toBe('IN_PROGRESS');
      world.update(thingName, 'a', 'SUCCEEDED');
    }
    expect(world.jobOf('a')).toMatchObject({ status: 'COMPLETED', completedAt: world.now });
  });

  it('completes a CONTINUOUS job once everything is terminal, and it takes nobody after it', () => {
    const world = scheduleWorld(ends, { targetSelection: 'CONTINUOUS' });
    world.update('t1', 'a', 'SUCCEEDED');
    world.pass(60 * minute);
    world.things('t3');
    world.join('t3', 'g');
    expect(world.pending('t3').queued).toEqual([]);
    expect(status(world)).toBe('IN_PROGRESS');
    world.update('t2', 'a', 'FAILED');
    expect(status(world)).toBe('COMPLETED');
  });

  it('stops a rollout and retries', () => {
    const atOnce = { endTime: '2026-03-04T09:00:30Z' };
    const world = scheduleWorld(atOnce, {
      jobExecutionsRolloutConfig: { maximumPerMinute: 1 },
      jobExecutionsRetryConfig: { criteriaList: [{ failureType: 'FAILED', numberOfRetries: 3 }] },
    });
    world.pass(minute / 2);
    world.update('t1', 'a', 'FAILED');
    expect(world.pending('t1').queued).toEqual([]);
    expect(status(world)).toBe('COMPLETED');
  });

  it('before anything has begun completes the job', () => {
    const world = scheduleWorld({ maintenanceWindows: windows, endTime: '2026-03-04 09:45' });
    world.pass(45 * minute);
    expect(world.jobOf('a')).toMatchObject({ status: 'COMPLETED' });
  });
});

describe('maintenance windows', () => {
  it('open and close: what is QUEUED is shown and hidden, what runs goes on', () => {
    const world = scheduleWorld({ maintenanceWindows: windows });
    expect(status(world)).toBe('SCHEDULED');
    world.pass(60 * minute);
    expect(status(world)).toBe('IN_PROGRESS');
    expect(world.said()).toEqual([
      'notify t1 [] [a]',
      'notify-next t1 a QUEUED v1',
      'notify t2 [] [a]',
      'notify-next t2 a QUEUED v1',
    ]);
    world.start('t1');
    world.pass(30 * minute);
    expect(status(world)).toBe('SCHEDULED');
    expect(world.said()).toEqual(['notify t2 [] []', 'notify-next t2 -']);
    expect(world.pending('t1').inProgress).toEqual(['a']);
    expect(world.pending('t2').queued).toEqual([]);
    expect(world.start('t2')).toEqual({});
    world.update('t1', 'a', 'SUCCEEDED');
    world.said();
    world.pass(day - 30 * minute);
    expect(status(world)).toBe('IN_PROGRESS');
    expect(world.said()).toEqual(['notify t2 [] [a]', 'notify-next t2 a QUEUED v1']);
  });

  it('that is open already begins the job at once', () => {
    const world = new World([], morning + 70 * minute);
    world.things('t1');
    world.job('a', [thingArn('t1')], {
      targetSelection: 'CONTINUOUS',
      schedulingConfig: { maintenanceWindows: windows },
    });
    expect(world.pending('t1').queued).toEqual(['a']);
    expect(world.engine.nextDeadline()).toBe(morning + 90 * minute);
  });

  it('that touch or overlap are one', () => {
    const maintenanceWindows = [...windows, { startTime: 'cron(20 10 * * ? *)', durationInMinutes: 30 }];
    const world = scheduleWorld({ maintenanceWindows });
    world.pass(60 * minute);
    world.said();
    world.pass(30 * minute);
    expect(status(world)).toBe('IN_PROGRESS');
    expect(world.said()).toEqual([]);
    world.pass(20 * minute);
    expect(status(world)).toBe('SCHEDULED');
  });

  it('pause the rollout', () => {
    const world = scheduleWorld(
      { maintenanceWindows: [{ startTime: 'cron(0 10 * * ? *)', durationInMinutes: 1 }] },
      { jobExecutionsRolloutConfig: { maximumPerMinute: 1 } },
    );
    world.pass(60 * minute);
    world.pass(minute);
    expect(world.jobOf('a')).toMatchObject({ status: 'SCHEDULED', isConcurrent: false });
    world.pass(5 * minute);
    expect(world.execution('a', 't2')).toBeUndefined();
    world.pass(day - 6 * minute);
    expect(world.execution('a', 't2')?.status).toBe('QUEUED');
  });

  it('keep a retry until the next one', () => {
    const jobExecutionsRetryConfig = { criteriaList: [{ failureType: 'FAILED', numberOfRetries: 1 }] } as const;
    const world = scheduleWorld({ maintenanceWindows: windows }, { jobExecutionsRetryConfig });
    world.pass(60 * minute);
    world.start('t1');
    world.pass(30 * minute);
    world.said();
    world.update('t1', 'a', 'FAILED');
    expect(world.said()).toEqual(['notify t1 [] []', 'notify-next t1 -']);
    expect(world.pending('t1').queued).toEqual([]);
    world.pass(day - 30 * minute);
    expect(world.pending('t1').queued).toEqual(['a']);
    expect(world.execution('a', 't1')?.executionNumber).toBe(2);
  });

  it('do not matter to a device that asks by id and starts what it knows (A39)', () => {
    const world = scheduleWorld({ maintenanceWindows: windows });
    world.pass(60 * minute);
    world.pass(30 * minute);
    world.said();
    const described = world.ok('iotjobsdata:DescribeJobExecution', { thingName: 't1', jobId: 'a' });
    expect(described.execution?.status).toBe('QUEUED');
    world.update('t1', 'a', 'IN_PROGRESS');
    expect(world.said()).toEqual(['notify t1 [a] []', 'notify-next t1 a IN_PROGRESS v2']);
  });

  it('let hidden executions be canceled, removed and deleted without a word to the device', () => {
    const ends: readonly ((world: World) => void)[] = [
      (world) => world.ok('iot:CancelJob', { jobId: 'a' }),
      (world) => world.ok('iot:CancelJobExecution', { jobId: 'a', thingName: 't1' }),
      (world) => world.ok('iot:DeleteJob', { jobId: 'a', force: true }),
      (world) => world.ok('iot:DeleteJobExecution', { jobId: 'a', thingName: 't1', executionNumber: 1 }),
      (world) => world.ok('iot:DeleteThing', { thingName: 't1' }),
      (world) => world.leave('t1', 'g'),
    ];
    for (const end of ends) {
      const world = scheduleWorld({ maintenanceWindows: windows });
      world.pass(60 * minute);
      world.pass(30 * minute);
      world.said();
      end(world);
      world.settle();
      expect(world.said()).toEqual([]);
      expect(world.execution('a', 't1')?.status).not.toBe('QUEUED');
    }
  });

  it('are told seven starts ahead, those before the end', () => {
    const world = scheduleWorld({ maintenanceWindows: windows });
    expect(starts(world)).toHaveLength(7);
    expect(starts(world)?.slice(0, 2)).toEqual(['2026-03-04 10:00', '2026-03-05 10:00']);
    const ending = scheduleWorld({ maintenanceWindows: windows, endTime: '2026-03-06 00:00' });
    expect(starts(ending)).toEqual(['2026-03-04 10:00', '2026-03-05 10:00']);
    expect(starts(scheduleWorld({ startTime: '2026-03-05 00:00' }))).toBeUndefined();
  });

  it('give a device five places more in its list', () => {
    const world = new World([], morning + 61 * minute);
    world.things('t');
    for (let index = 0; index < 12; index += 1) world.job(`plain${index}`, [thingArn('t')]);
    for (let index = 0; index < 7; index += 1) {
      const schedulingConfig = { maintenanceWindows: windows };
      world.job(`open${index}`, [thingArn('t')], { targetSelection: 'CONTINUOUS', schedulingConfig });
    }
    const { queued } = world.pending('t');
    expect(queued).toHaveLength(15);
    expect(queued.slice(9)).toEqual(['plain9', 'open0', 'open1', 'open2', 'open3', 'open4']);
  });

  it('come with a template, and not for a SNAPSHOT', () => {
    const world = new World([], morning);
    world.things('t');
    const template = { jobTemplateId: 'w', document: '{}', description: 'nightly', maintenanceWindows: windows };
    const { jobTemplateArn } = world.ok('iot:CreateJobTemplate', template);
    const request = { jobId: 'a', targets: [thingArn('t')], jobTemplateArn };
    expect(world.refused('iot:CreateJob', request).message).toBe(
      'TargetSelection is invalid. MaintenanceWindow cannot be used with SNAPSHOT job.',
    );
    world.ok('iot:CreateJob', { ...request, targetSelection: 'CONTINUOUS' });
    expect(world.jobOf('a')).toMatchObject({ status: 'SCHEDULED', schedulingConfig: { maintenanceWindows: windows } });
  });

  it('of a large job open and close in slices, and an engine built anew goes on in the middle', () => {
    const world = new World([], morning);
    const names = Array.from({ length: 2 * firstSliceSize + 150 }, (_, index) => `t${index}`);
    world.things(...names);
    world.group('g', ...names);
    world.job('a', [groupArn('g')], {
      targetSelection: 'CONTINUOUS',
      schedulingConfig: { maintenanceWindows: windows },
    });
    let second = world;
    for (const until of [60, 90, 1500]) {
      world.now = morning + until * minute;
      second.now = world.now;
      for (let due = world.engine.nextDeadline(); due !== undefined && due <= world.now;) {
        const rows = new Rows();
        rows.keep([...world.engine.rows()]);
        second = new World(rows.all(), world.now);
        const outcome = world.apply('jobrig:Wake', {});
        expect(plain(second.apply('jobrig:Wake', {}))).toEqual(plain(outcome));
        expect(rowsOf(second.engine)).toEqual(rowsOf(world.engine));
        due = world.engine.nextDeadline();
        expect(second.engine.nextDeadline()).toBe(due);
      }
      const shown = names.filter((name) => world.pending(name).queued.length > 0).length;
      expect(shown).toBe(until === 90 ? 0 : names.length);
    }
  });
});
