/** How long a verb stays that has nothing to do but to wait. */
import { afterEach, expect, it, vi } from 'vitest';
import { whenAborted } from '../../cli/interruption.ts';
import { msPerDay } from '../../protocol/time.ts';

afterEach(() => void vi.useRealTimers());

it.each([
  [undefined, 60 * msPerDay, false],
  [2000, 1999, false],
  [2000, 2000, true],
])('waits %s ms at most, and without a time until it is asked to end: %d ms', async (timeoutMs, passed, isOver) => {
  vi.useFakeTimers();
  const stop = new AbortController();
  let ended = false;
  const waiting = whenAborted(stop.signal, timeoutMs).then(() => (ended = true));
  await vi.advanceTimersByTimeAsync(passed);
  expect(ended).toBe(isOver);
  expect(vi.getTimerCount() > 0).toBe(!isOver);
  stop.abort();
  await waiting;
  expect(vi.getTimerCount()).toBe(0);
});
