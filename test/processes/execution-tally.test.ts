/** What is counted is what observers are told, alike ones together. */
import { describe, expect, it } from 'vitest';
import { createExecutionChanges } from '../../broker/engine/execution-changes.ts';
import type { Change, CommandOf, OperationName, RequestOf } from '../../broker/engine/contract.ts';
import { ExecutionTally } from '../../broker/processes/execution-tally.ts';
import { World, thingArn } from '../engine/world.ts';

describe('the tally of executions', () => {
  it('counts what an observer is told, and begins anew when it was written', () => {
    const tally = new ExecutionTally();
    const seen = new Map<string, number>();
    const changes = createExecutionChanges(
      {
        execution({ execution: { jobId }, status, versionNumber }) {
          const key = `${jobId} ${status} ${status === 'DELETED' ? 0 : versionNumber}`;
          seen.set(key, (seen.get(key) ?? 0) + 1);
        },
      },
      [],
    );
    class CountedWorld extends World {
      override apply<Name extends OperationName>(name: Name, request: RequestOf<Name>) {
        const outcome = super.apply(name, request);
        changes.tell({ name, request } as CommandOf<OperationName>, outcome.changes, this.now);
        const isOfExecutions = outcome.changes.some(({ table }: Change) => table === 'jobExecution');
        expect(tally.add(outcome.changes)).toBe(isOfExecutions);
        return outcome;
      }
    }
    const world = new CountedWorld();
    world.things('t', 'u', 'v');
    for (const jobId of ['a', 'b']) world.job(jobId, [thingArn('t'), thingArn('u'), thingArn('v')]);
    world.update('t', 'a', 'IN_PROGRESS');
    world.update('u', 'a', 'IN_PROGRESS');
    world.update('t', 'a', 'IN_PROGRESS', { statusDetails: { at: '1' } });
    world.update('t', 'a', 'SUCCEEDED');
    world.ok('iot:CancelJobExecution', { jobId: 'a', thingName: 'u', force: true });
    world.ok('iot:DeleteJobExecution', { jobId: 'b', thingName: 'u', executionNumber: 1 });
    world.ok('iot:DeleteJob', { jobId: 'b', force: true });
    world.settle();
    const counted = tally
      .toJSON()
      .map(({ jobId, status, versionNumber, count }) => [`${jobId} ${status} ${versionNumber}`, count]);
    expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(seen));
    expect(seen.get('b DELETED 0')).toBe(3);
    expect(tally.toJSON()).toEqual([]);
  });
});
