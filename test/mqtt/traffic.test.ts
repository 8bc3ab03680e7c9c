/**
 * What one connection may take: read at once as long as it is calm, then in turns and at a rate. Floods, at a started service:
 * test/security/floods.test.ts.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Traffic } from '../../broker/mqtt/traffic.ts';
import { Allowance } from '../../broker/net/allowance.ts';
import { HeldMemory } from '../../broker/net/held-memory.ts';

afterEach(() => vi.useRealTimers());

function takeAll(allowance: Allowance): number {
  let taken = 0;
  while (allowance.take()) taken += 1;
  return taken;
}

describe('Allowance', () => {
  it('lets a burst in at once, more in turns, and then what the rate gives', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const allowance = new Allowance(1000);
    allowance.comeIn();
    expect(takeAll(allowance)).toBe(64);
    allowance.comeIn();
    expect(takeAll(allowance)).toBe(0);
    let inTurns = 0;
    for (let turns = 1; !allowance.isSpent; turns += 1) {
      allowance.takeTurn();
      const taken = takeAll(allowance);
      expect(taken).toBeLessThanOrEqual(32);
      inTurns += taken;
    }
    expect(inTurns).toBe(1000 - 64);
    vi.advanceTimersByTime(10);
    allowance.takeTurn();
    expect(takeAll(allowance)).toBe(10);
    vi.advanceTimersByTime(60_000);
    allowance.comeIn();
    expect(takeAll(allowance)).toBe(64);
  });

  it('counts what is told to many as the work that it is', () => {
    const allowance = new Allowance(1000);
    allowance.charge(10_000 / 8);
    expect(allowance.isSpent).toBe(true);
  });
});

describe('HeldMemory', () => {
  it('has the connection closed that has held something for longest', () => {
    const memory = new HeldMemory(100, 10);
    const closed: string[] = [];
    const holder = (name: string) => ({ destroy: () => closed.push(name) });
    const [calm, old, middle, young] = ['calm', 'old', 'middle', 'young'].map(holder);
    memory.hold(calm!, 10);
    memory.hold(old!, 40);
    memory.hold(middle!, 40);
    memory.hold(middle!, 60);
    expect(closed).toEqual([]);
    memory.hold(young!, 50);
    expect(closed).toEqual(['old', 'middle']);
    memory.hold(young!, 90);
    memory.letGo(young!);
    memory.hold(old!, 100);
    expect(closed).toHaveLength(2);
  });
});

describe('Traffic', () => {
  it('lets those who wait go on one after the other, some of them in each turn', async () => {
    const traffic = new Traffic();
    const order: string[] = [];
    const busy = { goOn: () => void (order.push('busy'), order.length < 6 && traffic.queue(busy, 'turn')) };
    traffic.queue(busy, 'turn');
    traffic.queue({ goOn: () => order.push('other') }, 'turn');
    await vi.waitFor(() => expect(order).toHaveLength(6), 60_000);
    expect(order.indexOf('other')).toBe(1);
  });
});

/** Lets time go by within a turn. */
function pass(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('a turn that was long', () => {
  it('lets nobody be read at once any more, and the next one does', async () => {
    const traffic = new Traffic();
    expect(traffic.readsAtOnce(performance.now())).toBe(true);
    pass(10);
    expect(traffic.readsAtOnce(performance.now())).toBe(false);
    await new Promise(setImmediate);
    expect(traffic.readsAtOnce(performance.now())).toBe(true);
  });

  it('serves who comes after thousands that have waited before them', async () => {
    const traffic = new Traffic();
    const order: string[] = [];
    const slow = (name: string) => ({ goOn: () => void (pass(1), order.push(name)) });
    for (let index = 0; index < 50; index += 1) traffic.queue(slow('other'), 'turn');
    traffic.queue(slow('newcomer'), 'first');
    await vi.waitFor(() => expect(order).toContain('newcomer'));
    expect(order[0]).toBe('newcomer');
    await vi.waitFor(() => expect(order).toHaveLength(51), 60_000);
  });

  it('serves who asks little before who has just come, and both before who asks much', async () => {
    const traffic = new Traffic();
    const order: string[] = [];
    const slow = (name: string) => ({ goOn: () => void (pass(1), order.push(name)) });
    for (const wait of ['turn', 'arrival', 'first'] as const)
      for (let index = 0; index < 20; index += 1) traffic.queue(slow(wait), wait);
    await new Promise(setImmediate);
    expect([...new Set(order)]).toEqual(['first', 'arrival', 'turn']);
    // Each gets a part of every turn.
    expect(order.filter((name) => name === 'first').length).toBeLessThan(20);
    await vi.waitFor(() => expect(order).toHaveLength(60), 60_000);
  });
});
