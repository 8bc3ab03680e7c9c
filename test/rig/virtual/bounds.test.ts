/** Code under test that never returns: the run ends, and says where. */
import { describe, expect, it } from 'vitest';
import { type AgentBehaviour, referenceAgent } from '../../../agent/core/behaviour.ts';
import type { Engine } from '../../../broker/engine/contract.ts';
import { readHardwareProfiles } from '../../../agent/hardware-profiles.ts';
import { createBounded } from '../../../rig/live/bounded.ts';
import { playSecondAct } from '../../../rig/live/demo/second-act.ts';
import { Overrun } from '../../../rig/virtual/bounds.ts';
import { play } from '../../../rig/virtual/play.ts';
import { scenarioOf } from '../../support/scenarios.ts';
import { subjectsWith } from '../../support/simulated.ts';

const limitMs = 150;
/** What only loops is cut after this, whatever the host does meanwhile: a processor that was busy with it all the time. */
const loopMs = 15;
let ticksMs = 0;
const cut = createBounded(loopMs, () => (ticksMs += loopMs));

function forEver(): never {
  for (let turns = 0; ; turns = (turns + 1) % 7) if (turns > 7) throw new Error('never');
}

function caught(act: () => unknown): unknown {
  try {
    return act();
  } catch {
    return undefined;
  }
}

function caughtFrom(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

/** As if the call had been cut, on a host of any speed. */
function overrun(wallMs: number, busyMs: number): () => never {
  return () => {
    throw new Overrun(wallMs, busyMs);
  };
}

/** Returns never, and is cut itself: how far a host gets before it comes to the loop does not matter. */
const loops = (): never => cut(forEver);

/** Each member whose loop a job of firmware comes to. */
const loopsIn = {
  filters: loops,
  listensTo: loops,
  passesOver: loops,
  readDocument: loops,
  versionOf: loops,
  foundAtBoot: loops,
} as const satisfies Partial<AgentBehaviour>;

const update = scenarioOf('id: x\nclaim: It ends.\nabout: V5\nscript:\n  - create-job: update\n  - when: settled\n');

describe('a run in virtual time', () => {
  it.each(Object.keys(loopsIn) as (keyof typeof loopsIn)[])('ends when %s of an agent loops for ever', (member) => {
    const { violations } = play(update, subjectsWith({ ...referenceAgent, [member]: loopsIn[member] }));
    expect(violations).toMatchObject([{ broke: 'R1', thingName: 'thing-1', isCut: true }]);
  });

  it('ends when the engine loops for ever, and blames no device', () => {
    const subjects = subjectsWith();
    const createEngine = (): Engine => {
      const engine = subjects.createEngine();
      const apply: Engine['apply'] = (command, now) =>
        command.name === 'iot:CreateJob' ? loops() : engine.apply(command, now);
      return Object.assign(Object.create(engine) as Engine, { apply, nextDeadline: () => engine.nextDeadline() });
    };
    const { violations } = play(update, { ...subjects, createEngine });
    expect(violations).toMatchObject([{ broke: 'R1', isCut: true }]);
    expect(violations[0]).not.toHaveProperty('thingName');
  });

  it('names the device and the event', () => {
    const { violations } = play(update, subjectsWith({ ...referenceAgent, readDocument: overrun(5000, 4900) }));
    expect(violations).toMatchObject([{ broke: 'R1', thingName: 'thing-1', isCut: true }]);
    expect(violations[0]!.message).toMatch(
      /^a call of the device does not return: 4.9 s of processor time in event \d+$/,
    );
  });

  it('says nothing about the device where the host had no time for it', () => {
    const { violations, unfinished } = play(
      update,
      subjectsWith({ ...referenceAgent, readDocument: overrun(5000, 200) }),
    );
    expect(violations).toEqual([]);
    expect(unfinished).toBe('a host that gives it processor time: it got 0.2 s in 5 s');
  });

  it('is the same with a bound as without', () => {
    const bound = { ...subjectsWith(), bounded: createBounded(100_000) };
    expect(play(update, bound)).toEqual(play(update, subjectsWith()));
  });
});

describe('a bound', () => {
  it('hands on what is returned and what is thrown', () => {
    const bounded = createBounded(limitMs);
    expect(bounded(() => 7)).toBe(7);
    expect(() => bounded(() => [].at(0)!['x'])).toThrow(TypeError);
    expect(bounded(() => 8)).toBe(8);
  });

  it('cuts what no catch holds up', () => {
    const stubborn = Array.from({ length: 2 }, () => forEver);
    expect(() => createBounded(limitMs)(() => stubborn.map(caught))).toThrow(Overrun);
  });

  it('tells a loop by the processor time that it took', () => {
    const clocked = (tookMs: number): Overrun => {
      let now = 0;
      return caughtFrom(() => createBounded(limitMs, () => (now += tookMs))(forEver)) as Overrun;
    };
    expect(clocked(limitMs / 2).isLoop).toBe(true);
    expect(clocked(limitMs / 2 - 1).isLoop).toBe(false);
  });

  it('cuts a whole run', () => {
    const bounded = createBounded(1000, () => (ticksMs += 1000));
    const subjects = { ...subjectsWith({ ...referenceAgent, readDocument: forEver }), bounded };
    expect(play(update, subjects).violations).toMatchObject([{ broke: 'R1', isCut: true }]);
  });
});

describe('the second act', () => {
  it('names the scenario of a loop, does not make it smaller, and plays no more than a few', async () => {
    const hardware = readHardwareProfiles('esp32-s3');
    const act = await playSecondAct({
      scenarios: Array.from({ length: 9 }, (_, index) => ({ ...update, id: `update-${index}` })),
      seeds: 9,
      hardware,
      known: hardware,
      agent: { ...referenceAgent, readDocument: loops },
    });
    expect(act).toMatchObject({ verdict: 'fail', scenarios: 3, seeds: 0 });
    expect(act.causes).toMatchObject([{ claim: 'R1', in: ['update-0', 'update-1', 'update-2'] }]);
  });
});
