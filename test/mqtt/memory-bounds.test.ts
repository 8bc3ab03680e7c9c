/**
 * What clients leave behind for others has bounds, in each place and all together, and what leaves gives its room back. Clients that
 * try more, at a started service: test/security/floods.test.ts.
 */
import { describe, expect, it } from 'vitest';
import { MemoryBounds, maxQueuedMessages } from '../../broker/mqtt/memory-bounds.ts';

const message = (topic: string, bytes: number) => ({ topic, payload: Buffer.alloc(bytes) });

describe('the bounds', () => {
  it('of a queue are messages and bytes, and what leaves it gives room', () => {
    const bounds = new MemoryBounds();
    for (let index = 0; index < maxQueuedMessages; index += 1) expect(bounds.queue('a', message('t', 1))).toBe(true);
    expect(bounds.queue('a', message('t', 1))).toBe(false);
    expect(bounds.queue('b', message('t', 1))).toBe(true);
    bounds.unqueue('a', message('t', 1));
    expect(bounds.queue('a', message('t', 1))).toBe(true);
    const large = message('t', 128 * 1024);
    let queued = 0;
    while (bounds.queue('c', large)) queued += 1;
    expect(queued).toBeGreaterThan(50);
    expect(queued).toBeLessThan(65);
  });

  it('of retained messages count topics, and a new message takes the place of the old one', () => {
    const bounds = new MemoryBounds();
    let topics = 0;
    while (bounds.retain(message(`t/${topics}`, 1))) topics += 1;
    expect(topics).toBe(10_000);
    expect(bounds.retain(message('t/0', 9))).toBe(true);
    expect(bounds.retain(message('t/0', 0))).toBe(true);
    expect(bounds.retain(message('other', 1))).toBe(true);
  });

  it('of what persistent sessions subscribe to are bytes, for their levels too, and who unsubscribes gives room', () => {
    const bounds = new MemoryBounds(0, 1000);
    const filters = ['a/b/c/d', 'x'.repeat(450), '#'];
    expect(filters.map((filter) => bounds.subscribe(filter))).toEqual([true, true, false]);
    bounds.unsubscribe('a/b/c/d');
    expect(bounds.subscribe('#')).toBe(true);
  });

  it('hold for all together', () => {
    const bounds = new MemoryBounds(1_000_000);
    const client = {};
    expect(bounds.will(client, message('w', 400_000))).toBe(true);
    expect(bounds.retain(message('r', 400_000))).toBe(true);
    expect(bounds.queue('a', message('q', 400_000))).toBe(false);
    bounds.forgetWill(client);
    bounds.forgetWill(client);
    expect(bounds.queue('a', message('q', 400_000))).toBe(true);
    expect(bounds.will({}, message('w', 400_000))).toBe(false);
  });
});
