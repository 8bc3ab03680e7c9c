import { describe, expect, it } from 'vitest';
import type { Observation } from '../../../observation/observation.ts';
import { show } from '../../../observation/observers.ts';
import { watchExchanges } from '../../../rig/live/exchange-lag.ts';

const device = { source: 'device', thingName: 'thing-1' } as const;

function asked(at: number, clientToken: string): Observation {
  const request = { operation: 'DescribeJobExecution', jobId: '$next', body: { clientToken } } as const;
  return { ...device, at, kind: 'sent', request, via: 'mqtt' };
}

function answered(at: number, clientToken: string): Observation {
  const payload = { timestamp: 0, clientToken };
  const head = { kind: 'reply', outcome: 'accepted', operation: 'DescribeJobExecution', jobId: '$next' } as const;
  return { ...device, at, kind: 'received', message: { ...head, bytes: 40, payload } };
}

/** By how much the rig was late, as it is told. */
function lagsOf(...seen: readonly Observation[]): readonly number[] {
  const told: number[] = [];
  const watch = watchExchanges(({ behindMs }) => told.push(behindMs));
  for (const one of seen) show(watch.observer, one);
  return told;
}

describe('the lateness of the rig', () => {
  it('is what a device waits for an answer, and is told from a second on', () => {
    expect(lagsOf(asked(0, 'a'), answered(999, 'a'))).toEqual([]);
    expect(lagsOf(asked(0, 'a'), asked(10, 'b'), answered(1500, 'b'), answered(5000, 'a'))).toEqual([1490, 5000]);
  });

  it.each<[string, Observation]>([
    ['a fault touched the device', { ...device, at: 1, kind: 'fault', name: 'service late' }],
    ['the connection was lost', { ...device, at: 1, kind: 'disconnected', end: 'lost' }],
    ['the power was cut', { ...device, at: 1, kind: 'power', on: false }],
    ['the answer had come before', answered(2, 'a')],
  ])('is not told where %s', (_, between) => {
    expect(lagsOf(asked(0, 'a'), between, answered(60_000, 'a'))).toEqual([]);
  });

  it('does not count what a device asked that was made to stand still', () => {
    const told: number[] = [];
    const watch = watchExchanges(({ behindMs }) => told.push(behindMs));
    show(watch.observer, asked(0, 'a'));
    watch.forget('thing-1');
    show(watch.observer, answered(60_000, 'a'));
    expect(told).toEqual([]);
    expect(watch.longestMs).toBe(0);
  });
});
