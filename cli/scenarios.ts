/** Scenarios on the command line: in shards for CI matrices, and listed with what they need. */
import { selectScenarios } from '../rig/live/scenario-files.ts';
import type { Scenario } from '../rig/scenario/contract.ts';
import { needsOf } from '../rig/scenario/needs.ts';
import { partOfWhole, spelledFlag } from './arguments.ts';
import { usageError } from './exit.ts';
import { formatTable } from './table.ts';

export const shard = partOfWhole(1000, 'a part of a whole like 2/4');
export type Shard = ReturnType<typeof shard>;

/** Every n-th scenario, so that the parts take about as long. */
export function chooseShard(scenarios: readonly Scenario[], part: Shard | undefined): readonly Scenario[] {
  return part === undefined ? scenarios : scenarios.filter((_, place) => place % part.of === part.index - 1);
}

const besideList: ReadonlySet<string> = new Set(['list', 'scenario', 'replay', 'json', 'quiet']);

/** @param words behind the flags @throws what `--list` would leave undone */
export function mustOnlyList(written: ReadonlySet<string>, words: readonly string[] = []): void {
  const [stray] = [...[...written].filter((name) => !besideList.has(name)).map(spelledFlag), ...words];
  if (stray !== undefined)
    throw usageError(`--list and ${stray} exclude each other: it names the scenarios and does nothing else`);
}

/** `--list`. @param selectors as of `--scenario` */
export function printScenarios(selectors: readonly string[], isJson: boolean): void {
  const scenarios = selectScenarios(selectors);
  process.stdout.write(`${isJson ? JSON.stringify(scenarios) : listed(scenarios)}\n`);
}

function listed(scenarios: readonly Scenario[]): string {
  const rows = scenarios.map((scenario) => [
    scenario.id,
    scenario.about,
    needsOf(scenario).join(', ') || '–',
    scenario.catalog.join(' ') || '–',
    scenario.claim,
  ]);
  return formatTable(['scenario', 'claim', 'needs', 'bugs', 'what happens'], rows);
}
