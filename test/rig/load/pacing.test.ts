/** When executions begin: in a closed loop by what has landed, in an open loop by the clock, and by a timer only where there is one to wait for. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startFlights } from '../../../rig/load/pacing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function flights(pacing: Parameters<typeof startFlights>[0]['pacing'], total: number) {
  const begun: number[] = [];
  const may = { begin: true };
  const begin = (index: number): boolean => {
    if (may.begin) begun.push(index);
    return may.begin;
  };
  const all = startFlights({ pacing, total, begin, now: () => performance.now() });
  return { all, begun, may };
}

describe('a closed loop', () => {
  it('begins as many as have landed, and waits for no timer meanwhile', () => {
    const { all, begun } = flights({ kind: 'window', window: 3 }, 7);
    expect([begun.length, vi.getTimerCount()]).toEqual([3, 0]);
    all.landed(2);
    expect([begun.length, vi.getTimerCount()]).toEqual([5, 0]);
    all.landed(5);
    expect([begun, vi.getTimerCount()]).toEqual([[0, 1, 2, 3, 4, 5, 6], 0]);
  });

  it('tries again what could not begin yet, until it is stopped', () => {
    const { all, begun, may } = flights({ kind: 'window', window: 3 }, 7);
    may.begin = false;
    all.landed(2);
    vi.advanceTimersByTime(100);
    expect(begun.length).toBe(3);
    may.begin = true;
    vi.advanceTimersByTime(100);
    expect([begun.length, vi.getTimerCount()]).toEqual([5, 0]);
    may.begin = false;
    all.landed(1);
    all.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('begins very many in several turns', () => {
    const { begun } = flights({ kind: 'window', window: 1000 }, 1000);
    expect(begun.length).toBeLessThan(1000);
    vi.advanceTimersByTime(1000);
    expect([begun.length, vi.getTimerCount()]).toEqual([1000, 0]);
  });
});

describe('an open loop', () => {
  it('begins each at its instant, whatever has landed, and is over with the last', () => {
    const { begun } = flights({ kind: 'rate', perSecond: 100 }, 50);
    vi.advanceTimersByTime(200);
    expect(begun.length).toBeGreaterThan(18);
    expect(begun.length).toBeLessThan(23);
    vi.advanceTimersByTime(400);
    expect([begun.length, vi.getTimerCount()]).toEqual([50, 0]);
  });
});
