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

  it('takes the event of an alarm once, at the instant that was set last', () => {
    const act = fc.record({ alarm: fc.nat(4), delay: fc.option(fc.nat(20)), take: fc.boolean() });
    fc.assert(
      fc.property(fc.array(act), (acts) => {
        const queue = createEventQueue<number>(0);
        const alarms = Array.from({ length: 5 }, (_, name) => queue.alarm(name));
        const due: { at: number; name: number }[] = [];
        for (const { alarm, delay, take } of acts) {
          const known = due.findIndex(({ name }) => name === alarm);
          const at = delay === null ? undefined : queue.now + delay;
          if (at === undefined) alarms[alarm]!.clear();
          else alarms[alarm]!.set(at);
          // One that stays where it was keeps its turn.
          if (known !== -1 && due[known]!.at !== at) due.splice(known, 1);
          if (at !== undefined && !due.some(({ name }) => name === alarm)) due.push({ at, name: alarm });
          expect(alarms[alarm]!.at).toBe(at);
          if (!take) continue;
          const [next] = [...due].sort((a, b) => a.at - b.at);
          expect(queue.take()).toBe(next?.name);
          due.splice(next === undefined ? 0 : due.indexOf(next), next === undefined ? 0 : 1);
        }
        expect(queue.length).toBe(due.length);
      }),
    );
  });
});
