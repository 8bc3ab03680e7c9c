/**
 * What can be seen of a run from outside its machines: each command and its outcome, each message that a device sends or
 * gets, each move of a board. Checkers, triggers, recordings and the trace hash are observers; none can change what happens.
 */
import type { Board, BoardInput, BoardTrace } from '../agent/board/contract.ts';
import type { Command, Outcome } from '../broker/engine/contract.ts';
import type { DeviceMessage, DeviceRequest } from '../protocol/device-messages.ts';
import type { EpochMs } from '../protocol/time.ts';

export interface Observer {
  /** The engine has applied a command; `at` is service time. */
  applied?(command: Command, outcome: Outcome, at: EpochMs): void;
  connecting?(thingName: string, at: EpochMs): void;
  sent?(thingName: string, request: DeviceRequest, at: EpochMs): void;
  /** Told before the board sees the message. */
  received?(thingName: string, message: DeviceMessage, at: EpochMs): void;
  traced?(thingName: string, trace: BoardTrace, at: EpochMs): void;
  /** The board has taken an input; its effects follow. */
  moved?(board: Board, input: BoardInput, at: EpochMs): void;
  /** A misfortune has struck, e.g. `power-cut`, `reply lost`, `service twice`. */
  struck?(misfortune: string, thingName: string, at: EpochMs): void;
}

/** Several observers as one, in order. */
export function observeAll(observers: readonly Observer[]): Required<Observer> {
  return {
    applied: (command, outcome, at) => {
      for (const observer of observers) observer.applied?.(command, outcome, at);
    },
    connecting: (thingName, at) => {
      for (const observer of observers) observer.connecting?.(thingName, at);
    },
    sent: (thingName, request, at) => {
      for (const observer of observers) observer.sent?.(thingName, request, at);
    },
    received: (thingName, message, at) => {
      for (const observer of observers) observer.received?.(thingName, message, at);
    },
    traced: (thingName, trace, at) => {
      for (const observer of observers) observer.traced?.(thingName, trace, at);
    },
    moved: (board, input, at) => {
      for (const observer of observers) observer.moved?.(board, input, at);
    },
    struck: (misfortune, thingName, at) => {
      for (const observer of observers) observer.struck?.(misfortune, thingName, at);
    },
  };
}
