import { steps } from '../../../observation/execution.ts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planWaves, windowSize } from '../../../rig/live/demo/plan.ts';

const names = (count: number) => Array.from({ length: count }, (_, index) => `thing-${index + 1}`);

describe('casting of the demo', () => {
  it('gives every thing exactly one job, and no wave more than the window', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), (count) => {
        const waves = planWaves(names(count));
        const members = waves.map(({ jobs }) =>
          jobs.flatMap(({ devices }) => devices.map(({ thingName }) => thingName)),
        );
        expect(members.flat().sort()).toEqual(names(count).sort());
        for (const wave of members) expect(wave.length).toBeLessThanOrEqual(windowSize);
        const jobIds = waves.flatMap(({ jobs }) => jobs.map(({ jobId }) => jobId));
        expect(new Set(jobIds).size).toBe(jobIds.length);
      }),
    );
  });

  it('pulls at every step from nine things on', () => {
    const pulled = planWaves(names(9)).flatMap(({ jobs }) =>
      jobs.flatMap(({ devices }) => devices.map(({ step }) => step)),
    );
    expect(new Set(pulled)).toEqual(new Set(steps));
  });

  it('pulls at every step in every way, from a hundred things on', () => {
    const ways = planWaves(names(100)).flatMap(({ jobs }) =>
      jobs.flatMap(({ devices, deletedWhole, namespaceId }) =>
        devices.flatMap(({ step }) => (step ? [`${step} ${deletedWhole} ${namespaceId !== undefined}`] : [])),
      ),
    );
    expect(new Set(ways).size).toBe(steps.length * 3);
  });

  it('leaves some devices alone, and none of them in a job that is deleted as a whole', () => {
    const jobs = planWaves(names(100)).flatMap((wave) => wave.jobs);
    const alone = jobs.flatMap((job) =>
      job.devices.filter(({ step }) => step === undefined).map(() => job.deletedWhole),
    );
    expect(alone).toHaveLength(10);
    expect(alone).not.toContain(true);
  });
});
