import { describe, expect, it } from 'vitest';
import type { DeviceEvent } from '../../../agent/device-events.ts';
import type { InjectedFault } from '../../../faults/thing-faults.ts';
import type { OperatorCall } from '../../../rig/live/demo/evidence.ts';
import { timelineOf } from '../../../rig/live/demo/timeline.ts';
import type { TimelineSource } from '../../../rig/live/demo/timeline.ts';
import {
  askNext,
  atStep,
  dead,
  healthy,
  pulledAt,
  received,
  refused,
  sent,
  updateOfDead,
} from '../../support/pulled-device.ts';

const deletion: OperatorCall = {
  at: pulledAt - 100,
  answeredAt: pulledAt,
  operation: 'DeleteJobExecution',
  jobId: dead.jobId,
  thingName: 'thing-1',
  outcome: 'ok',
};

const source: TimelineSource = {
  thingName: 'thing-1',
  events: healthy.events,
  calls: [deletion],
  pull: healthy.pull,
  origin: 1000,
  from: 0,
  to: 100_000,
};

function faultAt(at: number, fault: InjectedFault): DeviceEvent {
  return { at, kind: 'fault', fault };
}

describe('timeline of a device', () => {
  it('puts calls, messages, the pull and the recovery in order of time, counted from the start of the run', () => {
    const { entries, omitted } = timelineOf(source);
    expect(omitted).toBe(0);
    expect(entries.map(({ at, from, to, tone, step }) => [at, `${from} → ${to}`, tone, step])).toEqual([
      [4000, 'device → device', 'plain', 'download'],
      [8000, 'device → device', 'plain', 'write'],
      [8900, 'operator → service', 'pull', 'write'],
      [9000, 'service → service', 'pull', 'write'],
      [9050, 'service → device', 'plain', 'write'],
      [9051, 'device → device', 'bad', 'write'],
      [10_000, 'device → device', 'recovery', 'idle'],
      [10_001, 'device → service', 'plain', 'idle'],
    ]);
  });

  it('names topics as they are on the wire, and marks what was rejected', () => {
    const events = [sent(1000, updateOfDead), received(1001, refused), sent(1002, askNext)];
    const { entries } = timelineOf({ ...source, events, calls: [] });
    expect(entries.slice(0, 3).map(({ topic, tone }) => [topic, tone])).toEqual([
      ['$aws/things/thing-1/jobs/firmware/update', 'plain'],
      ['$aws/things/thing-1/jobs/firmware/update/rejected', 'bad'],
      ['$aws/things/thing-1/jobs/$next/get', 'plain'],
    ]);
  });

  it('marks what went wrong, on the lane of who has the fault', () => {
    const events = [
      faultAt(1000, { name: 'power-cut' }),
      faultAt(1001, { name: 'request lost', operation: 'UpdateJobExecution' }),
      faultAt(1002, { name: 'service RequestThrottled', operation: 'UpdateJobExecution' }),
    ];
    const { entries } = timelineOf({ ...source, events, calls: [] });
    expect(entries.slice(0, 3).map(({ from, label, tone }) => [from, label, tone])).toEqual([
      ['device', 'fault: power-cut', 'fault'],
      ['device', 'fault: request lost (UpdateJobExecution)', 'fault'],
      ['service', 'fault: service RequestThrottled (UpdateJobExecution)', 'fault'],
    ]);
  });

  it('shows only the first entry into a step that is taken once a segment', () => {
    const events = [1, 2, 3].flatMap((at) => [atStep(at * 10, 'download'), atStep(at * 10 + 5, 'write')]);
    const { pull: _pull, ...unpulled } = source;
    const { entries } = timelineOf({ ...unpulled, events, calls: [] });
    expect(entries.map(({ label }) => label)).toEqual(['download', 'write']);
  });

  it('cuts what lies outside of its time, and says how much of a long story it leaves out', () => {
    const events = Array.from({ length: 200 }, (_, index) => sent(2000 + index, askNext));
    const { entries, omitted } = timelineOf({ ...source, events, from: 2010, calls: [{ ...deletion, at: 1 }] });
    expect(entries[0]?.at).toBe(1010);
    expect(entries.length + omitted).toBe(191);
  });
});
