import { describe, expect, it } from 'vitest';
import { seededChance } from '../../faults/chance.ts';
import { createLink, type Link } from '../../faults/link.ts';
import { misfortunesOf, serviceBlows } from '../../faults/misfortunes.ts';
import { parseFaultPlan, type FaultPlan } from '../../faults/plan.ts';

function planOf(...misfortunes: object[]): FaultPlan {
  const parsed = parseFaultPlan({ misfortunes });
  if (!parsed.ok) throw new Error(parsed.problems[0]?.message);
  return parsed.plan;
}

describe('misfortunes of a thing', () => {
  it('befall the things that the pattern names, and no others', () => {
    const plan = planOf(
      { kind: 'power-cut', untilMs: 100, forMs: 1, things: 'a*' },
      { kind: 'power-cut', untilMs: 100, forMs: 2, things: 'b1' },
      { kind: 'power-cut', untilMs: 100, forMs: 3 },
    );
    const durations = (thingName: string) =>
      misfortunesOf(plan, thingName, seededChance(1))
        .blows.map((blow) => ('forMs' in blow ? blow.forMs : 0))
        .sort();
    expect(durations('a7')).toEqual([1, 3]);
    expect(durations('b1')).toEqual([2, 3]);
    expect(durations('b12')).toEqual([3]);
  });

  it('strike within their span, in order, as often as asked', () => {
    const plan = planOf({ kind: 'link-lost', fromMs: 50, untilMs: 90, times: 20, forMs: 1 });
    const instants = misfortunesOf(plan, 't', seededChance(2)).blows.map(({ atMs }) => atMs);
    expect(instants).toHaveLength(20);
    expect(instants).toEqual([...instants].sort((a, b) => a - b));
    expect(Math.min(...instants)).toBeGreaterThanOrEqual(50);
    expect(Math.max(...instants)).toBeLessThanOrEqual(90);
  });

  it('are the same for the same seed, and not changed by those of other things', () => {
    const cut = { kind: 'power-cut', untilMs: 1_000_000, times: 3, forMs: 1 };
    const alone = misfortunesOf(planOf(cut), 't', seededChance(3)).blows;
    const beside = misfortunesOf(planOf({ ...cut, things: 'other' }, cut), 't', seededChance(3)).blows;
    expect(beside).toEqual(alone);
    expect(misfortunesOf(planOf(cut), 'u', seededChance(3)).blows).not.toEqual(alone);
  });

  it('give a message its fate while the window is open, for the direction and operations named', () => {
    const own = misfortunesOf(
      planOf({
        kind: 'message',
        direction: 'reply',
        fate: 'late',
        fromMs: 10,
        untilMs: 20,
        operations: ['UpdateJobExecution'],
        lateMs: 7,
      }),
      't',
      seededChance(4),
    );
    expect(own.fateOf('reply', 10, 'UpdateJobExecution')).toMatchObject({ fate: 'late', lateMs: 7 });
    expect(own.fateOf('reply', 20, 'UpdateJobExecution')).toBeUndefined();
    expect(own.fateOf('reply', 9, 'UpdateJobExecution')).toBeUndefined();
    expect(own.fateOf('request', 10, 'UpdateJobExecution')).toBeUndefined();
    expect(own.fateOf('reply', 10, 'DescribeJobExecution')).toBeUndefined();
    expect(own.fateOf('reply', 10)).toBeUndefined();
  });

  it('turn the service’s answers as the plan says', () => {
    const own = misfortunesOf(
      planOf({ kind: 'service', answer: 'RequestThrottled', untilMs: 10, perMillion: 500_000 }),
      't',
      seededChance(5),
    );
    const answers = Array.from({ length: 200 }, () => own.answerTo('UpdateJobExecution', 1)?.answer);
    expect(new Set(answers)).toEqual(new Set([undefined, 'RequestThrottled']));
  });

  it('leave things alone when only the service’s clock leaps', () => {
    const plan = planOf({ kind: 'service-clock-jump', untilMs: 10, byMs: 60_000, times: 2 });
    expect(misfortunesOf(plan, 't', seededChance(6)).blows).toEqual([]);
    expect(serviceBlows(plan, seededChance(6))).toMatchObject([
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
    const arrivals = Array.from({ length: 100 }, (_, now) => one.arrivals(now, undefined)).flat();
    expect(arrivals).toHaveLength(100);
    expect(arrivals).toEqual([...arrivals].sort((a, b) => a - b));
    arrivals.forEach((at, sent) => expect(at).toBeGreaterThanOrEqual(sent + 10));
  });

  it('loses, duplicates and lets later messages overtake', () => {
    const one = link();
    expect(one.arrivals(0, { fate: 'lost', lateMs: 0 })).toEqual([]);
    expect(one.arrivals(0, { fate: 'duplicate', lateMs: 3 })).toHaveLength(2);
    const [late = 0] = one.arrivals(0, { fate: 'late', lateMs: 1000 });
    const [next = 0] = one.arrivals(1, undefined);
    expect(next).toBeLessThan(late);
  });

  it('holds everything back while it is blocked', () => {
    const one = link();
    one.block(5000);
    expect(one.arrivals(0, undefined)).toEqual([5000]);
    expect(one.arrivals(5001, undefined)[0]).toBeGreaterThan(5010);
  });
});
