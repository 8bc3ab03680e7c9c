import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { steps } from '../../../observation/execution.ts';
import { planWaves, waveSize } from '../../../rig/live/demo/waves.ts';
import { play } from '../../../rig/virtual/play.ts';
import { readScenario } from '../../../rig/scenario/format/read.ts';
import { scenarioText } from '../../../rig/scenario/format/write.ts';
import { firmware } from '../../support/demo.ts';
import { subjectsWith, wrongIn } from '../../support/simulated.ts';

const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `thing-${index + 1}`);

const hardware = ['esp32-s3', 'rp2040', 'nrf9160'];

function plan(count: number) {
  return planWaves(names(count), {
    firmware,
    canary: { operation: 'reboot' },
    hardwareOf: (thingName) => hardware[Number(thingName.slice(6)) % hardware.length],
    seed: 1,
  });
}

/** How each pulled thing is pulled: the deed, its namespace, its step. */
function pullsOf(count: number): readonly string[] {
  return plan(count).flatMap(({ scenario }) =>
    scenario.meanwhile.flatMap(({ when, deeds }) => {
      const [deed] = deeds;
      const step = when?.on === 'step' ? when.step : '';
      return deed?.do === 'power' ? [] : [`${deed?.do} ${deed !== undefined && 'namespace' in deed} ${step}`];
    }),
  );
}

describe('waves of the demo', () => {
  it('give every thing exactly one job in one wave, and no wave more than a dozen', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (count) => {
        const waves = plan(count);
        expect(waves.flatMap(({ cast }) => [...cast.keys()])).toEqual(names(count));
        for (const { scenario, cast } of waves) {
          expect(cast.size).toBeLessThanOrEqual(waveSize);
          const targets = scenario.script[0]!.deeds.flatMap((deed) => ('things' in deed ? (deed.things ?? []) : []));
          expect([...targets].sort()).toEqual([...cast.keys()].sort());
        }
      }),
    );
  });

  it('pull at every step from nine things on', () => {
    expect(new Set(plan(9)[0]!.cast.values())).toEqual(new Set(steps));
  });

  it('pull at every step in every way, from a hundred things on', () => {
    expect(new Set(pullsOf(100)).size).toBe(steps.length * 3);
  });

  it('cut the power of one device of each while it writes, before it is pulled', () => {
    for (const { scenario } of plan(2 * waveSize)) {
      const { violations, observations } = play(scenario, subjectsWith(), { records: true });
      expect(violations).toEqual([]);
      const cuts = observations.filter((seen) => seen.kind === 'power' && !seen.on);
      expect(cuts.length).toBe(scenario.given.things.length + 1);
    }
  });

  it('leave a tenth alone, none of them in a job that is deleted as a whole', () => {
    for (const { scenario, cast } of plan(120)) {
      const alone = [...cast.keys()][steps.length]!;
      const job = scenario.expect.find(({ thing }) => thing === alone)?.job;
      const deeds = scenario.meanwhile.flatMap((entry) => entry.deeds);
      expect(deeds.some((deed) => deed.do === 'delete-job' && deed.job === job)).toBe(false);
      expect(deeds.some((deed) => 'thing' in deed && deed.thing === alone)).toBe(false);
    }
  });

  it('are scenarios like any other: written, read again, and passed in virtual time', () => {
    for (const { scenario } of plan(2 * waveSize)) {
      const read = readScenario(scenarioText(scenario));
      expect(read).toMatchObject({ ok: true });
      if (read.ok) expect(wrongIn(play(read.scenario, subjectsWith()))).toEqual([]);
    }
  });
});
