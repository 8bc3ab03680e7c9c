/** The recovery table, walked whole: what every cell must hold for the agent that carries it out to end valid. */
import { describe, expect, it } from 'vitest';
import { type Step, steps } from '../../observation/execution.ts';
import { holdings, interruptions, reasons, recoveryTable } from '../../agent/core/recovery.ts';

const cells = steps.flatMap((step) =>
  interruptions.map((interruption) => ({ step, interruption, ...recoveryTable[step][interruption] })),
);
const isPastNoReturn = (step: Step) => ['reboot', 'self-test', 'confirm'].includes(step);

describe('recovery table', () => {
  it('has a cell for every step and interruption', () => {
    expect(cells).toHaveLength(9 * 12);
    expect(cells.filter(({ next }) => next === undefined)).toEqual([]);
    expect(Object.keys(reasons).sort()).toEqual([...interruptions].sort());
  });

  it.each(cells)('$step × $interruption undoes or keeps each holding, and none twice', ({ step, undo, keep }) => {
    expect([...undo, ...keep].sort()).toEqual([...holdings[step]].sort());
  });

  it.each(cells)('$step × $interruption undoes the checkpoint last, and only to go on to the next job', (cell) => {
    expect(cell.undo.indexOf('checkpoint')).toBe(cell.next === 'next-job' ? cell.undo.length - 1 : -1);
  });

  it.each(cells.filter(({ interruption }) => interruption === 'pulled'))(
    'a pull in $step leaves nothing or finishes',
    (cell) => {
      expect(cell.next).toBe(isPastNoReturn(cell.step) ? 'finish' : 'next-job');
      expect(cell.keep.length === 0).toBe(!isPastNoReturn(cell.step));
    },
  );

  it('never undoes the slot of an image that runs, unless the boot loader has given it up', () => {
    const undone = cells.filter(({ step, undo }) => isPastNoReturn(step) && undo.includes('slot'));
    expect(undone.map(({ interruption }) => interruption)).toEqual(['rolled-back', 'rolled-back', 'rolled-back']);
  });

  it('rolls back only past the point of no return', () => {
    expect(cells.filter(({ step, next }) => next === 'roll-back' && !isPastNoReturn(step))).toEqual([]);
  });
});
