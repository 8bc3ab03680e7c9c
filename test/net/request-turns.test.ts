/** HTTP requests wait for those of others and for the rate of their connection, and are dealt with in the end. */
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Inflow } from '../../broker/net/inflow.ts';
import { RequestTurns } from '../../broker/net/request-turns.ts';

afterEach(() => vi.useRealTimers());

class Response extends EventEmitter {
  destroyed = false;
  writableLength = 0;
  close(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

class Connection extends EventEmitter {
  destroyed = false;
  destroy(): void {
    this.destroyed = true;
  }
}

function ask(turns: RequestTurns, connection: Connection, act: (response: Response) => void): Response | undefined {
  const response = new Response();
  const isTaken = turns.take(connection as unknown as Duplex, response as unknown as ServerResponse, () =>
    act(response),
  );
  return isTaken ? response : undefined;
}

const nextTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));

describe('a turn', () => {
  it('deals with eight requests, whoever they are from, in the order in which they came', async () => {
    const turns = new RequestTurns(1000);
    const dealtWith: number[] = [];
    for (let index = 0; index < 20; index += 1) ask(turns, new Connection(), () => void dealtWith.push(index));
    expect(dealtWith).toHaveLength(8);
    await nextTurn();
    expect(dealtWith).toHaveLength(16);
    await nextTurn();
    expect(dealtWith).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it('is first for who waits for nothing else, and leaves some of it to the others', async () => {
    const turns = new RequestTurns(1000);
    const dealtWith: string[] = [];
    const loud = new Connection();
    for (let index = 0; index < 60; index += 1) ask(turns, loud, () => void dealtWith.push('loud'));
    for (let index = 0; index < 12; index += 1) ask(turns, new Connection(), () => void dealtWith.push('calm'));
    const before = dealtWith.length;
    await nextTurn();
    expect(dealtWith.slice(before)).toEqual([...Array<string>(6).fill('calm'), 'loud', 'loud']);
    await nextTurn();
    await nextTurn();
    expect(dealtWith.filter((who) => who === 'calm')).toHaveLength(12);
  });

  it('is not spent on a caller that has left', async () => {
    const turns = new RequestTurns(1000);
    let dealtWith = 0;
    const responses = Array.from({ length: 20 }, () => ask(turns, new Connection(), () => void (dealtWith += 1)));
    for (const response of responses.slice(8)) response?.close();
    for (let turn = 0; turn < 5; turn += 1) await nextTurn();
    expect(dealtWith).toBe(8);
  });

  it('is not spent on a connection that has ended, of which no answer says so', async () => {
    const turns = new RequestTurns(1000);
    let dealtWith = 0;
    const gone = Array.from({ length: 100 }, () => new Connection());
    for (const connection of gone) for (let index = 0; index < 5; index += 1) ask(turns, connection, () => {});
    for (const connection of gone) connection.destroy();
    ask(turns, new Connection(), () => void (dealtWith += 1));
    await nextTurn();
    await nextTurn();
    expect(dealtWith).toBe(1);
  });
});

describe('a connection', () => {
  it('has a burst, and then its rate', () => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'setImmediate'] });
    const turns = new RequestTurns(100);
    const connection = new Connection();
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
    const connection = new Connection();
    const responses = Array.from({ length: 64 }, () => ask(turns, connection, () => {}));
    expect(responses).not.toContain(undefined);
    expect(ask(turns, connection, () => {})).toBeUndefined();
    expect(ask(turns, new Connection(), () => {})).toBeDefined();
    responses[0]?.close();
    expect(ask(turns, connection, () => {})).toBeDefined();
  });
});

describe('answers that nobody reads', () => {
  it('cost the connection that has a mebibyte of them, and where all have too much, the one that has had them for longest', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance', 'setTimeout', 'setImmediate'] });
    const turns = new RequestTurns(1000);
    const answerWith = (bytes: number): readonly [Connection, Response] => {
      const connection = new Connection();
      const response = ask(turns, connection, (answer) => void (answer.writableLength = bytes))!;
      return [connection, response];
    };
    const kept = 1024 * 1024;
    const [greedy] = answerWith(kept + 1);
    const [calm, calmAnswer] = answerWith(1000);
    vi.advanceTimersByTime(1000);
    expect([greedy.destroyed, calm.destroyed]).toEqual([true, false]);
    const many = Array.from({ length: 257 }, () => answerWith(kept)[0]);
    vi.advanceTimersByTime(1000);
    expect(many.map(({ destroyed }) => destroyed)).toEqual([true, ...Array<boolean>(256).fill(false)]);
    expect(calm.destroyed).toBe(false);
    for (const connection of [greedy, calm, ...many]) connection.emit('close');
    calmAnswer.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('while the inflow is held', () => {
  it('a request waits, and is dealt with in its order afterwards, unless its connection has ended', async () => {
    const inflow = new Inflow();
    const turns = new RequestTurns(1000, undefined, inflow);
    const dealtWith: string[] = [];
    const leaving = new Connection();
    inflow.hold(true);
    ask(turns, leaving, () => void dealtWith.push('gone'));
    for (const name of ['one', 'two']) ask(turns, new Connection(), () => void dealtWith.push(name));
    await nextTurn();
    leaving.destroy();
    leaving.emit('close');
    expect(dealtWith).toEqual([]);
    inflow.hold(false);
    await nextTurn();
    expect(dealtWith).toEqual(['one', 'two']);
  });

  it('one that does not wait is dealt with', () => {
    const inflow = new Inflow();
    inflow.hold(true);
    const turns = new RequestTurns(1000, undefined, inflow);
    let isDealtWith = false;
    const response = new Response() as unknown as ServerResponse;
    turns.take(new Connection() as unknown as Duplex, response, () => (isDealtWith = true), false);
    expect(isDealtWith).toBe(true);
  });
});
