import { describe, expect, it } from 'vitest';
import type { RunConfiguration } from '../../../rig/virtual/configuration.ts';
import type { Observer } from '../../../rig/virtual/observer.ts';
import { runSimulation } from '../../../rig/virtual/run.ts';
import { draw, subjectsWith } from '../../support/simulated.ts';

const subjects = subjectsWith();
const seeds = process.env['CI'] === 'true' ? 2000 : 400;
/** Seeds for checks that need more than one run each. */
const share = Array.from({ length: 40 }, (_, index) => index * 7 + 1);

/** All that a run's devices did that shows outside, with the steps that they traced, by device. */
function told(configuration: RunConfiguration): ReadonlyMap<string, readonly string[]> {
  const lines = new Map<string, string[]>();
  const note = (thingName: string, at: number, what: string): void => {
    const own = lines.get(thingName);
    if (own === undefined) lines.set(thingName, [`${at} ${what}`]);
    else own.push(`${at} ${what}`);
  };
  runSimulation(configuration, subjects, {
    observer: {
      sent: (thingName, { operation, jobId, body }, at) =>
        note(thingName, at, `${operation} ${jobId} ${JSON.stringify(body)}`),
      connecting: (thingName, at) => note(thingName, at, 'connects'),
      traced: (thingName, trace, at) => note(thingName, at, JSON.stringify(trace)),
    },
  });
  return lines;
}

describe('simulation', () => {
  it(`finds nothing wrong with engine and reference agent over ${seeds} seeds`, { timeout: 120_000 }, () => {
    const broken = Array.from({ length: seeds }, (_, seed) => runSimulation(draw(seed), subjects)).flatMap(
      ({ seed, violations }) => violations.map(({ broke, message }) => `seed ${seed}: ${broke} ${message}`),
    );
    expect(broken).toEqual([]);
  });

  it('does exactly the same again for the same seed', () => {
    for (const seed of share) {
      const first = runSimulation(draw(seed), subjects);
      expect(runSimulation(draw(seed), subjects)).toEqual(first);
    }
  });

  it('does something else for another seed', () => {
    const hashes = share.map((seed) => runSimulation(draw(seed), subjects).traceHash);
    expect(new Set(hashes).size).toBe(share.length);
  });

  it('does the same whether messages cross as objects or as text', () => {
    for (const seed of share) {
      const objects = runSimulation(draw(seed), subjects);
      expect(runSimulation({ ...draw(seed), wire: 'text' }, subjects)).toEqual(objects);
    }
  });

  it('says and does the same, at the same instants, whether hardware is followed closely or catches up', () => {
    const unawaited = Array.from({ length: 400 }, (_, seed) => draw(seed)).filter(
      ({ operator }) => !operator.some(({ when }) => 'step' in when),
    );
    for (const configuration of unawaited) {
      const [closely, loosely] = (['operation', 'sign'] as const).map((grain) => told({ ...configuration, grain }));
      expect(loosely).toEqual(closely);
    }
    const wakes = (grain: 'operation' | 'sign'): number =>
      unawaited.reduce((sum, configuration) => sum + runSimulation({ ...configuration, grain }, subjects).events, 0);
    expect(wakes('sign')).toBeLessThan(wakes('operation'));
  });

  it('is not changed by being watched', () => {
    const watching: Observer = { moved: (board) => void board.view(), received: () => {}, applied: () => {} };
    const configuration = draw(3);
    const alone = runSimulation(configuration, subjects);
    expect(runSimulation(configuration, subjects, { observer: watching })).toEqual(alone);
  });

  it('lets executions end, faults happen and time pass', () => {
    const results = share.map((seed) => runSimulation(draw(seed), subjects));
    const injected = new Set(results.flatMap(({ faults }) => Object.keys(faults)));
    expect(injected.size).toBeGreaterThan(15);
    for (const { executions, simulatedMs } of results) {
      expect(executions).toBeGreaterThan(0);
      expect(simulatedMs).toBeGreaterThan(60_000);
    }
  });

  it('reports what throws as a violation of that seed', () => {
    const broken = {
      ...subjects,
      createBoard: () => {
        throw new Error('no board today');
      },
    };
    expect(() => runSimulation(draw(1), broken)).toThrow('no board today');
    const late = {
      ...subjects,
      createBoard: (...given: Parameters<typeof subjects.createBoard>) => {
        const board = subjects.createBoard(...given);
        return Object.assign(Object.create(board) as typeof board, {
          thingName: board.thingName,
          nextDeadline: () => board.nextDeadline(),
          view: () => board.view(),
          apply: () => {
            throw new Error('out of cheese');
          },
        });
      },
    };
    expect(runSimulation(draw(1), late).violations).toMatchObject([{ broke: 'R2', message: 'out of cheese' }]);
  });
});
