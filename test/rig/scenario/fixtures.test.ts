/** The scenarios that come with jobrig, as a set: what each must be like. That a right device passes them is in the zoo's test. */
import { describe, expect, it } from 'vitest';
import { selectScenarios } from '../../../rig/live/scenario-files.ts';
import type { CreateJobDeed, Scenario } from '../../../rig/scenario/contract.ts';
import { scenariosIn } from '../../support/scenarios.ts';

/** Sooner than an idle device asks by itself, every 15 minutes, which would hide a hint that was lost for good. */
const longestMs = 600_000;
/** Where the player waits for rest, and nothing else is said. */
const usualSettleMs = 600_000;

/** After which nothing is left that could do a job. */
const withoutCanary = new Map([['thing-deleted', 'its thing is gone']]);

function lastJobOf({ script }: Scenario): CreateJobDeed | undefined {
  return script.flatMap(({ deeds }) => deeds).findLast((deed) => deed.do === 'create-job');
}

/** How long the last job of the script may take; `undefined`: as long as it likes, or it may end otherwise. */
function canaryMs(scenario: Scenario): number | undefined {
  const last = lastJobOf(scenario);
  const expected = scenario.expect.filter(({ job }) => job === last?.job);
  if (expected.length === 0) return undefined;
  return Math.max(...expected.map(({ withinMs }) => withinMs ?? scenario.given.settleMs ?? usualSettleMs));
}

describe('each scenario that comes with jobrig', () => {
  it.each(scenariosIn('fixtures/scenarios').map((scenario) => [scenario.id, scenario] as const))(
    '%s ends with a job that must be over within ten minutes',
    (id, scenario) => {
      if (withoutCanary.has(id)) return expect(canaryMs(scenario)).toBeUndefined();
      expect(canaryMs(scenario)).toBeLessThanOrEqual(longestMs);
    },
  );

  it('is in a file of the name of its id, by which it is found without reading the others', () => {
    const ids = scenariosIn('fixtures/scenarios').map(({ id }) => id);
    expect(ids.flatMap((id) => selectScenarios([id])).map(({ id }) => id)).toEqual(ids);
  });
});
