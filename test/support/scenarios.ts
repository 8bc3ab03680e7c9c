/** The scenarios that come with jobrig, and a scenario written in a test. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Scenario } from '../../rig/scenario/contract.ts';
import { readScenario } from '../../rig/scenario/format/read.ts';
import { whySkipped } from '../../rig/scenario/needs.ts';
import { virtualOffer } from '../../rig/virtual/offer.ts';

const root = join(import.meta.dirname, '../..');

/** Of a text that must be right. */
export function scenarioOf(text: string): Scenario {
  const read = readScenario(text);
  if (read.ok) return read.scenario;
  throw new Error(read.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`).join('\n'));
}

export function scenariosIn(folder: string): readonly Scenario[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => scenarioOf(readFileSync(join(root, folder, name), 'utf8')));
}

const all = scenariosIn('fixtures/scenarios');

/** Those that virtual time can play. */
export const virtualScenarios = all.filter((scenario) => whySkipped(scenario, virtualOffer) === undefined);
export const skippedScenarios = all.filter((scenario) => whySkipped(scenario, virtualOffer) !== undefined);
