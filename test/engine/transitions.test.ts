import { describe, expect, it } from 'vitest';
import { findTransition, transitions, type Actor } from '../../broker/engine/transitions.ts';
import { isTerminal, jobExecutionStatuses, type JobExecutionStatus } from '../../protocol/status.ts';
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
          const unforced = findTransition(from, to, actor);
          const forced = findTransition(from, to, actor, true);
          expect(unforced?.versionStep).toBe(allowed.get(key));
          expect(forced?.versionStep).toBe(allowed.get(`${key} force`) ?? allowed.get(key));
        });
      }
    }
  }

  it('has nothing that leads out of a terminal status', () => {
    for (const status of jobExecutionStatuses) {
      expect(Object.keys(transitions[status]).length > 0).toBe(!isTerminal(status));
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
