import { describe, expect, it } from 'vitest';
import type { Observation } from '../../../observation/observation.ts';
import { createDirector } from '../../../rig/scenario/director.ts';
import { readScenario } from '../../../rig/scenario/format/read.ts';

const names = { thingName: () => 'thing-1', jobId: (job: string) => `${job}-1` };

function directorOf(script: string) {
  const read = readScenario(`id: x\nclaim: c\nabout: V1\nscript:\n${script}`);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return createDirector(read.scenario, names);
}

const wire = { source: 'wire', thingName: 'thing-1' } as const;
const connected: Observation = { ...wire, kind: 'connected', at: 1, sessionPresent: false };
const sent = (status?: 'IN_PROGRESS'): Observation => ({
  ...wire,
  kind: 'sent',
  at: 2,
  via: 'mqtt',
  request: { operation: 'UpdateJobExecution', jobId: 'update-1', body: status ? { status } : {} },
});
const did = (deeds: readonly { readonly do: string }[]) => deeds.map((deed) => deed.do);

describe('the director', () => {
  it('does an entry without a trigger at once and arms the next', () => {
    const director = directorOf('  - create-job: update\n  - when: connected\n    do: {power: {off-for: 1 s}}\n');
    expect(did(director.apply({ kind: 'start' }, 0))).toEqual(['create-job']);
    expect(did(director.apply(connected, 1))).toEqual(['power']);
  });

  it('takes a state that already holds: connected', () => {
    const director = directorOf(
      '  - when: settled\n  - when: connected\n    do: create-job: update\n'.replace(
        'do: create-job: update',
        'do: {create-job: update}',
      ),
    );
    director.apply({ kind: 'start' }, 0);
    director.apply(connected, 1);
    expect(did(director.apply({ kind: 'settled' }, 5))).toEqual(['create-job']);
  });

  it('counts from when the entry began to wait, and waits on: nth and after', () => {
    const director = directorOf(
      '  - create-job: update\n  - when: {sent: UpdateJobExecution, status: IN_PROGRESS, nth: 2, after: 2 s}\n    do: {delete-execution: update}\n',
    );
    director.apply({ kind: 'start' }, 0);
    expect(director.apply(sent('IN_PROGRESS'), 10)).toEqual([]);
    expect(director.apply(sent(), 11)).toEqual([]);
    expect(director.apply(sent('IN_PROGRESS'), 12)).toEqual([]);
    expect(director.nextDeadline()).toBe(2012);
    expect(did(director.wake(2012))).toEqual(['delete-execution']);
  });

  it('is over when the script is done and the device has come to rest after it', () => {
    const director = directorOf('  - create-job: update\n  - when: settled\n    do: {create-job: canary}\n');
    director.apply({ kind: 'start' }, 0);
    expect(director.awaitsSettled()).toBe(true);
    director.apply({ kind: 'settled' }, 5);
    expect([director.isOver(), director.awaitsSettled()]).toEqual([false, true]);
    director.apply({ kind: 'settled' }, 9);
    expect(director.isOver()).toBe(true);
  });

  it('waits for silence: idle', () => {
    const director = directorOf('  - when: {idle: 5 s}\n    do: {create-job: update}\n');
    director.apply({ kind: 'start' }, 0);
    expect(director.nextDeadline()).toBe(5000);
    director.apply(sent(), 3000);
    expect(director.nextDeadline()).toBe(8000);
    expect(did(director.wake(8000))).toEqual(['create-job']);
  });
});
