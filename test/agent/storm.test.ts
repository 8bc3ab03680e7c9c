/**
 * Everything at once: messages lost, repeated and late, power cuts, broken links and a pull, at instants drawn by chance.
 * While it lasts anything may happen; when it is over the device must come to rest, valid, and finish the next job.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fault, type Pull, type Subject, begin, judgeEnd, faults, pulls } from '../support/sweep.ts';
import { type Arrivals, firmwareDocument } from '../support/virtual-world.ts';

const stormMs = 12_000;

const arrival = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Arrivals>([{ lateMs: 0 }]) },
  { weight: 2, arbitrary: fc.constant<Arrivals>([]) },
  { weight: 2, arbitrary: fc.nat(3000).map((lateMs): Arrivals => [{ lateMs: 0 }, { lateMs }]) },
  { weight: 2, arbitrary: fc.nat(3000).map((lateMs): Arrivals => [{ lateMs }]) },
);

const storm = fc.record({
  seed: fc.nat(),
  arrivals: fc.array(arrival, { minLength: 1, maxLength: 60 }),
  injected: fc.array(
    fc.record({
      afterMs: fc.nat(stormMs - 1000),
      fault: fc.constantFrom(...(Object.keys(faults) as Fault[])),
    }),
    { maxLength: 3 },
  ),
  pull: fc.constantFrom(...(Object.keys(pulls) as Pull[])),
  pullAfterMs: fc.nat(stormMs),
  document: fc.constantFrom(
    firmwareDocument('2.0.0'),
    { operation: 'reboot' },
    { steps: [{ action: { name: 'copy', type: 'runHandler', input: { handler: 'copy.sh' } } }] },
  ),
});

function traceOf(seed: number): string {
  const world = begin({ name: 'twice', document: firmwareDocument('2.0.0'), world: { seed } });
  world.later(3000, () => faults['link lost'](world));
  world.later(4500, () => faults['power cut'](world));
  world.run(60_000);
  return JSON.stringify(world.happenings);
}

describe('storm', () => {
  it('passes, and the device is valid and takes the next job', () => {
    fc.assert(
      fc.property(storm, ({ seed, arrivals, injected, pull, pullAfterMs, document }) => {
        let over = false;
        let messages = 0;
        const subject: Subject = {
          name: 'storm',
          document,
          world: { seed, arrivalsOf: () => (over ? undefined : arrivals[(messages += 1) % arrivals.length]) },
        };
        const world = begin(subject);
        for (const { afterMs, fault } of injected) world.later(afterMs, () => faults[fault](world));
        world.later(pullAfterMs, () => pulls[pull](world, subject));
        world.run(stormMs + 1000);
        over = true;
        expect(judgeEnd(world, pull)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it('goes the same way twice for the same seed', () => {
    expect(traceOf(7)).toBe(traceOf(7));
    expect(traceOf(7)).not.toBe(traceOf(8));
  });
});
