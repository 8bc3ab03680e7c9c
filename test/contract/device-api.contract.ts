/**
 * What a device may rely on, whichever door it uses: the four operations told as scenarios against the real engine. Each door
 * gives answers in one common form, in which only what differs by design is evened out: over HTTPS the job document is a
 * string, the thing is named, and a refusal is an exception (reference http-api.md §5, ambiguities.md A7).
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Effect } from '../../broker/engine/contract.ts';
import { createEngine } from '../../broker/engine/engine.ts';
import type { ServicePort } from '../../broker/engine/port.ts';
import { type Runtime, createRuntime } from '../../broker/runtime.ts';
import type { RequestOperation } from '../../protocol/topics.ts';
import { type ManualClock, createManualClock } from '../support/manual-clock.ts';

export interface DeviceRequest {
  readonly operation: RequestOperation;
  readonly jobId?: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

export type DeviceAnswer =
  | { readonly accepted: Readonly<Record<string, unknown>> }
  | {
      /** The data plane's exception. */
      readonly rejected: string;
      readonly message: string;
      readonly executionState?: unknown;
    };

export interface DeviceDoor {
  ask(thingName: string, request: DeviceRequest): Promise<DeviceAnswer>;
  close(): Promise<void>;
}

const startedAt = 1_700_000_000_000;
const seconds = startedAt / 1000;
const jobDocument = { operation: 'firmware', version: '2.0.0', name: 'é\u{1F680}' };
const state = (status: string, versionNumber: number, statusDetails?: object) => ({
  status,
  versionNumber,
  ...(statusDetails && { statusDetails }),
});

export function deviceApiContract(openDoor: (port: ServicePort) => Promise<DeviceDoor>): void {
  let clock: ManualClock;
  let runtime: Runtime;
  let door: DeviceDoor;
  let effects: Effect['kind'][];

  beforeEach(async () => {
    clock = createManualClock(startedAt);
    const engine = createEngine({ identity: { region: 'us-east-1', account: '000000000000' } });
    runtime = createRuntime({ engine, clock });
    door = await openDoor(runtime);
    effects = [];
    operate('iot:CreateThing', { thingName: 'T' });
    runtime.onEffect(({ kind }) => effects.push(kind));
  });

  afterEach(async () => {
    await door.close();
    await runtime.close();
  });

  const operate: (...command: Parameters<typeof commandOf>) => void = (name, request) => {
    runtime.submit(commandOf(name, request), (reply) => {
      if (!reply.accepted) throw new Error(`${name}: ${reply.message}`);
    });
  };
  const createJob = (jobId: string): void => {
    const targets = ['arn:aws:iot:us-east-1:000000000000:thing/T'];
    operate('iot:CreateJob', { jobId, targets, document: JSON.stringify(jobDocument) });
  };
  const ask = (operation: RequestOperation, jobId?: string, body?: DeviceRequest['body']): Promise<DeviceAnswer> =>
    door.ask('T', { operation, ...(jobId !== undefined && { jobId }), ...(body && { body }) });
  const getPending = () => ask('GetPendingJobExecutions');
  const startNext = (body?: DeviceRequest['body']) => ask('StartNextPendingJobExecution', undefined, body);
  const read = (jobId: string, body?: DeviceRequest['body']) => ask('DescribeJobExecution', jobId, body);
  const update = (jobId: string, body: DeviceRequest['body']) => ask('UpdateJobExecution', jobId, body);
  const expectHead = async (jobId: string): Promise<void> => {
    expect(await read('$next')).toMatchObject({ accepted: { execution: { jobId } } });
  };

  describe('with nothing to do', () => {
    it('shows two empty lists and no execution', async () => {
      expect(await getPending()).toEqual({ accepted: { inProgressJobs: [], queuedJobs: [] } });
      expect(await startNext()).toEqual({ accepted: {} });
      expect(await read('$next')).toEqual({ accepted: {} });
    });

    it('knows no thing that is not registered', async () => {
      const answer = await door.ask('nobody', { operation: 'GetPendingJobExecutions' });
      expect(answer).toMatchObject({ rejected: 'ResourceNotFoundException' });
    });
  });

  describe('with one job queued', () => {
    const times = { queuedAt: seconds, lastUpdatedAt: seconds };
    const queued = { jobId: 'J', ...times, versionNumber: 1, executionNumber: 1 };

    beforeEach(() => {
      createJob('J');
      effects.length = 0;
    });

    it('lists it, and reading it starts nothing', async () => {
      expect(await getPending()).toEqual({ accepted: { inProgressJobs: [], queuedJobs: [queued] } });
      const execution = { ...queued, status: 'QUEUED', jobDocument };
      expect(await read('$next')).toEqual({ accepted: { execution } });
      expect(await read('J')).toEqual({ accepted: { execution } });
      expect(await read('J', { executionNumber: 1, includeJobDocument: false })).toEqual({
        accepted: { execution: { ...queued, status: 'QUEUED' } },
      });
      expect(effects).toEqual([]);
    });

    it('starts it once, and again gives it back unchanged', async () => {
      clock.advance(5500);
      const statusDetails = { step: 'receive' };
      const started = {
        accepted: {
          execution: {
            jobId: 'J',
            queuedAt: seconds,
            startedAt: seconds + 5,
            lastUpdatedAt: seconds + 5,
            status: 'IN_PROGRESS',
            statusDetails,
            versionNumber: 2,
            executionNumber: 1,
            jobDocument,
          },
        },
      };
      expect(await startNext({ statusDetails })).toEqual(started);
      expect(await startNext({ statusDetails: { other: 'ignored' } })).toEqual(started);
      expect(effects).toEqual([]);
    });

    it('counts down the time of a step', async () => {
      // AWS shows 599 right after a start with ten minutes (reference mqtt-api.md §4).
      expect(await startNext({ stepTimeoutInMinutes: 10 })).toMatchObject({
        accepted: { execution: { approximateSecondsBeforeTimedOut: 599 } },
      });
      clock.advance(60_000);
      expect(await read('J')).toMatchObject({ accepted: { execution: { approximateSecondsBeforeTimedOut: 539 } } });
      await update('J', { status: 'IN_PROGRESS', stepTimeoutInMinutes: -1 });
      expect(await read('J')).not.toMatchObject({
        accepted: { execution: { approximateSecondsBeforeTimedOut: expect.anything() } },
      });
    });

    it('moves its version by one with each update and replaces the details whole', async () => {
      await startNext({ statusDetails: { a: '1', b: '2' } });
      const asked = { status: 'IN_PROGRESS', includeJobExecutionState: true };
      expect(await update('J', { status: 'IN_PROGRESS' })).toEqual({ accepted: {} });
      expect(await update('J', { ...asked, statusDetails: { c: '3' }, expectedVersion: 3 })).toEqual({
        accepted: { executionState: state('IN_PROGRESS', 4, { c: '3' }) },
      });
      expect(
        await update('J', { ...asked, expectedVersion: '4', statusDetails: {}, includeJobDocument: true }),
      ).toEqual({
        accepted: { executionState: state('IN_PROGRESS', 5), jobDocument },
      });
      expect(effects).toEqual([]);
    });

    it('refuses a stale version with the current state, and changes nothing', async () => {
      await startNext();
      const refused = {
        rejected: 'InvalidStateTransitionException',
        message: 'Expected version 1 but found version 2',
        executionState: state('IN_PROGRESS', 2),
      };
      expect(await update('J', { status: 'SUCCEEDED', expectedVersion: 1 })).toEqual(refused);
      expect(await update('J', { status: 'SUCCEEDED', expectedVersion: 1 })).toEqual(refused);
      expect(effects).toEqual([]);
    });

    it.each(['QUEUED', 'CANCELED', 'TIMED_OUT', 'REMOVED'])('cannot be set to %s by its device', async (status) => {
      expect(await update('J', { status })).toEqual({
        rejected: 'InvalidStateTransitionException',
        message: `The status of job execution cannot be changed to be ${status}`,
        executionState: state('QUEUED', 1),
      });
    });

    it.each(['SUCCEEDED', 'FAILED', 'REJECTED'])('ends with %s, and is history then', async (status) => {
      expect(await update('J', { status, includeJobExecutionState: true })).toEqual({
        accepted: { executionState: state(status, 2) },
      });
      expect(effects).toEqual(['notify', 'notify-next']);
      expect(await read('J')).toEqual({
        rejected: 'TerminalStateException',
        message: 'Job Execution has reached terminal state. It is neither IN_PROGRESS nor QUEUED',
      });
      expect(await update('J', { status: 'IN_PROGRESS' })).toMatchObject({
        rejected: 'InvalidStateTransitionException',
        executionState: state(status, 2),
      });
      expect(await getPending()).toEqual({ accepted: { inProgressJobs: [], queuedJobs: [] } });
    });

    it.each([
      ['another job', () => read('K')],
      ['another job to update', () => update('K', { status: 'FAILED' })],
      ['another execution number', () => read('J', { executionNumber: 2 })],
      ['another execution number to update', () => update('J', { status: 'FAILED', executionNumber: 2 })],
    ])('does not know %s', async (_, request) => {
      expect(await request()).toMatchObject({ rejected: 'ResourceNotFoundException' });
    });

    it.each([
      ['no status', {}],
      ['an unknown status', { status: 'SUCCESS' }],
      ['a status that is no string', { status: 1 }],
      ['a value that is no text', { status: 'FAILED', statusDetails: { a: { b: 'c' } } }],
      ['an empty value', { status: 'FAILED', statusDetails: { a: '' } }],
      ['a bad key', { status: 'FAILED', statusDetails: { 'a b': 'c' } }],
      ['too long a value', { status: 'FAILED', statusDetails: { a: 'x'.repeat(1025) } }],
      [
        'eleven details',
        { status: 'FAILED', statusDetails: Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`k${i}`, 'v'])) },
      ],
      ['no time for a step', { status: 'IN_PROGRESS', stepTimeoutInMinutes: 0 }],
      ['too much time for a step', { status: 'IN_PROGRESS', stepTimeoutInMinutes: 10_081 }],
      ['a version that is no number', { status: 'FAILED', expectedVersion: 'one' }],
    ])('refuses %s and changes nothing', async (_, body) => {
      expect(await update('J', body)).toMatchObject({
        rejected: 'InvalidRequestException',
        message: expect.stringMatching(/\S/),
      });
      expect(await getPending()).toEqual({ accepted: { inProgressJobs: [], queuedJobs: [queued] } });
    });
  });

  describe('with several jobs', () => {
    beforeEach(() => {
      createJob('A');
      clock.advance(1000);
      createJob('B');
    });

    it('works them in order of their queuing, the one under way first', async () => {
      await expectHead('A');
      await update('B', { status: 'IN_PROGRESS' });
      await expectHead('B');
      await update('B', { status: 'SUCCEEDED' });
      await expectHead('A');
    });

    it('is told that an execution is gone when it was deleted under its hands', async () => {
      await startNext();
      operate('iot:DeleteJobExecution', { jobId: 'A', thingName: 'T', executionNumber: 1, force: true });
      for (const answer of [await update('A', { status: 'SUCCEEDED' }), await read('A')]) {
        expect(answer).toMatchObject({ rejected: 'ResourceNotFoundException' });
      }
      await expectHead('B');
    });

    it('is told that an execution is gone while and after its whole job is deleted', async () => {
      await startNext();
      operate('iot:DeleteJob', { jobId: 'A', force: true });
      expect(await update('A', { status: 'SUCCEEDED' })).toMatchObject({ rejected: 'ResourceNotFoundException' });
      await expectHead('B');
      clock.advance(1000);
      expect(await update('A', { status: 'SUCCEEDED' })).toMatchObject({ rejected: 'ResourceNotFoundException' });
    });

    it('gets a job that was made again under the same id as execution number 1, queued', async () => {
      await startNext();
      operate('iot:DeleteJob', { jobId: 'A', force: true });
      clock.advance(1000);
      createJob('A');
      expect(await read('A', { includeJobDocument: false })).toMatchObject({
        accepted: { execution: { status: 'QUEUED', executionNumber: 1, versionNumber: 1, queuedAt: seconds + 2 } },
      });
    });

    it('cannot finish what an operator cancelled by force', async () => {
      await startNext();
      operate('iot:CancelJobExecution', { jobId: 'A', thingName: 'T', force: true });
      expect(await update('A', { status: 'SUCCEEDED' })).toMatchObject({
        rejected: 'InvalidStateTransitionException',
        executionState: state('CANCELED', 3),
      });
    });
  });
}

function commandOf<Name extends Parameters<ServicePort['submit']>[0]['name']>(
  name: Name,
  request: Extract<Parameters<ServicePort['submit']>[0], { name: Name }>['request'],
) {
  return { name, request };
}
