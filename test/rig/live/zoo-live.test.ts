/**
 * Every agent of the zoo under `demo`, on sockets: none passes, and whoever is failed is failed for what its bug breaks. A quarter of an
 * hour long, so only with JOBRIG_ZOO=1; the second act alone is in second-act.test.ts.
 */
import { describe, expect, it } from 'vitest';
import { readHardwareProfiles } from '../../../agent/hardware-profiles.ts';
import { zoo } from '../../agent/zoo/zoo-agents.ts';
import { openDemo } from '../../../rig/live/demo/run-demo.ts';
import { secondActOnly } from '../../agent/zoo/second-act-only.ts';
import { virtualScenarios } from '../../support/scenarios.ts';

const known = readHardwareProfiles('mix');
/** One wave and half of another, so that each way to pull is used. */
const things = 18;

describe('the demo with an agent of the zoo', () => {
  it.each(zoo.map((agent) => [agent.id, agent] as const))(
    '%s fails, and each device for a claim of its bug',
    { timeout: 1_200_000 },
    async (id, { behaviour, breaks, scenario }) => {
      await using demo = await openDemo({
        things,
        seed: 1,
        seeds: 0,
        timeScale: 60,
        hardware: known,
        known,
        scenarios: virtualScenarios.filter((one) => one.id === scenario),
        agent: behaviour,
      });
      const { verdict, causes, deviceReports } = await demo.run();
      expect(verdict).toBe('fail');
      const own = Object.keys(breaks);
      const isShownLive = causes.some(({ act, claim }) => act === 'live' && own.includes(claim));
      // A host that is too slow for it makes a finding unsure, and then the second act alone has shown it.
      const isUnsure = deviceReports.some(({ findings }) =>
        findings.some(({ outcome, claim }) => outcome === 'inconclusive' && own.includes(claim)),
      );
      if (id in secondActOnly) expect(isShownLive).toBe(false);
      else expect({ isShownLive, isUnsure }).not.toEqual({ isShownLive: false, isUnsure: false });
      for (const { act, claim } of causes) if (act === 'virtual') expect(own).toContain(claim);
      // A device goes on after its claim is broken, and what follows from that may break others.
      for (const { thingName, findings } of deviceReports) {
        const broken = findings.filter(({ outcome }) => outcome === 'fail').map(({ claim }) => claim);
        if (broken.length > 0)
          expect([thingName, broken.filter((claim) => own.includes(claim))]).not.toEqual([thingName, []]);
      }
    },
  );
});
