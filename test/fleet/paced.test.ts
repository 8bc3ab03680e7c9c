import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startPaced } from '../../agent/paced.ts';

/** How often it looks. */
const tickMs = 10;

describe('a pace', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it.each([
    [7, 7],
    [35, 35],
    [500, 200],
    [3000, 900],
  ])('of %i a second is kept', async (perSecond, count) => {
    const at: number[] = [];
    const startedAt = performance.now();
    const done = startPaced({ count, perSecond, start: () => at.push(performance.now() - startedAt) });
    // Not all timers that there are: what an earlier file left behind may have one that comes again and again.
    await vi.advanceTimersByTimeAsync((count * 1000) / perSecond);
    await done;
    expect(at).toHaveLength(count);
    for (const [index, time] of at.entries()) {
      expect(time).toBeGreaterThanOrEqual((index * 1000) / perSecond - 1);
      expect(time).toBeLessThanOrEqual((index * 1000) / perSecond + tickMs);
    }
  });

  it('waits while there is no room, and then does not make up for it in a burst', async () => {
    let hasRoom = true;
    const at: number[] = [];
    const done = startPaced({
      count: 20,
      perSecond: 100,
      hasRoom: () => hasRoom,
      start(index) {
        at.push(performance.now());
        if (index !== 9) return;
        hasRoom = false;
        setTimeout(() => (hasRoom = true), 150);
      },
    });
    await vi.advanceTimersByTimeAsync(1000);
    await done;
    expect(at[10]! - at[9]!).toBeGreaterThanOrEqual(150);
    expect(at[19]! - at[10]!).toBeGreaterThanOrEqual(80);
  });

  it('ends with the reason of its signal', async () => {
    const controller = new AbortController();
    const start = (index: number): void => {
      if (index === 2) controller.abort(new Error('enough'));
    };
    const { signal } = controller;
    const stopped = expect(startPaced({ count: 1000, perSecond: 50, start, signal })).rejects.toThrow('enough');
    await vi.advanceTimersByTimeAsync(100);
    await stopped;
    await expect(startPaced({ count: 1, perSecond: 1, start, signal })).rejects.toThrow('enough');
  });
});
