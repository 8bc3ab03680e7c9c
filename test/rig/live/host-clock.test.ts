import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHostClock, longestTurnMs } from '../../../rig/live/host-clock.ts';

const timeScale = 20;

/** A wall clock of which the machine says when it looks at it: time passes in turns of the process. */
function machine() {
  let wallMs = 1_000_000;
  const clock = createHostClock({ timeScale, startAt: 0, wall: () => wallMs });
  return {
    clock,
    /** A turn of the process takes so long; then it looks at the clock. */
    turn(tookMs: number) {
      wallMs += tookMs;
      vi.advanceTimersByTime(20);
    },
  };
}

describe('the clock of a live run', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('runs at its scale while turns are short', () => {
    const { clock, turn } = machine();
    for (let turns = 0; turns < 100; turns += 1) turn(5);
    expect(clock.now()).toBe(100 * 5 * timeScale);
    expect(clock.behindMs()).toBe(0);
    expect(clock.pace()).toBeCloseTo(timeScale);
    clock[Symbol.dispose]();
  });

  it.each([50, 1000, 60_000])('counts no more than a longest turn of a turn that took %d ms', (tookMs) => {
    const { clock, turn } = machine();
    turn(tookMs);
    expect(clock.now()).toBe(longestTurnMs);
    expect(clock.behindMs()).toBeCloseTo(tookMs - longestTurnMs / timeScale);
    clock[Symbol.dispose]();
  });

  it('never goes back, and stands still in the middle of a turn that is too long', () => {
    let wallMs = 0;
    const clock = createHostClock({ timeScale, startAt: 0, wall: () => wallMs });
    let before = clock.now();
    for (let at = 0; at < 3000; at += 7) {
      wallMs = at;
      if (at % 91 === 0) vi.advanceTimersByTime(10);
      expect(clock.now()).toBeGreaterThanOrEqual(before);
      before = clock.now();
    }
    clock[Symbol.dispose]();
  });

  it('rings a timer never before its time, however slow the machine is', async () => {
    vi.useRealTimers();
    using clock = createHostClock({ timeScale: 100 });
    const at = clock.now() + 3000;
    const block = setInterval(() => {
      const until = performance.now() + 8;
      while (performance.now() < until);
    }, 1);
    await new Promise<void>((rung) => clock.setTimer(at, rung));
    clearInterval(block);
    expect(clock.now()).toBeGreaterThanOrEqual(at);
    expect(clock.now()).toBeLessThan(at + 3 * longestTurnMs);
    expect(clock.behindMs()).toBeGreaterThan(0);
    expect(clock.pace()).toBeLessThan(100);
  });

  it('rings no timer that was taken back', () => {
    const { clock, turn } = machine();
    const ring = vi.fn();
    clock.setTimer(100, ring)();
    for (let turns = 0; turns < 10; turns += 1) turn(10);
    expect(ring).not.toHaveBeenCalled();
    clock[Symbol.dispose]();
  });
});
