/**
 * Drives the engine: the one clock, the one timer, commands in the order in which they come. Without a store a command is
 * answered in the same turn and its effects follow its reply. With one, the outcomes of a turn are kept together first and
 * leave together afterwards, in order, so that nothing is said that could be forgotten. Holds no rule of the Jobs service.
 */
import type { EpochMs } from '../protocol/time.ts';
import type { Clock } from './clock.ts';
import type {
  Change,
  CommandOf,
  Effect,
  Engine,
  OperationName,
  Rejected,
  Reply,
  ResponseOf,
} from './engine/contract.ts';
import type { ServicePort } from './engine/port.ts';

/** Where changes are kept. `commit` gets all changes of one turn, and no next call before it has ended. */
export interface Store {
  commit(changes: readonly Change[]): void | Promise<void>;
}

export interface RuntimeOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  /** Absent: nothing outlives the process, and nothing is waited for. */
  readonly store?: Store;
  /** The store failed. From then on every command is refused with InternalError and nothing is applied. */
  readonly onFailure?: (error: unknown) => void;
}

export interface Runtime extends ServicePort {
  /** Stops the timer, lets what was applied be kept and answered, refuses what comes later. */
  close(): Promise<void>;
}

const closed = internalError('The service is closed.');
const storeFailed = internalError('The service could not store its state.');

/** Something applied: its answer and its effects, which wait until its changes are kept. */
interface Departure {
  readonly changes: readonly Change[];
  readonly leave: () => void;
}

export function createRuntime({ engine, clock, store, onFailure }: RuntimeOptions): Runtime {
  const listeners = new Set<(effect: Effect) => void>();
  const outbox = store === undefined ? departAtOnce() : departWhenKept(store, fail);
  /** What new commands are told once the runtime is closed or broken. */
  let refusal: Rejected | undefined;
  let broken = false;
  let alarm: { readonly at: EpochMs; readonly cancel: () => void } | undefined;

  function submit<Name extends OperationName>(
    command: CommandOf<Name>,
    answer: (reply: Reply<ResponseOf<Name>>, at: EpochMs) => void,
  ): void {
    const at = clock.now();
    if (refusal !== undefined) {
      answer(refusal, at);
      return;
    }
    const { reply, changes, effects } = engine.apply(command, at);
    setAlarm();
    outbox.add({
      changes,
      leave: () => {
        if (broken) return answer(storeFailed, at);
        answer(reply, at);
        for (const effect of effects) announce(effect);
      },
    });
  }

  function announce(effect: Effect): void {
    for (const listener of listeners) listener(effect);
  }

  /** A slice of bulk work that leaves more to do asks for an instant that is past, which the clock serves after waiting I/O. */
  function wake(): void {
    alarm = undefined;
    submit({ name: 'jobrig:Wake', request: {} }, () => {});
  }

  function setAlarm(): void {
    const at = engine.nextDeadline();
    if (at === alarm?.at) return;
    alarm?.cancel();
    alarm = at === undefined ? undefined : { at, cancel: clock.setTimer(at, wake) };
  }

  function stop(becauseOf: Rejected): void {
    refusal ??= becauseOf;
    alarm?.cancel();
    alarm = undefined;
  }

  function fail(error: unknown): void {
    broken = true;
    stop(storeFailed);
    onFailure?.(error);
  }

  setAlarm();
  return {
    submit,
    onEffect(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    now: () => clock.now(),
    close() {
      stop(closed);
      return outbox.drained();
    },
  };
}

function internalError(message: string): Rejected {
  return { accepted: false, code: 'InternalError', message };
}

interface Outbox {
  add(departure: Departure): void;
  drained(): Promise<void>;
}

/** In order even when an answer or an effect submits the next command: that one leaves after the one it came from. */
function departAtOnce(): Outbox {
  const waiting: Departure[] = [];
  let leaving = false;
  return {
    add(departure) {
      waiting.push(departure);
      if (leaving) return;
      leaving = true;
      try {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) next.leave();
      } finally {
        leaving = false;
      }
    },
    drained: () => Promise.resolve(),
  };
}

/** Group commit: while one turn's changes are being kept, the next ones gather. */
function departWhenKept(store: Store, fail: (error: unknown) => void): Outbox {
  let gathering: Departure[] = [];
  let commits: Promise<void> | undefined;
  let failed = false;

  async function commitTurns(): Promise<void> {
    while (gathering.length > 0) {
      await endOfTurn();
      const turn = gathering;
      gathering = [];
      const changes = turn.flatMap((departure) => departure.changes);
      try {
        if (changes.length > 0 && !failed) await store.commit(changes);
      } catch (error) {
        failed = true;
        fail(error);
      }
      for (const departure of turn) departure.leave();
    }
    commits = undefined;
  }

  return {
    add(departure) {
      gathering.push(departure);
      commits ??= commitTurns();
    },
    drained: () => commits ?? Promise.resolve(),
  };
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
