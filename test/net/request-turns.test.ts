/** HTTP requests wait for those of others and for the rate of their connection, and are dealt with in the end. */
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RequestTurns } from '../../broker/net/request-turns.ts';

afterEach(() => vi.useRealTimers());

class Response extends EventEmitter {
  destroyed = false;
  close(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

function ask(turns: RequestTurns, connection: object, act: (response: Response) => void): Response | undefined {
  const response = new Response();
  const isTaken = turns.take(connection, response as unknown as ServerResponse, () => act(response));
  return isTaken ? response : undefined;
}

const nextTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));

describe('a turn', () => {
  it('deals with eight requests, whoever they are from, in the order in which they came', async () => {
    const turns = new RequestTurns(1000);
    const dealtWith: number[] = [];
    for (let index = 0; index < 20; index += 1) ask(turns, {}, () => void dealtWith.push(index));
    expect(dealtWith).toHaveLength(8);
    await nextTurn();
    expect(dealtWith).toHaveLength(16);
    await nextTurn();
    expect(dealtWith).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it('is not spent on a caller that has left', async () => {
    const turns = new RequestTurns(1000);
    let dealtWith = 0;
    const responses = Array.from({ length: 20 }, () => ask(turns, {}, () => void (dealtWith += 1)));
    for (const response of responses.slice(8)) response?.close();
    for (let turn = 0; turn < 5; turn += 1) await nextTurn();
    expect(dealtWith).toBe(8);
  });
});

describe('a connection', () => {
  it('has a burst, and then its rate', () => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'setImmediate'] });
    const turns = new RequestTurns(100);
    const connection = {};
    let dealtWith = 0;
    const askNext = (): void =>
      void ask(turns, connection, (response) => {
        dealtWith += 1;
        response.close();
        setImmediate(askNext);
      });
    askNext();
    vi.advanceTimersByTime(1000);
    expect(dealtWith).toBeGreaterThanOrEqual(1000);
    vi.advanceTimersByTime(10_000);
    // The burst, and eleven seconds of a hundred.
    expect(dealtWith).toBeGreaterThan(2000);
    expect(dealtWith).toBeLessThanOrEqual(2101);
  });

  it('has 64 requests that are not answered, and no more', () => {
    const turns = new RequestTurns(1000);
    const connection = {};
    const responses = Array.from({ length: 64 }, () => ask(turns, connection, () => {}));
    expect(responses).not.toContain(undefined);
    expect(ask(turns, connection, () => {})).toBeUndefined();
    expect(ask(turns, {}, () => {})).toBeDefined();
    responses[0]?.close();
    expect(ask(turns, connection, () => {})).toBeDefined();
  });
});
