/** Boards of which one does not return from a call: as if it had been cut already, since how it is cut is not what they are for. */
import { type BoardOptions, createBoard } from '../../agent/board/board.ts';
import type { Board, BoardInput } from '../../agent/board/contract.ts';
import { Unreturned } from '../../agent/call-watch.ts';

export interface HangingBoards {
  readonly boardOf: (options: BoardOptions) => Board;
}

/** @param kind of input that it does not return from */
export function hangingBoards(thingName: string, kind: BoardInput['kind']): HangingBoards {
  return {
    boardOf(options) {
      const board = createBoard(options);
      if (options.thingName !== thingName) return board;
      return {
        thingName,
        keepAliveMs: board.keepAliveMs,
        apply(input, now) {
          if (input.kind === kind) throw new Unreturned(thingName, 1);
          return board.apply(input, now);
        },
        nextDeadline: () => board.nextDeadline(),
        nextSign: () => board.nextSign(),
        view: () => board.view(),
      };
    },
  };
}
