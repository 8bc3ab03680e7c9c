/**
 * Which engine leads, played in virtual time by seeds: nothing acknowledged is lost, nothing stale is told, no commit of an old epoch
 * comes after one of a newer, and somebody leads in the end. `JOBRIG_EPOCH_SEEDS` plays more of them.
 */
import { describe, expect, it } from 'vitest';
import { nothingTold, type Bugs, playEpochs } from './epoch-world.ts';

const seeds = Number(process.env['JOBRIG_EPOCH_SEEDS'] ?? 400);

/** What the first seed that goes wrong says. */
function firstObjection(bugs: Bugs, most = seeds): string | undefined {
  for (let seed = 1; seed <= most; seed += 1) {
    try {
      playEpochs(seed, bugs);
    } catch (error) {
      return `seed ${seed}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  return undefined;
}

describe('engines that take over from each other', () => {
  it(
    `lose no acknowledged answer, tell nothing stale and never mix epochs, over ${seeds} seeds`,
    { timeout: 300_000 },
    () => {
      expect(firstObjection({})).toBeUndefined();
    },
  );

  it('meet in these seeds what they are there for', () => {
    const sum = { ...nothingTold };
    for (let seed = 1; seed <= 100; seed += 1) {
      const played = playEpochs(seed);
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += played[name];
    }
    expect(sum.acknowledged).toBeGreaterThan(5000);
    expect(Math.min(sum.interrupted, sum.takeovers, sum.deposed, sum.rereads, sum.rests)).toBeGreaterThan(50);
    expect(Math.min(sum.unknown, sum.promoted)).toBeGreaterThan(10);
  });

  it('play a seed the same way each time', () => {
    expect(playEpochs(7)).toEqual(playEpochs(7));
  });

  it.each<readonly [string, Bugs, RegExp]>([
    [
      'a database that does not check the epoch of a commit',
      { commitUnchecked: true },
      /after one of|not kept|missing/,
    ],
    ['a takeover that does not compare', { takeUncompared: true }, /taken twice/],
    ['a leader that answers from memory without a check', { readsUnchecked: true }, /stale|not kept/],
    ['a leader that speaks before it has kept', { speaksFirst: true }, /not kept/],
    ['an engine that does not read the rest after it has taken over', { readsAtStart: true }, /stale|not kept/],
    ['commits that do not say which rows they have dropped', { changesIncomplete: true }, /stale|not kept/],
    ['changes that come in another order', { changesMisordered: true }, /stale|not kept/],
    ['a copy that goes on from commits that others made', { followsStrangers: true }, /stale|not kept/],
    ['a leader that takes a commit without an answer for kept', { guessesKept: true }, /not kept/],
    [
      'a leader that does not hear that it leads no more',
      { ignoresDeposition: true },
      /not kept|stale|lead in the end/,
    ],
  ])('are found out: %s', (_, bugs, objection) => {
    expect(firstObjection(bugs, 3000)).toMatch(objection);
  });
});
