/**
 * The plain agent with one bug of real agents switched on (fixtures/agents/mqttjs/bugs.mjs): each is failed in the scenario that is there
 * to find it, by the claim that it breaks. Scenarios that are patient with slow devices are not so here.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { selectScenarios } from '../../rig/live/scenario-files.ts';
import type { Scenario } from '../../rig/scenario/contract.ts';
import { check, fixtureAgent, timeoutMs, tried } from './checked.ts';

interface Bug {
  readonly catalog: string;
  readonly found: readonly [scenario: string, claim: string];
  /** That it understands. */
  readonly document?: string;
}

const { bugs } = (await import(fixtureAgent('mqttjs/bugs.mjs'))) as { readonly bugs: Readonly<Record<string, Bug>> };
const table = Object.entries(bugs).map(([name, { catalog, found, document }]) => ({
  name,
  catalog,
  scenario: found[0],
  claim: found[1],
  document,
}));
/** One for each way to fail that shows at once. */
const quick = new Set([
  'reports-success-of-a-bad-image',
  'is-busy-after-a-failed-download',
  'keeps-every-subscription',
  'reports-the-old-version',
  'asks-for-blocks-of-nobody',
]);

function impatient(id: string): Scenario {
  const [scenario] = selectScenarios([id]);
  const { settleMs: _, ...given } = scenario!.given;
  return { ...scenario!, given };
}

describe('an agent with a known bug', { timeout: timeoutMs }, () => {
  it.concurrent.for(tried(table, ({ name }) => quick.has(name)))(
    '$name ($catalog) is failed in $scenario by $claim',
    async ({ name, scenario, claim, document }) => {
      const command = [process.execPath, fixtureAgent('mqttjs/faulty-agent.mjs'), name];
      const result = await check(command, [scenario], {
        scenarios: [impatient(scenario)],
        ...(document !== undefined && { document }),
      });
      const [run] = result.results[0]?.runs ?? [];
      expect([result.diagnosis, run?.verdict]).toEqual([undefined, 'fail']);
      expect(run?.broke).toContain(claim);
    },
  );

  it('is one of many that the catalogue has', () => {
    const catalog = readFileSync('docs/recovery-bugs.md', 'utf8');
    const numbers = new Set(table.map(({ catalog: number }) => number));
    for (const number of numbers) expect(catalog).toContain(`${number} `);
    expect(table.length).toBeGreaterThanOrEqual(42);
    expect(numbers.size).toBeGreaterThanOrEqual(30);
  });
});
