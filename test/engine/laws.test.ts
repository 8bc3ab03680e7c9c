/**
 * What holds of the engine whatever is asked of it: random commands in a world small enough for everything to collide. Each
 * law is checked after every command, against nothing but the rows and what was said.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change, Command, Effect, Outcome } from '../../broker/engine/contract.ts';
import type { ExecutionRow, JobRow } from '../../broker/engine/rows.ts';
import { isPending, jobExecutionStatuses, type JobExecutionStatus } from '../../protocol/status.ts';
import { document, groupArn, plain, Rows, rowsOf, thingArn, World } from './world.ts';

/** Mostly absent, because most of what could be given makes the command fail. */
function sometimes<Value>(...values: readonly Value[]): fc.Arbitrary<Value | undefined> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(...values) },
  );
}

const thingName = fc.constantFrom('t1', 't2', 't3');
const jobId = fc.constantFrom('j1', 'j2', 'j3');
const thingGroupName = fc.constantFrom('g', 'g-child', 'h');
const namespaceId = sometimes('ns');
const force = fc.boolean();
const statusDetails = fc.constantFrom(undefined, {}, { a: 'b' });
const stepTimeoutInMinutes = fc.constantFrom(undefined, undefined, 1, 3, -1);
const executionNumber = sometimes(1, 2);
const target = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(thingArn('t1'), thingArn('t2'), groupArn('g'), groupArn('h')) },
  { weight: 1, arbitrary: fc.constant(thingArn('nobody')) },
);

function command<Name extends Command['name']>(
  name: Name,
  request: { readonly [Member: string]: fc.Arbitrary<unknown> },
): fc.Arbitrary<Command> {
  return fc.record(request).map((members) => ({ name, request: members }) as unknown as Command);
}

const createJob = command('iot:CreateJob', {
  jobId,
  targets: fc.array(target, { minLength: 1, maxLength: 3 }),
  document: fc.constant(document),
  targetSelection: fc.constantFrom('SNAPSHOT', 'CONTINUOUS'),
  namespaceId,
  timeoutConfig: fc.constantFrom(undefined, { inProgressTimeoutInMinutes: 2 }),
  jobExecutionsRetryConfig: fc.constantFrom(
    undefined,
    { criteriaList: [{ failureType: 'ALL', numberOfRetries: 1 }] },
    {
      criteriaList: [
        { failureType: 'FAILED', numberOfRetries: 2 },
        { failureType: 'TIMED_OUT', numberOfRetries: 1 },
      ],
    },
  ),
  jobExecutionsRolloutConfig: sometimes({ maximumPerMinute: 1 }),
  schedulingConfig: sometimes(
    { startTime: '2023-11-14T22:14:30Z' }, // a minute after the beginning
    { endTime: '2023-11-14T22:16:00Z', endBehavior: 'CANCEL' },
    { startTime: '2023-11-14T22:14:00Z', endTime: '2023-11-14T22:17:00Z', endBehavior: 'FORCE_CANCEL' },
    { maintenanceWindows: [{ startTime: 'cron(0/3 * * * ? *)', durationInMinutes: 1 }] },
    {
      endTime: '2023-11-14T22:18:00Z',
      maintenanceWindows: [{ startTime: 'cron(0/2 * * * ? *)', durationInMinutes: 1 }],
    },
  ),
  abortConfig: fc.constantFrom(undefined, undefined, {
    criteriaList: [{ failureType: 'FAILED', action: 'CANCEL', thresholdPercentage: 60, minNumberOfExecutedThings: 2 }],
  }),
});

const update = command('iotjobsdata:UpdateJobExecution', {
  thingName,
  jobId,
  namespaceId,
  status: fc.constantFrom('IN_PROGRESS', 'IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'FAILED', 'REJECTED', 'CANCELED'),
  statusDetails,
  stepTimeoutInMinutes,
  executionNumber,
  expectedVersion: sometimes(1, 2, 3),
});

const commands: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: createJob },
  { weight: 12, arbitrary: update },
  {
    weight: 4,
    arbitrary: command('iotjobsdata:StartNextPendingJobExecution', { thingName, namespaceId, stepTimeoutInMinutes }),
  },
  { weight: 1, arbitrary: command('iotjobsdata:GetPendingJobExecutions', { thingName, namespaceId }) },
  { weight: 1, arbitrary: command('iotjobsdata:DescribeJobExecution', { thingName, jobId, executionNumber }) },
  { weight: 2, arbitrary: command('iot:CreateThing', { thingName }) },
  { weight: 1, arbitrary: command('iot:DeleteThing', { thingName }) },
  { weight: 3, arbitrary: command('iot:AddThingToThingGroup', { thingName, thingGroupName }) },
  { weight: 2, arbitrary: command('iot:RemoveThingFromThingGroup', { thingName, thingGroupName }) },
  {
    weight: 1,
    arbitrary: command('iot:UpdateThingGroupsForThing', {
      thingName,
      thingGroupsToAdd: fc.array(thingGroupName, { maxLength: 2 }),
      thingGroupsToRemove: fc.array(thingGroupName, { maxLength: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: command('iot:CreateThingGroup', {
      thingGroupName,
      parentGroupName: fc.constantFrom(undefined, 'g'),
    }),
  },
  { weight: 1, arbitrary: command('iot:DeleteThingGroup', { thingGroupName }) },
  { weight: 1, arbitrary: command('iot:UpdateJob', { jobId, description: fc.constant('other') }) },
  { weight: 2, arbitrary: command('iot:CancelJob', { jobId, force }) },
  { weight: 2, arbitrary: command('iot:CancelJobExecution', { jobId, thingName, force, statusDetails }) },
  { weight: 2, arbitrary: command('iot:DeleteJob', { jobId, force }) },
  {
    weight: 2,
    arbitrary: command('iot:DeleteJobExecution', {
      jobId,
      thingName,
      executionNumber: fc.constantFrom(1, 2, 3),
      force,
    }),
  },
  {
    weight: 1,
    arbitrary: command('iot:AssociateTargetsWithJob', { jobId, targets: fc.array(target, { minLength: 1 }) }),
  },
  {
    weight: 1,
    arbitrary: command('iot:UpdateEventConfigurations', {
      eventConfigurations: fc.constantFrom(
        { JOB: { Enabled: true }, JOB_EXECUTION: { Enabled: true } },
        { JOB: { Enabled: false } },
      ),
    }),
  },
  { weight: 3, arbitrary: command('jobrig:Wake', {}) },
);

const steps = fc.array(fc.record({ command: commands, pause: fc.constantFrom(0, 0, 1, 1000, 61_000) }), {
  maxLength: 60,
  size: 'max',
});

interface Picture {
  readonly rows: readonly Required<Change>[];
  readonly jobs: ReadonlyMap<string, JobRow>;
  readonly executions: ReadonlyMap<string, ExecutionRow>;
}

function pictureOf(world: World): Picture {
  const rows = rowsOf(world.engine);
  return {
    rows,
    jobs: table<JobRow>(rows, 'job'),
    executions: table<ExecutionRow>(rows, 'jobExecution'),
  };
}

function table<Row>(rows: readonly Required<Change>[], name: string): Map<string, Row> {
  return new Map(rows.filter((row) => row.table === name).map(({ key, row }) => [key, row as Row]));
}

/** Identity of an execution is its job and number; one under a reused number is another, queued later. */
function identityOf({ jobId: id, executionNumber: number, sequence }: ExecutionRow): string {
  return `${id}#${number}@${sequence}`;
}

type Queues = ReadonlyMap<string, readonly ExecutionRow[]>;

/** Pending executions that are not hidden, by thing and namespace, in AWS's order: the specification of the queue, by sorting. */
function queuesOf({ executions }: Picture): Queues {
  const queues = new Map<string, ExecutionRow[]>();
  for (const row of executions.values()) {
    if (!isPending(row.status) || row.hidden === true) continue;
    const key = queueKey(row);
    queues.set(key, [...(queues.get(key) ?? []), row]);
  }
  for (const queue of queues.values()) {
    queue.sort((a, b) => rank(a) - rank(b) || a.queuedAt - b.queuedAt || a.sequence - b.sequence);
  }
  return queues;
}

function rank({ status }: ExecutionRow): number {
  return status === 'IN_PROGRESS' ? 0 : 1;
}

function queueKey({ thingName: name, namespaceId: space }: { thingName: string; namespaceId?: string }): string {
  return `${name}/${space ?? ''}`;
}

interface Step {
  readonly command: Command;
  readonly outcome: Outcome;
  readonly before: Picture;
  readonly after: Picture;
  readonly world: World;
}

function run(given: readonly { command: Command; pause: number }[], check: (step: Step) => void): void {
  const world = new World();
  world.things('t1', 't2', 't3');
  world.group('g', 't1', 't2');
  world.ok('iot:CreateThingGroup', { thingGroupName: 'g-child', parentGroupName: 'g' });
  world.group('h', 't2');
  let before = pictureOf(world);
  for (const { command: given1, pause } of given) {
    world.now += pause;
    const outcome: Outcome = world.engine.apply(given1, world.now);
    const after = pictureOf(world);
    check({ command: given1, outcome, before, after, world });
    before = after;
  }
  world.finish();
}

function law(claim: string, check: (step: Step) => void, numRuns = 120): void {
  it(claim, () => {
    fc.assert(
      fc.property(steps, (given) => run(given, check)),
      { numRuns },
    );
  });
}

describe('whatever is asked', () => {
  law('a rejected command changes nothing and says nothing', ({ outcome, before, after }) => {
    if (outcome.reply.accepted) return;
    expect(outcome.changes).toEqual([]);
    expect(outcome.effects).toEqual([]);
    expect(after.rows).toEqual(before.rows);
  });

  law('changes are exactly the difference', ({ outcome, before, after }) => {
    const kept = new Rows();
    kept.keep(before.rows);
    kept.keep(outcome.changes);
    expect(kept.all()).toEqual(after.rows);
  });

  law('versions grow by one with each accepted update, and by nothing else of the device', (step) => {
    const { outcome, before, after } = step;
    for (const [key, row] of after.executions) {
      const earlier = before.executions.get(key);
      if (earlier === undefined || earlier.sequence !== row.sequence) {
        expect(row.versionNumber).toBe(1);
        continue;
      }
      const grown = row.versionNumber - earlier.versionNumber;
      const hasMoved = earlier.status !== row.status || earlier.lastUpdatedAt !== row.lastUpdatedAt;
      if (!hasMoved && step.command.name !== 'iotjobsdata:UpdateJobExecution') expect(grown).toBe(0);
      else expect([0, 1]).toContain(grown);
      if (earlier.status !== row.status) expect(grown).toBe(row.status === 'REMOVED' ? 0 : 1);
    }
    if (step.command.name !== 'iotjobsdata:UpdateJobExecution' || !outcome.reply.accepted) return;
    const changed = [...after.executions].filter(
      ([key, row]) => before.executions.get(key)?.versionNumber === row.versionNumber - 1,
    );
    expect(changed.length).toBeGreaterThanOrEqual(1);
  });

  law('a terminal execution never changes', ({ before, after }) => {
    for (const [key, earlier] of before.executions) {
      const row = after.executions.get(key);
      if (isPending(earlier.status) || row === undefined || row.sequence !== earlier.sequence) continue;
      expect(row).toEqual(earlier);
    }
  });

  law('counts equal executions', ({ after, world }) => {
    for (const id of after.jobs.keys()) {
      const details = world.jobOf(id)!.jobProcessDetails!;
      const counts: Record<JobExecutionStatus, number | undefined> = {
        QUEUED: details.numberOfQueuedThings,
        IN_PROGRESS: details.numberOfInProgressThings,
        SUCCEEDED: details.numberOfSucceededThings,
        FAILED: details.numberOfFailedThings,
        TIMED_OUT: details.numberOfTimedOutThings,
        REJECTED: details.numberOfRejectedThings,
        REMOVED: details.numberOfRemovedThings,
        CANCELED: details.numberOfCanceledThings,
      };
      const rows = [...after.executions.values()].filter((row) => row.jobId === id);
      for (const status of jobExecutionStatuses) {
        expect(counts[status]).toBe(rows.filter((row) => row.status === status).length);
      }
    }
  });

  law('a thing has at most one pending execution of a job, and it is the newest', ({ after }) => {
    const rows = [...after.executions.values()];
    for (const row of rows.filter(({ status }) => isPending(status))) {
      const siblings = rows.filter((other) => other.jobId === row.jobId && other.thingName === row.thingName);
      expect(row.executionNumber).toBe(Math.max(...siblings.map((other) => other.executionNumber)));
    }
  });

  law('a new execution has the highest number + 1', ({ before, after }) => {
    for (const [key, row] of after.executions) {
      if (before.executions.get(key)?.sequence === row.sequence) continue;
      const others = [...after.executions.values()].filter(
        (other) => other.jobId === row.jobId && other.thingName === row.thingName && other.sequence < row.sequence,
      );
      expect(row.executionNumber).toBe(Math.max(0, ...others.map((other) => other.executionNumber)) + 1);
    }
  });

  law('a SNAPSHOT job is IN_PROGRESS exactly while something is pending or to come', ({ after }) => {
    for (const [id, job] of after.jobs) {
      if (job.targetSelection !== 'SNAPSHOT' || (job.status !== 'IN_PROGRESS' && job.status !== 'COMPLETED')) continue;
      const isAtWork = after.rows.some((row) => row.table === 'work' && row.key === `job/${id}`);
      const pending =
        isAtWork || [...after.executions.values()].some((row) => row.jobId === id && isPending(row.status));
      expect(job.status).toBe(pending ? 'IN_PROGRESS' : 'COMPLETED');
      expect(job.completedAt !== undefined).toBe(job.status === 'COMPLETED');
    }
  });
});

describe('what a device sees', () => {
  law('the pending list and $next follow AWS’s order, without jobs that are being deleted', ({ after, world }) => {
    const queues = queuesOf(after);
    for (const name of ['t1', 't2', 't3']) {
      for (const space of [undefined, 'ns']) {
        const request = { thingName: name, namespaceId: space };
        const { reply } = world.engine.apply({ name: 'iotjobsdata:GetPendingJobExecutions', request }, world.now);
        if (!reply.accepted) continue;
        const queue = (queues.get(queueKey(request)) ?? []).filter(
          (row) => after.jobs.get(row.jobId)?.status !== 'DELETION_IN_PROGRESS',
        );
        expect(plain([...reply.response.inProgress, ...reply.response.queued])).toEqual(queue);
        const next = world.ok('iotjobsdata:DescribeJobExecution', { ...request, jobId: '$next' });
        expect(plain(next.execution)).toEqual(queue[0]);
      }
    }
  });

  law('it is notified if and only if its set changed; of the next one if and only if the head is another', (step) => {
    const before = queuesOf(step.before);
    const after = queuesOf(step.after);
    for (const key of new Set([...before.keys(), ...after.keys(), ...step.outcome.effects.flatMap(effectKey)])) {
      const old = before.get(key) ?? [];
      const now = after.get(key) ?? [];
      const said = step.outcome.effects.filter((effect) => effectKey(effect).includes(key));
      const notifies = said.filter((effect) => effect.kind === 'notify');
      const nexts = said.filter((effect) => effect.kind === 'notify-next');
      const isSameSet = old.map(identityOf).sort().join() === now.map(identityOf).sort().join();
      expect(notifies.length > 0).toBe(!isSameSet);
      const oldHead = old[0] && identityOf(old[0]);
      const newHead = now[0] && identityOf(now[0]);
      expect(nexts.length > 0).toBe(oldHead !== newHead);
      const last = notifies.at(-1);
      if (last !== undefined) expect(plain([...last.inProgress, ...last.queued])).toEqual(now);
      const lastNext = nexts.at(-1);
      if (lastNext !== undefined) expect(plain(lastNext.head)).toEqual(now[0]);
      if (notifies.length > 0 && nexts.length > 0) expect(said[0]?.kind).toBe('notify');
    }
  });
});

function effectKey(effect: Effect): string[] {
  return effect.kind === 'event' || effect.kind === 'principal' ? [] : [queueKey(effect)];
}

describe('an engine built from the rows', () => {
  it('goes on exactly as the first one would', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.nat(), { maxLength: 3 }), (given, restarts) => {
        const first = new World();
        const kept = new Rows();
        for (const thing of ['t1', 't2', 't3']) kept.keep(first.apply('iot:CreateThing', { thingName: thing }).changes);
        let second = new World(kept.all(), first.now);
        for (const [index, { command: next, pause }] of given.entries()) {
          first.now += pause;
          if (restarts.some((at) => at % given.length === index)) second = new World(kept.all());
          const outcome: Outcome = first.engine.apply(next, first.now);
          kept.keep(outcome.changes);
          expect(plain(second.engine.apply(next, first.now))).toEqual(plain(outcome));
          expect(second.engine.nextDeadline()).toBe(first.engine.nextDeadline());
        }
        expect(rowsOf(new World(kept.all()).engine)).toEqual(rowsOf(first.engine));
      }),
      { numRuns: 200 },
    );
  });
});

describe('what was handed out', () => {
  it('never changes afterwards', () => {
    fc.assert(
      fc.property(steps, (given) => {
        const outcomes: Outcome[] = [];
        const copies: string[] = [];
        run(given, ({ outcome }) => {
          outcomes.push(outcome);
          copies.push(JSON.stringify(outcome));
        });
        expect(outcomes.map((outcome) => JSON.stringify(outcome))).toEqual(copies);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a deleted job', () => {
  it('leaves nothing behind and frees its id', () => {
    fc.assert(
      fc.property(steps, (given) => {
        const world = new World();
        world.things('t1', 't2', 't3');
        world.group('g', 't1', 't2');
        for (const { command: next, pause } of given) {
          world.now += pause;
          world.engine.apply(next, world.now);
        }
        for (const id of ['j1', 'j2', 'j3']) world.apply('iot:DeleteJob', { jobId: id, force: true });
        world.settle();
        expect(rowsOf(world.engine).filter(({ table: name }) => /^(job|jobExecution|work|tag)$/.test(name))).toEqual(
          [],
        );
        expect(world.engine.nextDeadline()).toBeUndefined();
        expect(world.ok('iot:ListJobs', {}).jobs).toEqual([]);
        world.apply('iot:CreateThing', { thingName: 't1' });
        expect(world.pending('t1')).toEqual({ inProgress: [], queued: [] });
        world.job('j1', [thingArn('t1')]);
        expect(world.execution('j1', 't1')?.executionNumber).toBe(1);
      }),
      { numRuns: 200 },
    );
  });
});
