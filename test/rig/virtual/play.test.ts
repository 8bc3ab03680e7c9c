import { describe, expect, it } from 'vitest';
import type { Observer } from '../../../observation/observation.ts';
import { noFaults } from '../../../faults/plan.ts';
import type { Scenario, Trigger } from '../../../rig/scenario/contract.ts';
import { type Played, play } from '../../../rig/virtual/play.ts';
import { scenarioOf, scenariosIn } from '../../support/scenarios.ts';
import { draw, subjectsWith, wrongIn } from '../../support/simulated.ts';

const subjects = subjectsWith();
const seeds = process.env['CI'] === 'true' ? 2000 : 400;
/** Seeds for checks that need more than one run each. */
const share = Array.from({ length: 40 }, (_, index) => index * 7 + 1);

function withGiven(scenario: Scenario, given: Partial<Scenario['given']>): Scenario {
  return { ...scenario, given: { ...scenario.given, ...given } };
}

/** The runs of {@link share}, each with its hash: several claims look at them. */
const shared: readonly Played[] = share.map((seed) => play(draw(seed), subjects, { hashes: true }));

interface Told {
  /** How often something happened in it. */
  readonly events: number;
  /** All that its devices did that shows outside, with the steps that they traced, by device. */
  readonly lines: ReadonlyMap<string, readonly string[]>;
}

function told(scenario: Scenario): Told {
  const lines = new Map<string, string[]>();
  const note = (thingName = '', at: number, what: string): void => {
    const own = lines.get(thingName);
    if (own === undefined) lines.set(thingName, [`${at} ${what}`]);
    else own.push(`${at} ${what}`);
  };
  const { events } = play(scenario, subjects, {
    observer: {
      sent: ({ thingName, request: { operation, jobId, body }, at }) =>
        note(thingName, at, `${operation} ${jobId} ${JSON.stringify(body)}`),
      connecting: ({ thingName, at }) => note(thingName, at, 'connects'),
      traced: ({ thingName, trace, at }) => note(thingName, at, JSON.stringify(trace)),
    },
  });
  return { events, lines };
}

describe('a scenario in virtual time', () => {
  it(`finds nothing wrong with engine and reference agent over ${seeds} seeds`, { timeout: 240_000 }, () => {
    const broken = Array.from({ length: seeds }, (_, seed) => seed).flatMap((seed) =>
      wrongIn(play(draw(seed), subjects)).map((wrong) => `seed ${seed}: ${wrong}`),
    );
    expect(broken).toEqual([]);
  });

  it('does exactly the same again for the same seed', () => {
    for (const [index, seed] of share.entries()) {
      expect(play(draw(seed), subjects, { hashes: true })).toEqual(shared[index]);
    }
  });

  it('does something else for another seed', () => {
    expect(new Set(shared.map(({ traceHash }) => traceHash)).size).toBe(share.length);
  });

  it('does the same whether messages cross as objects or as text', () => {
    for (const [index, seed] of share.entries()) {
      const scenario = draw(seed);
      expect(scenario.given.wire ?? 'objects').toBe('objects');
      const { traceHash } = play(withGiven(scenario, { wire: 'text' }), subjects, { hashes: true });
      expect(traceHash).toBe(shared[index]?.traceHash);
    }
  });

  it('says and does the same, at the same instants, whether hardware is followed closely or catches up', () => {
    const unawaited = Array.from({ length: 120 }, (_, seed) => draw(seed)).filter(
      ({ meanwhile }) => !meanwhile.some(({ when }) => when?.on === 'step'),
    );
    const wakes = { operation: 0, sign: 0 };
    for (const scenario of unawaited) {
      const [closely, loosely] = (['operation', 'sign'] as const).map((grain) => {
        const { events, lines } = told(withGiven(scenario, { grain }));
        wakes[grain] += events;
        return lines;
      });
      expect(loosely).toEqual(closely);
    }
    expect(wakes.sign).toBeLessThan(wakes.operation);
  });

  it('is not changed by being watched or recorded', () => {
    const watching: Observer = { moved: ({ view }) => void view(), received: () => {}, execution: () => {} };
    const alone = play(draw(3), subjects);
    expect(play(draw(3), subjects, { observer: watching })).toEqual(alone);
    const recorded = play(draw(3), subjects, { records: true });
    expect(recorded.observations.length).toBeGreaterThan(50);
    expect({ ...recorded, observations: [] }).toEqual(alone);
  });

  it('lets executions end, faults happen and time pass', () => {
    const injected = new Set(shared.flatMap(({ faults }) => Object.keys(faults)));
    expect(injected.size).toBeGreaterThan(15);
    for (const { executions, startedAt, endedAt } of shared) {
      expect(executions).toBeGreaterThan(0);
      expect(endedAt - startedAt).toBeGreaterThan(60_000);
    }
  });

  it.each<Trigger>([
    { on: 'connected' },
    { on: 'sent', operation: 'UpdateJobExecution', status: 'IN_PROGRESS' },
    { on: 'received', what: 'accepted', operation: 'UpdateJobExecution' },
    { on: 'delivered', what: 'reply' },
    { on: 'delivered', what: 'notify' },
    { on: 'delivered', what: 'notify-next' },
    { on: 'execution', status: 'SUCCEEDED' },
    { on: 'downloaded', percent: 50 },
    { on: 'step', step: 'verify' },
    { on: 'idle', forMs: 2000 },
  ])('goes on with what waits for $on', (when) => {
    const scenario = draw(0);
    const { unfinished, violations } = play(
      {
        ...scenario,
        given: {
          ...withGiven(scenario, { faults: noFaults, grain: 'operation' }).given,
          things: [{ thing: 'thing-1' }],
        },
        meanwhile: [],
        script: [
          {
            when: { on: 'at', atMs: 20_000 },
            deeds: [{ do: 'create-job', job: 'job', document: 'firmware', edition: 1 }],
          },
          { when, deeds: [] },
        ],
        expect: [],
      },
      subjects,
    );
    expect({ unfinished, violations }).toEqual({ unfinished: undefined, violations: [] });
  });

  it('reports what throws as a violation of that run', () => {
    const broken = {
      ...subjects,
      createBoard: () => {
        throw new Error('no board today');
      },
    };
    expect(() => play(draw(1), broken)).toThrow('no board today');
    const late = {
      ...subjects,
      createBoard: (...given: Parameters<typeof subjects.createBoard>) => {
        const board = subjects.createBoard(...given);
        return Object.assign(Object.create(board) as typeof board, {
          thingName: board.thingName,
          nextDeadline: () => board.nextDeadline(),
          nextSign: () => board.nextSign(),
          view: () => board.view(),
          apply: () => {
            throw new Error('out of cheese');
          },
        });
      },
    };
    expect(play(draw(1), late).violations).toMatchObject([{ broke: 'R2', message: 'out of cheese' }]);
  });

  const head = 'id: x\nclaim: It happens.\nabout: V1\nscript:\n';

  it('says what the script waited for when that never comes', () => {
    const { violations, unfinished } = play(scenarioOf(`${head}  - when: disconnected\n`), subjects);
    expect({ violations, unfinished }).toEqual({ violations: [], unfinished: 'the connection to end' });
  });

  it('breaks the claim that the scenario is about when an expectation is missed', () => {
    const missed = `${head}  - create-job: update\nexpect:\n  - { job: update, status: FAILED }\n`;
    const { violations } = play(scenarioOf(missed), subjects);
    expect(violations).toMatchObject([{ broke: 'V1', message: 'update became SUCCEEDED, not FAILED' }]);
  });

  it('judges an expected ending of a device by its own label', () => {
    const things = 'given: { things: [{ thing: thing-1 }, { thing: thing-2 }] }\n';
    const created = '  - create-job: { job: update, things: [thing-2] }\n';
    const expected = 'expect:\n  - { job: update, thing: thing-2, status: FAILED }\n';
    const { violations } = play(scenarioOf(`${things}${head}${created}${expected}`), subjects);
    expect(violations).toMatchObject([{ broke: 'V1', thingName: 'thing-2' }]);
  });
});

describe('what the simulation once found', () => {
  it.each(scenariosIn('fixtures/seeds').map((scenario) => [scenario.id, scenario] as const))(
    '%s does not come back',
    (_, scenario) => {
      expect(scenario.claim.length).toBeGreaterThan(40);
      expect(wrongIn(play(scenario, subjects))).toEqual([]);
    },
  );

  it('a job is refused for its own document only', () => {
    const scenario = scenariosIn('fixtures/seeds').find(({ id }) => id === 'refusal-of-the-next-head')!;
    const statuses: string[] = [];
    play(scenario, subjects, {
      observer: {
        execution({ execution, status, by }) {
          if (by === 'device' && execution.jobId === 'job-2') statuses.push(status);
        },
      },
    });
    expect(statuses[0]).toBe('IN_PROGRESS');
    expect(statuses.at(-1)).toBe('SUCCEEDED');
  });
});
