/**
 * When HTTP requests are dealt with: of each connection at its rate, and of all together a few in each turn of the event loop, so that a
 * flood of requests waits for itself and not the devices for it. Who waits for no other answer goes before those who have sent several
 * requests. None is refused for its rate: AWS's own rates are `--strict`.
 * A connection on which very many requests wait unanswered is one too many; no client of AWS's sends even two at a time.
 * Source: docs/security.md, "Bounds".
 */
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Allowance, spentMs } from './allowance.ts';
import { Inflow } from './inflow.ts';
import { FewAtOnce } from './turns.ts';
import { type Answered, UnreadAnswers } from './unread-answers.ts';

/** Requests on one connection that have not been answered. */
const maxUnanswered = 64;
/** A request takes about half a millisecond. */
const requestsPerTurn = 8;

interface Caller extends Answered {
  readonly allowance: Allowance;
  /** Those that have not left. */
  readonly answers: Set<ServerResponse>;
  /** What goes on with requests that wait for the inflow. */
  readonly held: Set<() => void>;
}

export class RequestTurns {
  readonly #perSecond: number;
  readonly #turns = new FewAtOnce(requestsPerTurn);
  readonly #callers = new WeakMap<Duplex, Caller>();
  readonly #unread: UnreadAnswers;
  readonly #inflow: Inflow;

  /**
   * @param perSecond of one connection.
   * @param standstillMs for which one may read nothing of its answers.
   * @param inflow while it is held, requests wait.
   */
  constructor(perSecond: number, standstillMs?: number, inflow = new Inflow()) {
    this.#perSecond = perSecond;
    this.#unread = new UnreadAnswers(standstillMs);
    this.#inflow = inflow;
  }

  /**
   * @param act called once, now or later; never when its caller has left before.
   * @param waits whether it waits while the inflow is held.
   * @returns false when too many wait on this connection: it is not called then.
   */
  take(connection: Duplex, response: ServerResponse, act: () => void, waits = true): boolean {
    const known = this.#callers.get(connection);
    const caller: Caller = known ?? {
      connection,
      allowance: new Allowance(this.#perSecond),
      answers: new Set(),
      held: new Set(),
    };
    if (known === undefined) {
      this.#callers.set(connection, caller);
      // Node closes no answer behind another one when the connection ends.
      connection.once('close', () => {
        this.#unread.leave(caller);
        for (const goOn of caller.held) this.#inflow.forget(goOn);
      });
    }
    const { allowance, answers, held } = caller;
    if (answers.size >= maxUnanswered) return false;
    const isOnlyOne = answers.size === 0;
    if (isOnlyOne) this.#unread.watch(caller);
    answers.add(response);
    response.once('close', () => {
      answers.delete(response);
      if (answers.size === 0) this.#unread.leave(caller);
    });
    // An answer behind another one has no socket yet, and is not closed when the connection ends.
    const begin = (): boolean => {
      if (response.destroyed || connection.destroyed) return false;
      act();
      return true;
    };
    const next = (): void => {
      held.delete(next);
      if (waits && this.#inflow.isHeld) {
        held.add(next);
        this.#inflow.wait(next);
        return;
      }
      allowance.takeTurn();
      if (!allowance.isSpent && allowance.take()) this.#turns.do(begin, isOnlyOne);
      else setTimeout(next, spentMs);
    };
    next();
    return true;
  }
}
