/**
 * How fast a rollout releases executions, minute by minute, and what can be seen and changed meanwhile.
 */
import { describe, expect, it } from 'vitest';
import type { JobExecutionsRolloutConfig } from '../../protocol/aws/iot.ts';
import { maxConcurrentJobs, maxRolloutPerMinute } from '../../protocol/limits.ts';
import { groupArn, plain, Rows, thingArn, World } from './world.ts';

const minute = 60_000;

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `t${index}`);
}

/** A job named `a` for a group of that many things. */
function rolloutWorld(count: number, jobExecutionsRolloutConfig?: JobExecutionsRolloutConfig): World {
  const world = new World();
  world.things(...names(count));
  world.group('g', ...names(count));
  world.job('a', [groupArn('g')], { jobExecutionsRolloutConfig });
  world.settle();
  return world;
}

const queued = (world: World): number | undefined => world.jobOf('a')?.jobProcessDetails?.numberOfQueuedThings;

/** Executions that exist after so many minutes, from the first one on. */
function queuedEachMinute(world: World, minutes: number): (number | undefined)[] {
  return Array.from({ length: minutes }, (_, index) => {
    if (index > 0) world.pass(minute);
    return queued(world);
  });
}

describe('a rollout at a constant rate', () => {
  it('releases no more than the rate in a minute, beginning at once', () => {
    const world = rolloutWorld(8, { maximumPerMinute: 3 });
    expect(queuedEachMinute(world, 4)).toEqual([3, 6, 8, 8]);
  });

  it('is due at the end of its minute and not before', () => {
    const world = rolloutWorld(8, { maximumPerMinute: 3 });
    expect(world.engine.nextDeadline()).toBe(world.now + minute);
    world.pass(minute - 1);
    expect(queued(world)).toBe(3);
    world.pass(1);
    expect(queued(world)).toBe(6);
  });

  it('is over with the last target, whatever is left of the minute', () => {
    const world = rolloutWorld(6, { maximumPerMinute: 3 });
    expect(world.jobOf('a')?.isConcurrent).toBe(true);
    world.pass(minute);
    expect(world.jobOf('a')).toMatchObject({ isConcurrent: false, lastUpdatedAt: world.now });
    expect(world.engine.nextDeadline()).toBeUndefined();
  });

  it('holds for things that are named as targets, which it tells while they wait', () => {
    const world = new World();
    world.things('t0', 't1', 't2');
    world.job('a', names(3).map(thingArn), { jobExecutionsRolloutConfig: { maximumPerMinute: 1 } });
    expect(world.jobOf('a')?.jobProcessDetails?.processingTargets).toEqual([thingArn('t1'), thingArn('t2')]);
    world.ok('iot:DeleteThing', { thingName: 't1' });
    world.pass(minute);
    expect(world.pending('t2').queued).toEqual(['a']);
    expect(world.jobOf('a')?.jobProcessDetails?.processingTargets).toBeUndefined();
  });

  it('does not make up for minutes in which the service was away', () => {
    const world = rolloutWorld(9, { maximumPerMinute: 3 });
    world.pass(10 * minute);
    expect(queued(world)).toBe(6);
  });

  it('does not hold for who joins a CONTINUOUS job’s group meanwhile', () => {
    const world = new World();
    world.things(...names(3), 'late');
    world.group('g', ...names(3));
    const jobExecutionsRolloutConfig = { maximumPerMinute: 1 };
    world.job('a', [groupArn('g')], { jobExecutionsRolloutConfig, targetSelection: 'CONTINUOUS' });
    world.join('late', 'g');
    expect(world.pending('late').queued).toEqual(['a']);
    expect(queued(world)).toBe(2);
  });

  it('is a thousand a minute when none is given', () => {
    const world = rolloutWorld(maxRolloutPerMinute + 1);
    expect(queuedEachMinute(world, 2)).toEqual([maxRolloutPerMinute, maxRolloutPerMinute + 1]);
  });

  it('does not complete a SNAPSHOT job before everybody had it', () => {
    const world = rolloutWorld(2, { maximumPerMinute: 1 });
    world.update('t0', 'a', 'SUCCEEDED');
    expect(world.jobOf('a')?.status).toBe('IN_PROGRESS');
    world.pass(minute);
    world.update('t1', 'a', 'SUCCEEDED');
    expect(world.jobOf('a')?.status).toBe('COMPLETED');
  });
});

describe('a rollout at an exponential rate', () => {
  const byNotified = { baseRatePerMinute: 5, incrementFactor: 2, rateIncreaseCriteria: { numberOfNotifiedThings: 10 } };

  it('grows at each multiple of the things notified, up to the maximum', () => {
    const world = rolloutWorld(200, { maximumPerMinute: 30, exponentialRate: byNotified });
    // 5, 5; ten are notified: 10; twenty: 20; forty: 80, which is more than 30.
    expect(queuedEachMinute(world, 6)).toEqual([5, 10, 20, 40, 70, 100]);
  });

  it('grows with the things that succeeded, which it looks at each minute', () => {
    const rateIncreaseCriteria = { numberOfSucceededThings: 2 };
    const world = rolloutWorld(20, {
      maximumPerMinute: 10,
      exponentialRate: { baseRatePerMinute: 2, incrementFactor: 1.5, rateIncreaseCriteria },
    });
    const released = (): number => names(20).filter((name) => world.execution('a', name) !== undefined).length;
    world.pass(minute);
    expect(released()).toBe(4);
    for (const name of ['t0', 't1', 't2', 't3']) world.update(name, 'a', 'SUCCEEDED');
    expect(released()).toBe(4);
    world.pass(minute);
    expect(released()).toBe(8); // 2 × 1.5 × 1.5, whole executions only
  });
});

describe('a rollout that is changed', () => {
  it('goes on at a higher rate at once', () => {
    const world = rolloutWorld(9, { maximumPerMinute: 3 });
    world.now += 1000;
    world.ok('iot:UpdateJob', { jobId: 'a', jobExecutionsRolloutConfig: { maximumPerMinute: 7 } });
    world.settle();
    expect(queued(world)).toBe(7);
    world.pass(minute - 1000);
    expect(queued(world)).toBe(9);
  });

  it('goes on exactly there in an engine that is built anew', () => {
    const world = rolloutWorld(8, { maximumPerMinute: 3 });
    world.now += 1000;
    const rows = new Rows();
    rows.keep([...world.engine.rows()]);
    const second = new World(rows.all(), world.now);
    expect(second.engine.nextDeadline()).toBe(world.engine.nextDeadline());
    for (const each of [world, second]) each.pass(minute - 1000);
    expect(queued(second)).toBe(6);
    expect(plain([...second.engine.rows()])).toEqual(plain([...world.engine.rows()]));
  });
});

describe('more concurrent jobs than AWS allows', () => {
  it('wait, in order, until one of the others is over', () => {
    const world = new World();
    world.things('t0', 't1', 't2');
    const slow = { jobExecutionsRolloutConfig: { maximumPerMinute: 2 } };
    const targets = names(3).map(thingArn);
    for (let index = 0; index < maxConcurrentJobs; index += 1) world.job(`busy${index}`, targets, slow);
    world.job('a', targets, slow);
    world.job('b', targets, slow);
    expect(world.jobOf('a')?.isConcurrent).toBe(false);
    expect(queued(world)).toBe(2);
    const rows = new Rows();
    rows.keep([...world.engine.rows()]);
    const second = new World(rows.all(), world.now);
    for (const each of [world, second]) {
      each.ok('iot:DeleteJob', { jobId: 'busy7', force: true });
      expect(each.jobOf('a')?.isConcurrent).toBe(true);
      expect(each.jobOf('b')?.isConcurrent).toBe(false);
      each.pass(minute);
      expect(queued(each)).toBe(3);
    }
  });
});
