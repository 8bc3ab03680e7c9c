/** What the simulation once found, made small: `fixtures/seeds/`, each with a sentence. None may break anything again. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseFaultPlan } from '../../faults/plan.ts';
import type { RunConfiguration } from '../../simulation/configuration.ts';
import { runSimulation } from '../../simulation/run.ts';
import { claims } from '../../simulation/violation.ts';
import { subjectsWith } from '../support/simulated.ts';

interface Regression {
  readonly why: string;
  readonly broke: string;
  readonly configuration: RunConfiguration;
}

const folder = join(import.meta.dirname, '../../fixtures/seeds');
const regressions = readdirSync(folder).map(
  (file) => [file, JSON.parse(readFileSync(join(folder, file), 'utf8')) as Regression] as const,
);

describe('what the simulation once found', () => {
  it.each(regressions)('%s does not come back', (_, { why, broke, configuration }) => {
    expect(why.length).toBeGreaterThan(40);
    expect(Object.keys(claims)).toContain(broke);
    expect(parseFaultPlan(configuration.faults)).toMatchObject({ ok: true });
    expect(runSimulation(configuration, subjectsWith()).violations).toEqual([]);
  });
});
