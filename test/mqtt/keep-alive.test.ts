/** How long a client may be silent, by a clock that is moved by hand. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { KeepAlive } from '../../broker/mqtt/keep-alive.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function started(seconds: number) {
  const keepAlive = new KeepAlive();
  const silent = vi.fn();
  keepAlive.start(seconds, silent);
  return { keepAlive, silent };
}

it('notices a client that says nothing for one and a half of its keep-alive', () => {
  const { silent } = started(30);
  vi.advanceTimersByTime(44_999);
  expect(silent).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(silent).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1_000_000);
  expect(silent).toHaveBeenCalledTimes(1);
});

it('counts from what was heard last, with one timer however much that is', () => {
  const { keepAlive, silent } = started(30);
  for (let second = 0; second < 100; second += 1) {
    vi.advanceTimersByTime(1000);
    keepAlive.heardAt = performance.now();
    expect(vi.getTimerCount()).toBe(1);
  }
  vi.advanceTimersByTime(44_999);
  expect(silent).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(silent).toHaveBeenCalledTimes(1);
});

it('notices nothing any more once it is stopped', () => {
  const { keepAlive, silent } = started(30);
  keepAlive.stop();
  vi.advanceTimersByTime(1_000_000);
  expect(silent).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

it('does not count while something waits to be read', () => {
  const keepAlive = new KeepAlive();
  const silent = vi.fn();
  let isUnread = true;
  keepAlive.start(30, silent, () => isUnread);
  vi.advanceTimersByTime(450_000);
  isUnread = false;
  vi.advanceTimersByTime(44_999);
  expect(silent).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(silent).toHaveBeenCalledTimes(1);
});
