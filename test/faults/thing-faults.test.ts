import { describe, expect, it } from 'vitest';
import { seededChance } from '../../faults/chance.ts';
import { createLink, type Link } from '../../faults/link.ts';
import { faultsOf, serviceTimedFaults } from '../../faults/thing-faults.ts';
import { parseFaultPlan } from '../../faults/plan-form.ts';
import type { FaultPlan } from '../../faults/plan.ts';

function planOf(...faults: object[]): FaultPlan {
  const parsed = parseFaultPlan({ faults });
  if (!parsed.ok) throw new Error(parsed.problems[0]?.message);
  return parsed.value;
}

describe('faults of a thing', () => {
  it('concern the things that the pattern names, and no others', () => {
    const plan = planOf(
      { kind: 'power-cut', untilMs: 100, forMs: 1, things: 'a*' },
      { kind: 'power-cut', untilMs: 100, forMs: 2, things: 'b1' },
      { kind: 'power-cut', untilMs: 100, forMs: 3 },
    );
    const durations = (thingName: string) =>
      faultsOf(plan, thingName, seededChance(1))
        .timed.map((fault) => ('forMs' in fault ? fault.forMs : 0))
        .sort();
    expect(durations('a7')).toEqual([1, 3]);
    expect(durations('b1')).toEqual([2, 3]);
    expect(durations('b12')).toEqual([3]);
  });

  it('come within their span, in order, as often as asked', () => {
    const plan = planOf({ kind: 'link-lost', fromMs: 50, untilMs: 90, times: 20, forMs: 1 });
    const instants = faultsOf(plan, 't', seededChance(2)).timed.map(({ atMs }) => atMs);
    expect(instants).toHaveLength(20);
    expect(instants).toEqual([...instants].sort((a, b) => a - b));
    expect(Math.min(...instants)).toBeGreaterThanOrEqual(50);
    expect(Math.max(...instants)).toBeLessThanOrEqual(90);
  });

  it('are the same for the same seed, and not changed by those of other things', () => {
    const cut = { kind: 'power-cut', untilMs: 1_000_000, times: 3, forMs: 1 };
    const alone = faultsOf(planOf(cut), 't', seededChance(3)).timed;
    const beside = faultsOf(planOf({ ...cut, things: 'other' }, cut), 't', seededChance(3)).timed;
    expect(beside).toEqual(alone);
    expect(faultsOf(planOf(cut), 'u', seededChance(3)).timed).not.toEqual(alone);
  });

  it('give a message its fault while the window is open, for the direction and operations named', () => {
    const own = faultsOf(
      planOf({
        kind: 'message',
        direction: 'reply',
        effect: 'late',
        fromMs: 10,
        untilMs: 20,
        operations: ['UpdateJobExecution'],
        lateMs: 7,
      }),
      't',
      seededChance(4),
    );
    expect(own.ofMessage('reply', 10, 'UpdateJobExecution')).toMatchObject({ effect: 'late', lateMs: 7 });
    expect(own.ofMessage('reply', 20, 'UpdateJobExecution')).toBeUndefined();
    expect(own.ofMessage('reply', 9, 'UpdateJobExecution')).toBeUndefined();
    expect(own.ofMessage('request', 10, 'UpdateJobExecution')).toBeUndefined();
    expect(own.ofMessage('reply', 10, 'DescribeJobExecution')).toBeUndefined();
    expect(own.ofMessage('reply', 10)).toBeUndefined();
  });

  it('turn the service’s answers as the plan says', () => {
    const own = faultsOf(
      planOf({ kind: 'service', answer: 'RequestThrottled', untilMs: 10, perMillion: 500_000 }),
      't',
      seededChance(5),
    );
    const answers = Array.from({ length: 200 }, () => own.ofAnswer('UpdateJobExecution', false, 1)?.name);
    expect(new Set(answers)).toEqual(new Set([undefined, 'service RequestThrottled']));
  });

  it('say that nothing is pending only to who asks for the next execution', () => {
    const own = faultsOf(planOf({ kind: 'service', answer: 'empty-next', untilMs: 10 }), 't', seededChance(5));
    expect(own.ofAnswer('DescribeJobExecution', true, 1)).toMatchObject({ answer: 'empty-next' });
    expect(own.ofAnswer('DescribeJobExecution', false, 1)).toBeUndefined();
  });

  it('leave things alone when only the service’s clock jumps', () => {
    const plan = planOf({ kind: 'service-clock-jump', untilMs: 10, byMs: 60_000, times: 2 });
    expect(faultsOf(plan, 't', seededChance(6)).timed).toEqual([]);
    expect(serviceTimedFaults(plan, seededChance(6))).toMatchObject([
      { kind: 'clock-jump', byMs: 60_000 },
      { kind: 'clock-jump', byMs: 60_000 },
    ]);
  });
});

function link(): Link {
  return createLink({ latencyMs: 10, jitterMs: 50 }, seededChance(1));
}

describe('link', () => {
  it('delays, and keeps the order of what is neither late nor lost', () => {
    const one = link();
    const arrivals = Array.from({ length: 100 }, (_, now) => one.arrival(now));
    expect(arrivals).toHaveLength(100);
    expect(arrivals).toEqual([...arrivals].sort((a, b) => a - b));
    arrivals.forEach((at, sent) => expect(at).toBeGreaterThanOrEqual(sent + 10));
  });

  it('loses, duplicates and lets later messages overtake', () => {
    const one = link();
    expect(one.arrivals(0, { effect: 'lost', lateMs: 0 })).toEqual([]);
    expect(one.arrivals(0, { effect: 'duplicate', lateMs: 3 })).toHaveLength(2);
    const [late = 0] = one.arrivals(0, { effect: 'late', lateMs: 1000 });
    const next = one.arrival(1);
    expect(next).toBeLessThan(late);
  });

  it('holds everything back while it is blocked', () => {
    const one = link();
    one.block(5000);
    expect(one.arrival(0)).toBe(5000);
    expect(one.arrival(5001)).toBeGreaterThan(5010);
  });
});
