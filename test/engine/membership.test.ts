import { describe, expect, it } from 'vitest';
import { groupArn, thingArn, World } from './world.ts';

/** Thing t, groups g and h that job c follows, group x that it does not. */
function followedWorld(...members: readonly string[]): World {
  const world = new World();
  world.things('t');
  for (const group of ['g', 'h', 'x']) world.group(group, ...(members.includes(group) ? ['t'] : []));
  world.job('c', [groupArn('g'), groupArn('h')], { targetSelection: 'CONTINUOUS' });
  world.said();
  return world;
}

function statuses(world: World): string[] {
  const { executionSummaries = [] } = world.ok('iot:ListJobExecutionsForJob', { jobId: 'c' });
  return executionSummaries.map(({ jobExecutionSummary: summary }) => `${summary?.executionNumber} ${summary?.status}`);
}

/** reference lifecycle.md §4: what leaving and re-joining do, by the state of the thing's newest execution. */
const situations = [
  { situation: 'QUEUED', reach: () => undefined, left: ['1 REMOVED'], rejoined: ['2 QUEUED', '1 REMOVED'] },
  {
    situation: 'IN_PROGRESS',
    reach: (w: World) => w.start('t'),
    left: ['1 IN_PROGRESS'],
    rejoined: ['1 IN_PROGRESS'],
  },
  ...(['SUCCEEDED', 'FAILED', 'REJECTED'] as const).map((status) => ({
    situation: status,
    reach: (w: World) => w.update('t', 'c', status),
    left: [`1 ${status}`],
    rejoined: ['2 QUEUED', `1 ${status}`],
  })),
  {
    situation: 'CANCELED',
    reach: (w: World) => w.ok('iot:CancelJobExecution', { jobId: 'c', thingName: 't' }),
    left: ['1 CANCELED'],
    rejoined: ['2 QUEUED', '1 CANCELED'],
  },
  {
    situation: 'none, because it was deleted',
    reach: (w: World) => w.ok('iot:DeleteJobExecution', { jobId: 'c', thingName: 't', executionNumber: 1 }),
    left: [],
    rejoined: ['1 QUEUED'],
  },
];

describe('a CONTINUOUS job and a thing whose newest execution is', () => {
  it.each(situations)('$situation', ({ reach, left, rejoined }) => {
    const world = followedWorld('g');
    reach(world);
    world.leave('t', 'g');
    expect(statuses(world)).toEqual(left);
    world.join('t', 'g');
    expect(statuses(world)).toEqual(rejoined);
  });
});

describe('a thing that joins a followed group', () => {
  it('gets execution 1 when it never had the job, and is told', () => {
    const world = followedWorld();
    world.join('t', 'g');
    expect(statuses(world)).toEqual(['1 QUEUED']);
    expect(world.said()).toEqual(['notify t [] [c]', 'notify-next t c QUEUED v1']);
  });

  it('gets nothing by being added again', () => {
    const world = followedWorld('g');
    world.update('t', 'c', 'SUCCEEDED');
    world.said();
    const { changes } = world.apply('iot:AddThingToThingGroup', { thingName: 't', thingGroupName: 'g' });
    expect(changes).toEqual([]);
    expect(statuses(world)).toEqual(['1 SUCCEEDED']);
  });

  it('gets nothing by finishing as a member', () => {
    const world = followedWorld('g');
    world.start('t');
    world.leave('t', 'g');
    world.join('t', 'g');
    world.update('t', 'c', 'SUCCEEDED');
    expect(statuses(world)).toEqual(['1 SUCCEEDED']);
  });

  it('gets the next number when it finished while outside', () => {
    const world = followedWorld('g');
    world.start('t');
    world.leave('t', 'g');
    world.update('t', 'c', 'SUCCEEDED');
    world.join('t', 'g');
    expect(statuses(world)).toEqual(['2 QUEUED', '1 SUCCEEDED']);
    expect(world.execution('c', 't')).toMatchObject({ executionNumber: 2, versionNumber: 1 });
  });

  it('gets the job through a child group', () => {
    const world = followedWorld();
    world.ok('iot:CreateThingGroup', { thingGroupName: 'below', parentGroupName: 'g' });
    world.join('t', 'below');
    expect(statuses(world)).toEqual(['1 QUEUED']);
    world.leave('t', 'below');
    expect(statuses(world)).toEqual(['1 REMOVED']);
  });

  it('gets nothing of a job that is canceled', () => {
    const world = followedWorld();
    world.ok('iot:CancelJob', { jobId: 'c' });
    world.join('t', 'g');
    expect(statuses(world)).toEqual([]);
  });

  it('gets nothing from a group that the job does not follow', () => {
    const world = followedWorld();
    world.join('t', 'x');
    expect(statuses(world)).toEqual([]);
  });
});

describe('two target groups', () => {
  it('give one execution', () => {
    const world = followedWorld('g');
    world.join('t', 'h');
    expect(statuses(world)).toEqual(['1 QUEUED']);
  });

  it('keep what is queued while the thing is still in one of them', () => {
    const world = followedWorld('g', 'h');
    world.leave('t', 'g');
    expect(statuses(world)).toEqual(['1 QUEUED']);
    world.leave('t', 'h');
    expect(statuses(world)).toEqual(['1 REMOVED']);
  });

  it('give nothing new when a finished thing leaves one of them (A17)', () => {
    const world = followedWorld('g', 'h');
    world.update('t', 'c', 'SUCCEEDED');
    world.leave('t', 'g');
    expect(statuses(world)).toEqual(['1 SUCCEEDED']);
    world.join('t', 'g');
    expect(statuses(world)).toEqual(['2 QUEUED', '1 SUCCEEDED']);
  });

  it('give a new execution when a finished thing joins the second', () => {
    const world = followedWorld('g');
    world.update('t', 'c', 'SUCCEEDED');
    world.join('t', 'h');
    expect(statuses(world)).toEqual(['2 QUEUED', '1 SUCCEEDED']);
  });

  it('can be changed for each other without losing what is queued', () => {
    const world = followedWorld('g');
    world.ok('iot:UpdateThingGroupsForThing', {
      thingName: 't',
      thingGroupsToAdd: ['h'],
      thingGroupsToRemove: ['g'],
    });
    expect(statuses(world)).toEqual(['1 QUEUED']);
    expect(world.said()).toEqual([]);
  });
});

describe('a group on both sides of UpdateThingGroupsForThing', () => {
  const both = { thingName: 't', thingGroupsToAdd: ['g'], thingGroupsToRemove: ['g'] };

  it('is stayed in, and what is queued stays', () => {
    const world = new World();
    world.things('t');
    world.group('g', 't');
    world.job('j', [groupArn('g')], { targetSelection: 'CONTINUOUS' });
    world.said();
    world.ok('iot:UpdateThingGroupsForThing', both);
    expect(world.execution('j', 't')).toMatchObject({ status: 'QUEUED', executionNumber: 1 });
    expect(world.ok('iot:ListThingGroupsForThing', { thingName: 't' }).thingGroups).toHaveLength(1);
    expect(world.said()).toEqual([]);
  });

  it('is joined by who was not in it', () => {
    const world = new World();
    world.things('t');
    world.group('g');
    world.job('j', [groupArn('g')], { targetSelection: 'CONTINUOUS' });
    world.ok('iot:UpdateThingGroupsForThing', both);
    expect(world.execution('j', 't')?.status).toBe('QUEUED');
    world.finish();
  });
});

describe('a removed execution', () => {
  it('keeps its version and tells the device', () => {
    const world = followedWorld('g');
    world.leave('t', 'g');
    expect(world.execution('c', 't')).toMatchObject({ status: 'REMOVED', versionNumber: 1 });
    expect(world.said()).toEqual(['notify t [] []', 'notify-next t -']);
  });
});

describe('a retry', () => {
  const jobExecutionsRetryConfig = { criteriaList: [{ failureType: 'FAILED', numberOfRetries: 1 }] } as const;

  it('is not due once the thing has left', () => {
    const world = new World();
    world.things('t');
    world.group('g', 't');
    world.job('c', [groupArn('g')], { targetSelection: 'CONTINUOUS', jobExecutionsRetryConfig });
    world.start('t');
    world.leave('t', 'g');
    world.update('t', 'c', 'FAILED');
    expect(statuses(world)).toEqual(['1 FAILED']);
  });

  it('has its whole budget again after a re-join', () => {
    const world = new World();
    world.things('t');
    world.group('g', 't');
    world.job('c', [groupArn('g')], { targetSelection: 'CONTINUOUS', jobExecutionsRetryConfig });
    for (let tries = 0; tries < 2; tries += 1) world.update('t', 'c', 'FAILED');
    world.leave('t', 'g');
    world.join('t', 'g');
    for (let tries = 0; tries < 2; tries += 1) world.update('t', 'c', 'FAILED');
    expect(statuses(world)).toEqual(['4 FAILED', '3 FAILED', '2 FAILED', '1 FAILED']);
  });
});

describe('AssociateTargetsWithJob', () => {
  it('rolls a CONTINUOUS job out to more groups, once for each thing', () => {
    const world = followedWorld('g');
    world.things('u');
    world.group('more', 'u', 't');
    world.ok('iot:AssociateTargetsWithJob', { jobId: 'c', targets: [groupArn('more')], comment: 'more' });
    expect(world.jobOf('c')).toMatchObject({
      targets: [groupArn('g'), groupArn('h'), groupArn('more')],
      comment: 'more',
    });
    expect(world.execution('c', 'u')?.executionNumber).toBe(1);
    expect(world.execution('c', 't')?.executionNumber).toBe(1);
    world.things('v');
    world.join('v', 'more');
    expect(world.execution('c', 'v')?.status).toBe('QUEUED');
  });

  it('refuses things, SNAPSHOT jobs, jobs that are over, unknown groups and more than 100 targets', () => {
    const world = followedWorld();
    world.job('s', [thingArn('t')]);
    const refusal = (jobId: string, ...targets: string[]): string =>
      world.refused('iot:AssociateTargetsWithJob', { jobId, targets }).code;
    expect(refusal('c', thingArn('t'))).toBe('InvalidRequest');
    expect(refusal('s', groupArn('x'))).toBe('InvalidRequest');
    expect(refusal('c', groupArn('nowhere'))).toBe('ResourceNotFound');
    expect(refusal('nothing', groupArn('x'))).toBe('ResourceNotFound');
    const many = Array.from({ length: 99 }, (_, index) => `n${index}`);
    for (const name of many) world.group(name);
    expect(refusal('c', ...many.map(groupArn))).toBe('LimitExceeded');
    world.ok('iot:CancelJob', { jobId: 'c' });
    expect(refusal('c', groupArn('x'))).toBe('InvalidRequest');
  });
});
