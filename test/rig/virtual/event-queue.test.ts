import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventQueue } from '../../../rig/virtual/event-queue.ts';

describe('event queue', () => {
  it('gives events in order of time, and those of one instant in the order they were scheduled', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), (instants) => {
        const queue = createEventQueue<number>(0);
        instants.forEach((at, index) => queue.schedule(at, index));
        const taken = instants.map(() => queue.take());
        const wanted = instants.map((_, index) => index).sort((a, b) => instants[a]! - instants[b]! || a - b);
        expect(taken).toEqual(wanted);
        expect(queue.take()).toBeUndefined();
      }),
    );
  });

  it('never goes back: what is scheduled for the past happens now', () => {
    const queue = createEventQueue<string>(100);
    queue.schedule(200, 'first');
    queue.take();
    queue.schedule(150, 'late');
    expect(queue.nextAt()).toBe(200);
    expect(queue.take()).toBe('late');
    expect(queue.now).toBe(200);
  });

  it('stays in order when events are added between takings', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.boolean())), (steps) => {
        const queue = createEventQueue<number>(0);
        let last = 0;
        for (const [delay, take] of steps) {
          queue.schedule(queue.now + delay, queue.now + delay);
          if (!take) continue;
          const due = queue.take() ?? 0;
          expect(due).toBeGreaterThanOrEqual(last);
          expect(due).toBe(queue.now);
          last = due;
        }
      }),
    );
  });
});
