import { describe, expect, it } from 'vitest';
import { profiles } from '../../broker/engine/profile.ts';
import {
  executionTransitions,
  findTransition,
  mayMoveJob,
  versionAfter,
  type Actor,
} from '../../broker/engine/transitions.ts';
import {
  isTerminal,
  jobExecutionStatuses,
  jobStatuses,
  type JobExecutionStatus,
  type JobStatus,
} from '../../protocol/status.ts';
import { thingArn, World } from './world.ts';

const actors: readonly Actor[] = ['device', 'operator', 'service'];

/** reference lifecycle.md §3, once more and by hand: from, to, actor, whether forced, what the version gains. */
const allowed = new Map<string, number>([
  ['QUEUED IN_PROGRESS device', 1],
  ['QUEUED SUCCEEDED device', 1],
  ['QUEUED FAILED device', 1],
  ['QUEUED REJECTED device', 1],
  ['QUEUED CANCELED operator', 1],
  ['QUEUED CANCELED operator force', 1],
  ['QUEUED REMOVED service', 0],
  ['IN_PROGRESS IN_PROGRESS device', 1],
  ['IN_PROGRESS SUCCEEDED device', 1],
  ['IN_PROGRESS FAILED device', 1],
  ['IN_PROGRESS REJECTED device', 1],
  ['IN_PROGRESS TIMED_OUT service', 1],
  ['IN_PROGRESS CANCELED operator force', 1],
  ['IN_PROGRESS REMOVED service', 0],
]);

describe('the table of transitions', () => {
  for (const from of jobExecutionStatuses) {
    for (const to of jobExecutionStatuses) {
      for (const actor of actors) {
        it(`${from} → ${to} by the ${actor} is as the reference has it`, () => {
          const key = `${from} ${to} ${actor}`;
          const step = (force: boolean): number | undefined => {
            const transition = findTransition(from, to, actor, force);
            return transition && versionAfter(7, transition, profiles.observed) - 7;
          };
          expect(step(false)).toBe(allowed.get(key));
          expect(step(true)).toBe(allowed.get(`${key} force`) ?? allowed.get(key));
        });
      }
    }
  }

  it('has nothing that leads out of a terminal status', () => {
    for (const status of jobExecutionStatuses) {
      expect(Object.keys(executionTransitions[status]).length > 0).toBe(!isTerminal(status));
    }
  });

  it('makes a time-out no new version where the profile says so (A31)', () => {
    const timeOut = findTransition('IN_PROGRESS', 'TIMED_OUT', 'service', false)!;
    expect(versionAfter(7, timeOut, profiles.observed)).toBe(8);
    expect(versionAfter(7, timeOut, profiles.documented)).toBe(7);
  });
});

/** reference lifecycle.md §2, once more and by hand: from, to, actor, whether forced. */
const jobMoves = new Set([
  'SCHEDULED IN_PROGRESS service',
  'SCHEDULED CANCELED operator',
  'SCHEDULED DELETION_IN_PROGRESS operator force',
  'IN_PROGRESS SCHEDULED service',
  'IN_PROGRESS COMPLETED service',
  'IN_PROGRESS CANCELED operator',
  'IN_PROGRESS DELETION_IN_PROGRESS operator force',
  'COMPLETED DELETION_IN_PROGRESS operator',
  'CANCELED DELETION_IN_PROGRESS operator',
]);

describe('the table of job transitions', () => {
  for (const from of jobStatuses) {
    for (const to of jobStatuses) {
      for (const actor of actors) {
        it(`${from} → ${to} by the ${actor} is as the reference has it`, () => {
          const key = `${from} ${to} ${actor}`;
          expect(mayMoveJob(from, to, actor, false)).toBe(jobMoves.has(key));
          expect(mayMoveJob(from, to, actor, true)).toBe(jobMoves.has(key) || jobMoves.has(`${key} force`));
        });
      }
    }
  }
});

/** Brings job j into a status by the means that AWS has for it. */
const reachJob: { readonly [Status in JobStatus]: (world: World) => void } = {
  SCHEDULED: (world) => world.job('j', [thingArn('t')], { schedulingConfig: { startTime: '2030-01-01T00:00:00Z' } }),
  IN_PROGRESS: (world) => world.job('j', [thingArn('t')]),
  COMPLETED: (world) => {
    world.job('j', [thingArn('t')]);
    world.update('t', 'j', 'SUCCEEDED');
  },
  CANCELED: (world) => {
    world.job('j', [thingArn('t')]);
    world.ok('iot:CancelJob', { jobId: 'j' });
  },
  DELETION_IN_PROGRESS: (world) => {
    world.job('j', [thingArn('t')]);
    world.ok('iot:DeleteJob', { jobId: 'j', force: true });
  },
};

describe.each(jobStatuses)('a job that is %s', (status) => {
  const worldOf = (): World => {
    const world = new World();
    world.things('t');
    reachJob[status](world);
    expect(world.jobOf('j')?.status).toBe(status);
    return world;
  };

  it.each([false, true])('is canceled if the table says so (force: %s)', (force) => {
    const world = worldOf();
    if (jobMoves.has(`${status} CANCELED operator`)) {
      world.ok('iot:CancelJob', { jobId: 'j', force });
      expect(world.jobOf('j')).toMatchObject({ status: 'CANCELED', lastUpdatedAt: world.now });
    } else {
      expect(world.refused('iot:CancelJob', { jobId: 'j', force }).code).toBe('InvalidRequest');
    }
  });

  it.each([false, true])('is deleted if the table says so (force: %s)', (force) => {
    const world = worldOf();
    const move = `${status} DELETION_IN_PROGRESS operator`;
    if (jobMoves.has(move) || (force && jobMoves.has(`${move} force`))) {
      world.ok('iot:DeleteJob', { jobId: 'j', force });
      expect(world.jobOf('j')?.status).toBe('DELETION_IN_PROGRESS');
    } else {
      expect(world.refused('iot:DeleteJob', { jobId: 'j', force }).code).toBe('InvalidStateTransition');
    }
  });
});

/** Brings the execution of job j on thing t into a status by the means that AWS has for it. */
const reach: { readonly [Status in JobExecutionStatus]: (world: World) => void } = {
  QUEUED: () => undefined,
  IN_PROGRESS: (world) => world.update('t', 'j', 'IN_PROGRESS'),
  SUCCEEDED: (world) => world.update('t', 'j', 'SUCCEEDED'),
  FAILED: (world) => world.update('t', 'j', 'FAILED'),
  REJECTED: (world) => world.update('t', 'j', 'REJECTED'),
  TIMED_OUT: (world) => {
    world.update('t', 'j', 'IN_PROGRESS', { stepTimeoutInMinutes: 1 });
    world.pass(60_000);
  },
  CANCELED: (world) => world.ok('iot:CancelJobExecution', { jobId: 'j', thingName: 't' }),
  REMOVED: (world) => world.leave('t', 'g'),
};

function worldWith(status: JobExecutionStatus): World {
  const world = new World();
  world.things('t', 'other');
  world.group('g', 't', 'other');
  world.job('j', ['arn:aws:iot:eu-west-1:123456789012:thinggroup/g'], { targetSelection: 'CONTINUOUS' });
  reach[status](world);
  expect(world.execution('j', 't')?.status).toBe(status);
  return world;
}

describe('UpdateJobExecution', () => {
  for (const from of jobExecutionStatuses) {
    for (const to of jobExecutionStatuses) {
      const step = allowed.get(`${from} ${to} device`);
      it(`${step === undefined ? 'refuses' : 'makes'} ${from} → ${to}`, () => {
        const world = worldWith(from);
        const before = world.execution('j', 't')!;
        const request = { thingName: 't', jobId: 'j', status: to };
        if (step === undefined) {
          const refusal = world.refused('iotjobsdata:UpdateJobExecution', request);
          expect(refusal.code).toBe('InvalidStateTransition');
          expect(refusal.message).toBe(`The status of job execution cannot be changed to be ${to}`);
          expect(refusal.executionState).toMatchObject({ status: from, versionNumber: before.versionNumber });
        } else {
          world.ok('iotjobsdata:UpdateJobExecution', request);
          expect(world.execution('j', 't')).toMatchObject({ status: to, versionNumber: before.versionNumber! + step });
        }
      });
    }
  }
});

describe('CancelJobExecution', () => {
  for (const from of jobExecutionStatuses) {
    for (const force of [false, true]) {
      const step = allowed.get(`${from} CANCELED operator${force ? ' force' : ''}`);
      it(`${step === undefined ? 'refuses' : 'cancels'} ${from} ${force ? 'with' : 'without'} force`, () => {
        const world = worldWith(from);
        const before = world.execution('j', 't')!;
        const request = { thingName: 't', jobId: 'j', force };
        if (step === undefined) {
          expect(world.refused('iot:CancelJobExecution', request).code).toBe('InvalidStateTransition');
        } else {
          world.ok('iot:CancelJobExecution', request);
          expect(world.execution('j', 't')).toMatchObject({
            status: 'CANCELED',
            versionNumber: before.versionNumber! + 1,
            forceCanceled: force ? true : undefined,
          });
        }
      });
    }
  }
});

describe('DeleteJobExecution', () => {
  for (const from of jobExecutionStatuses) {
    for (const force of [false, true]) {
      const isRefused = from === 'IN_PROGRESS' && !force;
      it(`${isRefused ? 'refuses' : 'deletes'} ${from} ${force ? 'with' : 'without'} force`, () => {
        const world = worldWith(from);
        const request = { thingName: 't', jobId: 'j', executionNumber: 1, force };
        if (isRefused) {
          expect(world.refused('iot:DeleteJobExecution', request).code).toBe('InvalidStateTransition');
        } else {
          world.ok('iot:DeleteJobExecution', request);
          expect(world.execution('j', 't')).toBeUndefined();
        }
      });
    }
  }
});

describe('a deleted thing', () => {
  for (const from of jobExecutionStatuses) {
    it(`leaves an execution that was ${from} ${isTerminal(from) ? 'as it is' : 'REMOVED'}`, () => {
      const world = worldWith(from);
      const before = world.execution('j', 't')!;
      world.ok('iot:DeleteThing', { thingName: 't' });
      expect(world.execution('j', 't')).toMatchObject({
        status: isTerminal(from) ? from : 'REMOVED',
        versionNumber: before.versionNumber,
      });
      expect(thingArn('t')).toBe(before.thingArn);
    });
  }
});
