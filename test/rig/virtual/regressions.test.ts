/** What the simulation once found, made small: `fixtures/seeds/`, each with a sentence. None may break anything again. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readHardwareProfiles } from '../../../agent/hardware-profiles.ts';
import { readKeptRun } from '../../../cli/kept-run.ts';
import { runSimulation } from '../../../rig/virtual/run.ts';
import { subjectsWith } from '../../support/simulated.ts';

const folder = join(import.meta.dirname, '../../../fixtures/seeds');
const hardware = readHardwareProfiles('mix').map(({ name }) => name);

describe('what the simulation once found', () => {
  it.each(readdirSync(folder))('%s does not come back', (file) => {
    const { why, configuration } = readKeptRun(join(folder, file), hardware);
    expect(why.length).toBeGreaterThan(40);
    expect(runSimulation(configuration, subjectsWith()).violations).toEqual([]);
  });

  it('a job is refused for its own document only', () => {
    const { configuration } = readKeptRun(join(folder, 'refusal-of-the-next-head.json'), hardware);
    const statuses: unknown[] = [];
    runSimulation(configuration, subjectsWith(), {
      observer: {
        applied({ name, request }, { reply }) {
          if (name !== 'iotjobsdata:UpdateJobExecution' || !reply.accepted || request.jobId !== 'job-2') return;
          statuses.push(request.status);
        },
      },
    });
    expect(statuses[0]).toBe('IN_PROGRESS');
    expect(statuses.at(-1)).toBe('SUCCEEDED');
  });
});
