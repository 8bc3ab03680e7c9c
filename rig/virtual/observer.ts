/**
 * What can be seen of a run from outside its machines: each command and its outcome, each message that a device sends or
 * gets, each move of a board. Checkers, triggers, recordings and the trace hash are observers; none can change what happens.
 */
import type { DeviceTrace } from '../../observation/inside.ts';
import type { Board, BoardInput } from '../../agent/board/contract.ts';
import type { Observer as Seen } from '../../observation/observation.ts';
import type { Command, Outcome } from '../../broker/engine/contract.ts';
import type { DeviceMessage, DeviceRequest } from '../../protocol/device-messages.ts';
import type { EpochMs } from '../../protocol/time.ts';

export interface Observer {
  /** The engine has applied a command; `at` is service time. */
  applied?(command: Command, outcome: Outcome, at: EpochMs): void;
  connecting?(thingName: string, at: EpochMs): void;
  sent?(thingName: string, request: DeviceRequest, at: EpochMs): void;
  /** Told before the board sees the message. */
  received?(thingName: string, message: DeviceMessage, at: EpochMs): void;
  traced?(thingName: string, trace: DeviceTrace, at: EpochMs): void;
  /** The board has taken an input; its effects follow. */
  moved?(board: Board, input: BoardInput, at: EpochMs): void;
  /** A fault was injected, e.g. `power-cut`, `reply lost`, `service twice`. */
  injected?(fault: string, thingName: string, at: EpochMs): void;
}

/** Several observers as one, in order. What nobody looks at costs nothing. */
export function observeAll(observers: readonly Observer[]): Observer {
  const all: { -readonly [Name in keyof Observer]: Observer[Name] } = {};
  for (const observer of observers) {
    all.applied = inTurn(all.applied, observer.applied);
    all.connecting = inTurn(all.connecting, observer.connecting);
    all.sent = inTurn(all.sent, observer.sent);
    all.received = inTurn(all.received, observer.received);
    all.traced = inTurn(all.traced, observer.traced);
    all.moved = inTurn(all.moved, observer.moved);
    all.injected = inTurn(all.injected, observer.injected);
  }
  return all;
}

/** The part of it that a station tells, as an observer of observations; `boardOf` finds a thing's board. */
export function deviceObserver(observer: Observer, boardOf: (thingName: string) => Board | undefined): Seen {
  const { connecting, sent, received, traced, moved, injected } = observer;
  /** The input of which the board's next move comes. */
  let input: BoardInput = { kind: 'wake' };
  return {
    ...(connecting && { connecting: ({ thingName = '', at }) => connecting(thingName, at) }),
    ...(sent && { sent: ({ thingName = '', request, at }) => sent(thingName, request, at) }),
    received({ thingName = '', message, at }) {
      input = { kind: 'message', message };
      received?.(thingName, message, at);
    },
    ...(traced && { traced: ({ thingName = '', trace, at }) => traced(thingName, trace, at) }),
    connected({ sessionPresent }) {
      input = { kind: 'connected', sessionPresent };
    },
    power({ on }) {
      input = { kind: on ? 'power-on' : 'power-cut' };
    },
    fault({ name, thingName = '', at }) {
      if (name === 'weak-battery') input = { kind: 'supply-drop', byMv: 1 };
      injected?.(name, thingName, at);
    },
    moved({ thingName = '', at }) {
      const board = boardOf(thingName);
      if (board !== undefined) moved?.(board, input, at);
      input = { kind: 'wake' };
    },
  };
}

function inTurn<Shown extends readonly unknown[]>(
  first: ((...seen: Shown) => void) | undefined,
  second: ((...seen: Shown) => void) | undefined,
): ((...seen: Shown) => void) | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return (...seen) => {
    first(...seen);
    second(...seen);
  };
}
