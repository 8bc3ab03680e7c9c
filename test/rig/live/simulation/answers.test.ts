/** Answers of those who play besides are taken whenever they come, also while a turn is given back. */
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Parts, TakenPart } from '../../../../rig/live/simulation/parts.ts';
import type { Players } from '../../../../rig/live/simulation/players.ts';
import type { RunOutcome } from '../../../../rig/live/simulation/run-outcome.ts';
import { Simulation } from '../../../../rig/live/simulation/simulation.ts';
import type { Scenario } from '../../../../rig/scenario/contract.ts';
import type { Subjects } from '../../../../rig/virtual/subjects.ts';

const longerThanATurnMs = 60;

it('the last answer comes while a turn is given back, and no other one after it', async () => {
  const outcome = { verdict: 'pass' } as RunOutcome;
  let parts: Parts | undefined;
  let taken: readonly TakenPart[] = [];
  let answers = 0;
  const players = {
    on(those: Parts) {
      parts = those;
      taken = those.takeSome(2);
      return players;
    },
    async nextAnswer() {
      answers += 1;
      if (answers > 1) throw new Error('nobody answers any more');
      parts!.put(taken[0]!, outcome);
      await wait(longerThanATurnMs);
    },
    stop: () => Promise.resolve(),
  };
  const simulation = new Simulation({
    subjects: {} as Subjects,
    signal: undefined,
    onTurn: () => answers === 1 && parts!.put(taken[1]!, outcome),
    players: { start: () => players as unknown as Players, afterMs: 0 },
  });
  const played: string[] = [];
  const wanted = ['a', 'b'].map((label) => ({ label, scenario: {} as Scenario }));
  for await (const { part } of simulation.play(wanted)) played.push(part.label);
  expect(played).toEqual(['a', 'b']);
});
