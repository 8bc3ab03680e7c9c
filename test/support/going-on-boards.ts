/** Boards that say of each execution that is taken away that they finish it all the same, as after a reboot into a new image. */
import { type BoardOptions, createBoard } from '../../agent/board/board.ts';
import type { Board, BoardEffect } from '../../agent/board/contract.ts';

export const goingOnBoards = {
  boardOf(options: BoardOptions): Board {
    const board = createBoard(options);
    return {
      thingName: board.thingName,
      keepAliveMs: board.keepAliveMs,
      apply: (input, now) => board.apply(input, now).flatMap((effect) => [effect, ...confirmed(effect)]),
      nextDeadline: () => board.nextDeadline(),
      nextSign: () => board.nextSign(),
      view: () => board.view(),
    };
  },
};

function confirmed(effect: BoardEffect): readonly BoardEffect[] {
  if (effect.kind !== 'trace' || effect.trace.kind !== 'pulled') return [];
  const { execution } = effect.trace;
  return [{ ...effect, trace: { kind: 'step', step: 'confirm', execution, percent: 100 } }];
}
