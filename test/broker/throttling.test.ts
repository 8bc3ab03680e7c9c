/** The rates of an account, in service time: how many pass in a second, for each operation by itself. */
import { describe, expect, it } from 'vitest';
import type { CommandOf, OperationName } from '../../broker/engine/contract.ts';
import { createEngine } from '../../broker/engine/engine.ts';
import { throttled } from '../../broker/throttling.ts';

const start = Date.UTC(2026, 10, 22);
const identity = { region: 'us-east-1', account: '000000000000' };

/** How many of `count` commands at one instant are not throttled. */
function passing(engine: ReturnType<typeof throttled>, command: CommandOf<OperationName>, count: number, at: number) {
  let passed = 0;
  for (let sent = 0; sent < count; sent += 1) {
    const { reply, changes, effects } = engine.apply(command, at);
    if (reply.accepted || reply.code !== 'RequestThrottled') passed += 1;
    else expect({ changes, effects }).toEqual({ changes: [], effects: [] });
  }
  return passed;
}

const job = { name: 'iot:DescribeJob', request: { jobId: 'J' } } as const;
const things = { name: 'iot:CreateThing', request: { thingName: 'T' } } as const;
const pending = { name: 'iotjobsdata:GetPendingJobExecutions', request: { thingName: 'T' } } as const;
const described = { name: 'iotjobsdata:DescribeJobExecution', request: { thingName: 'T', jobId: 'J' } } as const;
const next = { name: 'iotjobsdata:StartNextPendingJobExecution', request: { thingName: 'T' } } as const;
const wake = { name: 'jobrig:Wake', request: {} } as const;

describe('an engine with the rates of AWS', () => {
  it.each([
    [job, 10],
    [things, 100],
    [pending, 200],
    [next, 200],
  ])('%j passes %i times at once, and again after a second', (command, rate) => {
    const engine = throttled(createEngine({ identity }));
    expect(passing(engine, command, rate + 5, start)).toBe(rate);
    expect(passing(engine, command, rate + 5, start + 500)).toBe(rate / 2);
    expect(passing(engine, command, rate + 5, start + 3500)).toBe(rate);
  });

  it('counts what devices read together, and nothing else', () => {
    const engine = throttled(createEngine({ identity }));
    expect(passing(engine, pending, 150, start)).toBe(150);
    expect(passing(engine, described, 150, start)).toBe(50);
    expect(passing(engine, next, 150, start)).toBe(150);
    expect(passing(engine, job, 10, start)).toBe(10);
  });

  it('never holds up its own timer', () => {
    const engine = throttled(createEngine({ identity }));
    expect(passing(engine, wake, 1000, start)).toBe(1000);
  });
});
