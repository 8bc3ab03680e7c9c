/**
 * Jobs and groups larger than a slice: what can be seen between slices, what a slice may cost, and that an engine built anew
 * in the middle goes on at the same place.
 */
import { describe, expect, it } from 'vitest';
import type { Change, Command, Outcome } from '../../broker/engine/contract.ts';
import { firstSliceSize, sliceSize } from '../../broker/engine/work.ts';
import { document, groupArn, plain, Rows, rowsOf, thingArn, World } from './world.ts';

const size = 2 * sliceSize + firstSliceSize + 7;
const names = Array.from({ length: size }, (_, index) => `t${index}`);

/** A world with one group of {@link size} things; built once, every test starts from its rows. */
function buildGroup(): Required<Change>[] {
  const world = new World();
  world.things(...names);
  world.group('g', ...names);
  return rowsOf(world.engine);
}
const groupRows = buildGroup();

function groupWorld(): World {
  return new World(groupRows);
}

function executionChanges({ changes }: Outcome): number {
  return changes.filter(({ table }) => table === 'jobExecution').length;
}

function counts(world: World, jobId = 'big') {
  return world.jobOf(jobId)?.jobProcessDetails;
}

/** Applies commands, and Wakes until nothing is due, rebuilding a second engine before every single one. */
function inStep(world: World, ...commands: readonly Command[]): void {
  const kept = new Rows();
  kept.keep(rowsOf(world.engine));
  const apply = (command: Command): void => {
    const rebuilt = new World(kept.all()).engine;
    const outcome: Outcome = world.engine.apply(command, world.now);
    expect(plain(rebuilt.apply(command, world.now))).toEqual(plain(outcome));
    expect(rebuilt.nextDeadline()).toBe(world.engine.nextDeadline());
    expect(executionChanges(outcome)).toBeLessThanOrEqual(sliceSize);
    kept.keep(outcome.changes);
  };
  for (const command of commands) apply(command);
  while (world.engine.nextDeadline() !== undefined) apply({ name: 'jobrig:Wake', request: {} });
  expect(kept.all()).toEqual(rowsOf(world.engine));
}

describe('rolling out to a large group', () => {
  it('queues the first executions in the command and the rest in slices', () => {
    const world = groupWorld();
    world.job('big', [groupArn('g')]);
    expect(counts(world)).toMatchObject({ numberOfQueuedThings: firstSliceSize, processingTargets: [groupArn('g')] });
    expect(world.jobOf('big')).toMatchObject({ status: 'IN_PROGRESS', isConcurrent: true });
    expect(world.engine.nextDeadline()).toBe(world.now);
    expect(world.settle()).toBe(3);
    expect(counts(world)).toMatchObject({ numberOfQueuedThings: size });
    expect(counts(world)?.processingTargets).toBeUndefined();
    expect(world.jobOf('big')?.isConcurrent).toBe(false);
    expect(world.engine.nextDeadline()).toBeUndefined();
  });

  it('moves lastUpdatedAt once more when it is over', () => {
    const world = groupWorld();
    world.job('big', [groupArn('g')]);
    const createdAt = world.now;
    world.pass(2000);
    expect(world.jobOf('big')).toMatchObject({ createdAt, lastUpdatedAt: createdAt + 2000 });
  });

  it('gives one execution to a thing that several targets reach', () => {
    const world = groupWorld();
    world.job('big', [thingArn('t0'), thingArn('t0'), groupArn('g'), thingArn(names.at(-1)!)]);
    world.settle();
    expect(counts(world)).toMatchObject({ numberOfQueuedThings: size });
  });

  it('does not complete a SNAPSHOT job before the last slice', () => {
    const world = groupWorld();
    world.job('big', [groupArn('g')]);
    for (const thingName of names.slice(0, firstSliceSize)) world.update(thingName, 'big', 'SUCCEEDED');
    expect(world.jobOf('big')?.status).toBe('IN_PROGRESS');
    world.settle();
    for (const thingName of names.slice(firstSliceSize)) world.update(thingName, 'big', 'SUCCEEDED');
    expect(world.jobOf('big')).toMatchObject({ status: 'COMPLETED', completedAt: world.now });
  });

  it('leaves out of a SNAPSHOT who joins during it, and gives a CONTINUOUS job to them once', () => {
    const world = groupWorld();
    world.things('late');
    world.job('snapshot', [groupArn('g')]);
    world.job('continuous', [groupArn('g')], { targetSelection: 'CONTINUOUS' });
    world.join('late', 'g');
    world.settle();
    expect(world.execution('snapshot', 'late')).toBeUndefined();
    expect(world.execution('continuous', 'late')?.executionNumber).toBe(1);
    expect(counts(world, 'continuous')).toMatchObject({ numberOfQueuedThings: size + 1 });
  });

  it('stops when the job is canceled', () => {
    const world = groupWorld();
    world.job('big', [groupArn('g')]);
    world.ok('iot:CancelJob', { jobId: 'big' });
    world.settle();
    expect(counts(world)).toMatchObject({ numberOfQueuedThings: 0, numberOfCanceledThings: firstSliceSize });
  });

  it('stops when the job is deleted', () => {
    const world = groupWorld();
    world.job('big', [groupArn('g')]);
    world.ok('iot:DeleteJob', { jobId: 'big', force: true });
    world.settle();
    expect(world.jobOf('big')).toBeUndefined();
    expect(rowsOf(world.engine).filter(({ table }) => table !== 'setting')).toEqual(
      groupRows.filter(({ table }) => table !== 'setting'),
    );
  });

  it('goes on where it was in a rebuilt engine', () => {
    inStep(groupWorld(), { name: 'iot:CreateJob', request: { jobId: 'big', targets: [groupArn('g')], document } });
  });
});

describe('canceling a large job', () => {
  it('is seen on the job at once and on its executions slice by slice', () => {
    const world = groupWorld();
    world.job('big', [groupArn('g')]);
    world.settle();
    world.ok('iot:CancelJob', { jobId: 'big', force: true });
    expect(world.jobOf('big')).toMatchObject({ status: 'CANCELED', forceCanceled: true, isConcurrent: true });
    expect(counts(world)).toMatchObject({ numberOfCanceledThings: firstSliceSize });
    world.settle();
    expect(counts(world)).toMatchObject({ numberOfCanceledThings: size, numberOfQueuedThings: 0 });
    expect(world.jobOf('big')?.isConcurrent).toBe(false);
  });

  it('ends with the command when none of the rest is pending', () => {
    const world = groupWorld();
    world.job('big', [groupArn('g')]);
    world.settle();
    for (const thingName of names.slice(1)) world.update(thingName, 'big', 'SUCCEEDED');
    world.ok('iot:CancelJob', { jobId: 'big' });
    expect(counts(world)).toMatchObject({ numberOfCanceledThings: 1, numberOfSucceededThings: size - 1 });
    expect(world.engine.nextDeadline()).toBeUndefined();
  });

  it('goes on where it was in a rebuilt engine', () => {
    const world = groupWorld();
    world.ok('iot:UpdateEventConfigurations', { eventConfigurations: { JOB: { Enabled: true } } });
    world.job('big', [groupArn('g')]);
    world.settle();
    for (const thingName of names.slice(10, 300)) world.update(thingName, 'big', 'IN_PROGRESS');
    inStep(world, { name: 'iot:CancelJob', request: { jobId: 'big' } });
    expect(counts(world)).toMatchObject({ numberOfInProgressThings: 290, numberOfCanceledThings: size - 290 });
  });
});

function deletingWorld(): World {
  const world = groupWorld();
  world.job('big', [groupArn('g')]);
  world.settle();
  world.job('next', [groupArn('g')]);
  world.settle();
  world.said();
  world.ok('iot:DeleteJob', { jobId: 'big', force: true });
  return world;
}

describe('deleting a large job', () => {
  it('hides every execution from its device at once', () => {
    const world = deletingWorld();
    expect(world.said()).toEqual([]);
    const thingName = names.at(-1)!;
    expect(world.pending(thingName)).toEqual({ inProgress: [], queued: ['next'] });
    expect(world.ok('iotjobsdata:DescribeJobExecution', { thingName, jobId: '$next' }).execution?.jobId).toBe('next');
    const request = { thingName, jobId: 'big' };
    expect(world.refused('iotjobsdata:DescribeJobExecution', request).code).toBe('ResourceNotFound');
    const update = { ...request, status: 'SUCCEEDED' } as const;
    expect(world.refused('iotjobsdata:UpdateJobExecution', update).code).toBe('ResourceNotFound');
  });

  it('tells each device once, when its own execution goes', () => {
    const world = deletingWorld();
    world.settle();
    const said = world.said();
    expect(said.filter((line) => line.startsWith('notify '))).toEqual(names.map((name) => `notify ${name} [] [next]`));
    expect(said.filter((line) => line.startsWith('notify-next '))).toEqual(
      names.map((name) => `notify-next ${name} next QUEUED v1`),
    );
  });

  it('tells a device earlier when something else happens to its queue first', () => {
    const world = deletingWorld();
    const thingName = names.at(-1)!;
    expect(world.start(thingName).execution?.jobId).toBe('next');
    expect(world.said()).toEqual([`notify ${thingName} [next] []`, `notify-next ${thingName} next IN_PROGRESS v2`]);
    world.settle();
    expect(world.said().filter((line) => line.includes(` ${thingName} `))).toEqual([]);
  });

  it('is DELETION_IN_PROGRESS until the last execution is gone; then the id is free', () => {
    const world = deletingWorld();
    expect(world.jobOf('big')).toMatchObject({ status: 'DELETION_IN_PROGRESS', isConcurrent: false });
    world.ok('jobrig:Wake', {});
    expect(counts(world)).toMatchObject({ numberOfQueuedThings: size - sliceSize });
    expect(world.refused('iot:CreateJob', { jobId: 'big', targets: [thingArn('t0')], document }).code).toBe(
      'ResourceAlreadyExists',
    );
    world.settle();
    world.job('big', [thingArn('t0')]);
    expect(world.execution('big', 't0')).toMatchObject({ executionNumber: 1, versionNumber: 1 });
  });

  it('goes on where it was in a rebuilt engine', () => {
    const world = groupWorld();
    world.job('big', [groupArn('g')]);
    world.settle();
    world.ok('iot:TagResource', { resourceArn: world.jobOf('big')!.jobArn!, tags: [{ Key: 'k', Value: 'v' }] });
    inStep(world, { name: 'iot:DeleteJob', request: { jobId: 'big', force: true } });
    expect(rowsOf(world.engine).filter(({ table }) => table === 'tag')).toEqual([]);
  });
});

function followedWorld(): World {
  const world = groupWorld();
  world.job('big', [groupArn('g')], { targetSelection: 'CONTINUOUS' });
  world.settle();
  return world;
}

describe('deleting a large group', () => {
  it('is gone for everybody at once, while its members leave in slices', () => {
    const world = followedWorld();
    world.ok('iot:DeleteThingGroup', { thingGroupName: 'g' });
    expect(world.refused('iot:DescribeThingGroup', { thingGroupName: 'g' }).code).toBe('ResourceNotFound');
    expect(world.ok('iot:ListThingGroups', {}).thingGroups).toEqual([]);
    expect(world.ok('iot:ListThingGroupsForThing', { thingName: names.at(-1)! }).thingGroups).toEqual([]);
    expect(world.refused('iot:CreateThingGroup', { thingGroupName: 'g' }).code).toBe('ResourceAlreadyExists');
    expect(counts(world)).toMatchObject({ numberOfRemovedThings: firstSliceSize });
    world.settle();
    expect(counts(world)).toMatchObject({ numberOfRemovedThings: size });
    world.ok('iot:CreateThingGroup', { thingGroupName: 'g' });
    expect(world.ok('iot:ListThingsInThingGroup', { thingGroupName: 'g' }).things).toEqual([]);
  });

  it('goes on where it was in a rebuilt engine', () => {
    inStep(followedWorld(), { name: 'iot:DeleteThingGroup', request: { thingGroupName: 'g' } });
  });
});

describe('several pieces of bulk work', () => {
  it('take turns, so that none waits for all of another', () => {
    const world = groupWorld();
    for (const jobId of ['a', 'b']) {
      world.job(jobId, [groupArn('g')]);
      world.settle();
    }
    for (const jobId of ['a', 'b']) world.ok('iot:CancelJob', { jobId });
    for (let wakes = 0; wakes < 2; wakes += 1) {
      world.now += 1;
      world.ok('jobrig:Wake', {});
    }
    expect(counts(world, 'a')).toMatchObject({ numberOfCanceledThings: firstSliceSize + sliceSize });
    expect(counts(world, 'b')).toMatchObject({ numberOfCanceledThings: firstSliceSize + sliceSize });
  });

  it('keep a slice small when ten jobs with the same things are being deleted', () => {
    const world = groupWorld();
    const jobs = Array.from({ length: 10 }, (_, index) => `j${index}`);
    for (const jobId of jobs) {
      world.job(jobId, [groupArn('g')]);
      world.settle();
    }
    for (const jobId of jobs) world.ok('iot:DeleteJob', { jobId, force: true });
    while (world.engine.nextDeadline() !== undefined) {
      expect(executionChanges(world.apply('jobrig:Wake', {}))).toBeLessThanOrEqual(sliceSize + jobs.length);
    }
    expect(world.ok('iot:ListJobs', {}).jobs).toEqual([]);
  });
});

describe('many time-outs at one instant', () => {
  it('are done a slice at a time', () => {
    const world = groupWorld();
    world.job('big', [groupArn('g')], { timeoutConfig: { inProgressTimeoutInMinutes: 1 } });
    world.settle();
    for (const thingName of names) world.start(thingName);
    world.now += 60_000;
    world.ok('jobrig:Wake', {});
    expect(counts(world)).toMatchObject({ numberOfTimedOutThings: sliceSize });
    world.settle();
    expect(counts(world)).toMatchObject({ numberOfTimedOutThings: size });
    expect(world.jobOf('big')?.status).toBe('COMPLETED');
  });
});
