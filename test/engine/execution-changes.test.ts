/** What observers are told of jobs and executions, from nothing but the rows that commands changed. */
import { describe, expect, it } from 'vitest';
import type { Change, CommandOf, OperationName, RequestOf } from '../../broker/engine/contract.ts';
import { createExecutionChanges } from '../../broker/engine/execution-changes.ts';
import type { Observer } from '../../observation/observation.ts';
import { thingArn, World } from './world.ts';

/** An engine whose commands are told of, one line for each observation. */
class ToldWorld extends World {
  readonly lines: string[] = [];
  readonly #observer: Observer = {
    job: ({ jobId, status, by }) => void this.lines.push(`${jobId} ${status} by ${by}`),
    execution: ({ execution, thingName, status, versionNumber, statusDetails, by, force }) =>
      void this.lines.push(
        `${execution.jobId}#${execution.executionNumber} of ${thingName} ${status} v${versionNumber} by ${by}` +
          `${force === true ? ' by force' : ''}${statusDetails ? ` ${JSON.stringify(statusDetails)}` : ''}`,
      ),
  };
  readonly #changes;

  constructor(rows: readonly Required<Change>[] = []) {
    super(rows);
    this.#changes = createExecutionChanges(this.#observer, rows);
  }

  override apply<Name extends OperationName>(name: Name, request: RequestOf<Name>) {
    const outcome = super.apply(name, request);
    if (outcome.reply.accepted) {
      this.#changes.tell({ name, request } as CommandOf<OperationName>, outcome.changes, this.now);
    }
    return outcome;
  }

  told(): string[] {
    return this.lines.splice(0);
  }
}

function told(): ToldWorld {
  const world = new ToldWorld();
  world.things('t', 'u');
  world.job('a', [thingArn('t'), thingArn('u')]);
  expect(world.told()).toEqual([
    'a IN_PROGRESS by operator',
    'a#1 of t QUEUED v1 by operator',
    'a#1 of u QUEUED v1 by operator',
  ]);
  return world;
}

describe('what is told of executions', () => {
  it('names the device for what it reports, and the job when its status changes', () => {
    const world = told();
    world.update('t', 'a', 'IN_PROGRESS', { statusDetails: { at: '1' } });
    world.update('t', 'a', 'SUCCEEDED');
    expect(world.told()).toEqual([
      'a#1 of t IN_PROGRESS v2 by device {"at":"1"}',
      'a#1 of t SUCCEEDED v3 by device {"at":"1"}',
    ]);
    world.update('u', 'a', 'FAILED');
    expect(world.told().toSorted()).toEqual(['a COMPLETED by device', 'a#1 of u FAILED v2 by device']);
  });

  it('says by force where it was, and says so of the executions of a deleted job', () => {
    const world = told();
    world.update('t', 'a', 'IN_PROGRESS');
    world.told();
    world.ok('iot:CancelJobExecution', { jobId: 'a', thingName: 't', force: true });
    world.ok('iot:CancelJobExecution', { jobId: 'a', thingName: 'u' });
    expect(world.told().toSorted()).toEqual([
      'a COMPLETED by operator',
      'a#1 of t CANCELED v3 by operator by force',
      'a#1 of u CANCELED v2 by operator',
    ]);
    world.job('b', [thingArn('t'), thingArn('u')]);
    world.update('t', 'b', 'IN_PROGRESS');
    world.ok('iot:DeleteJobExecution', { jobId: 'b', thingName: 'u', executionNumber: 1 });
    world.told();
    world.ok('iot:DeleteJob', { jobId: 'b', force: true });
    expect(world.told()).toEqual(['b DELETION_IN_PROGRESS by operator']);
    world.settle();
    expect(world.told().toSorted()).toEqual(['b DELETED by service', 'b#1 of t DELETED v2 by operator by force']);
    // The same id again: nothing is left of the deletion.
    world.job('b', [thingArn('t')]);
    world.told();
    world.ok('iot:DeleteJobExecution', { jobId: 'b', thingName: 't', executionNumber: 1 });
    expect(world.told()).toContain('b#1 of t DELETED v1 by operator');
  });

  it('names the service for what time brings', () => {
    const world = new ToldWorld();
    world.things('t');
    world.job('a', [thingArn('t')], { timeoutConfig: { inProgressTimeoutInMinutes: 1 } });
    world.start('t');
    world.told();
    world.pass(60_000);
    expect(world.told().toSorted()).toEqual(['a COMPLETED by service', 'a#1 of t TIMED_OUT v3 by service']);
  });

  it('knows what was there before', () => {
    const before = told();
    const world = new ToldWorld([...before.engine.rows()]);
    world.ok('iot:UpdateJob', { jobId: 'a', description: 'no other status' });
    world.update('t', 'a', 'IN_PROGRESS');
    world.ok('iot:DeleteJobExecution', { jobId: 'a', thingName: 'u', executionNumber: 1 });
    expect(world.told()).toEqual(['a#1 of t IN_PROGRESS v2 by device', 'a#1 of u DELETED v1 by operator']);
  });
});
