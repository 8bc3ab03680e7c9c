import { describe, expect, it } from 'vitest';
import { startPaced } from '../../agent/paced.ts';

describe('a pace', () => {
  it.each([
    [7, 20],
    [35, 40],
    [500, 200],
    [3000, 900],
  ])('of %i a second is kept', async (perSecond, count) => {
    const startedAt = performance.now();
    let started = 0;
    await startPaced({ count: Math.min(count, perSecond), perSecond, start: () => (started += 1) });
    const tookMs = performance.now() - startedAt;
    const dueMs = ((started - 1) * 1000) / perSecond;
    expect(tookMs).toBeGreaterThanOrEqual(dueMs - 1);
    expect(tookMs).toBeLessThan(dueMs + 300);
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
    await done;
    expect(at[10]! - at[9]!).toBeGreaterThanOrEqual(149);
    expect(at[19]! - at[10]!).toBeGreaterThanOrEqual(80);
  });

  it('ends with the reason of its signal', async () => {
    const controller = new AbortController();
    const start = (index: number): void => {
      if (index === 2) controller.abort(new Error('enough'));
    };
    await expect(startPaced({ count: 1000, perSecond: 50, start, signal: controller.signal })).rejects.toThrow(
      'enough',
    );
    const ended = startPaced({ count: 1, perSecond: 1, start, signal: controller.signal });
    await expect(ended).rejects.toThrow('enough');
  });
});
