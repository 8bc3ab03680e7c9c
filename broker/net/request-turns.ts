/**
 * When HTTP requests are dealt with: of each connection at its rate, and of all together a few in each turn of the event loop, so that a
 * flood of requests waits for itself and not the devices for it. None is refused for its rate: AWS's own rates are `--strict`.
 * A connection on which very many requests wait unanswered is one too many; no client of AWS's sends even two at a time.
 * Source: docs/security.md, "Bounds".
 */
import type { ServerResponse } from 'node:http';
import { Allowance, spentMs } from './allowance.ts';
import { FewAtOnce } from './turns.ts';

/** Requests on one connection that have not been answered. */
const maxUnanswered = 64;
/** A request takes about half a millisecond. */
const requestsPerTurn = 8;

interface Caller {
  readonly allowance: Allowance;
  unanswered: number;
}

export class RequestTurns {
  readonly #perSecond: number;
  readonly #turns = new FewAtOnce(requestsPerTurn);
  readonly #callers = new WeakMap<object, Caller>();

  /** @param perSecond of one connection. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /**
   * @param act called once, now or later; never when its caller has left before.
   * @returns false when too many wait on this connection: it is not called then.
   */
  take(connection: object, response: ServerResponse, act: () => void): boolean {
    let caller = this.#callers.get(connection);
    if (caller === undefined) {
      caller = { allowance: new Allowance(this.#perSecond), unanswered: 0 };
      this.#callers.set(connection, caller);
    }
    const { allowance } = caller;
    if (caller.unanswered >= maxUnanswered) return false;
    caller.unanswered += 1;
    response.once('close', () => {
      caller.unanswered -= 1;
    });
    const begin = (): void => {
      if (!response.destroyed && response.socket?.destroyed !== true) act();
    };
    const next = (): void => {
      allowance.takeTurn();
      if (!allowance.isSpent && allowance.take()) this.#turns.do(begin);
      else setTimeout(next, spentMs);
    };
    next();
    return true;
  }
}
