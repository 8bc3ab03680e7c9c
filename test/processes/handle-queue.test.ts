/** Connections that are handed over: in order, a few at a time, each closed here exactly once. */
import { describe, expect, it } from 'vitest';
import { type Channel, HandleQueue } from '../../broker/processes/handle-queue.ts';

/** A channel whose other side takes what it is told to take, and what was closed here. */
function channel() {
  const sent: { readonly message: object; readonly told: (error: Error | null) => void }[] = [];
  const closed: number[] = [];
  const ends = { connected: true };
  const queue = new HandleQueue({
    get connected() {
      return ends.connected;
    },
    send(message, _handle, told) {
      sent.push({ message, told });
      return true;
    },
  } satisfies Channel);
  const send = (count: number): void => {
    for (let id = 0; id < count; id += 1) queue.send({ id }, { close: () => closed.push(id) });
  };
  return { queue, sent, closed, ends, send };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, id) => id);

describe('a queue of connections', () => {
  it('gives the channel few at a time, and the next one when one was taken', () => {
    const { queue, sent, closed, send } = channel();
    send(1000);
    expect(sent.length).toBeLessThan(100);
    const atOnce = sent.length;
    for (let taken = 1; taken <= 1000; taken += 1) {
      queue.taken();
      expect(closed.length).toBe(taken);
      expect(sent.length).toBe(Math.min(1000, atOnce + taken));
    }
    expect(sent.map(({ message }) => message)).toEqual(upTo(1000).map((id) => ({ id })));
    expect(closed).toEqual(upTo(1000));
  });

  it('closes those that could not be sent, and goes on with the next', () => {
    const { queue, sent, closed, send } = channel();
    send(1000);
    for (let next = 0; next < sent.length; next += 1) sent[next]!.told(new Error('EPIPE'));
    expect([sent.length, closed]).toEqual([1000, upTo(1000)]);
    queue.taken();
    expect(closed.length).toBe(1000);
  });

  it('closes all when the channel ends, and each that comes later', () => {
    const { queue, closed, ends, send } = channel();
    send(1000);
    queue.end();
    expect(closed.toSorted((one, other) => one - other)).toEqual(upTo(1000));
    ends.connected = false;
    send(1);
    expect(closed.length).toBe(1001);
  });
});
