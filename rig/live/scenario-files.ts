/**
 * Scenarios on disk: those that come with jobrig and a user's own, chosen by id, by file, by directory or with `*`. A broken file
 * is named by line and column before anything starts.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { nearName } from '../../protocol/near-name.ts';
import { OperationalError } from '../../protocol/operational-error.ts';
import type { Scenario } from '../scenario/contract.ts';
import { readWrittenFile } from '../files/written-file.ts';
import { checkScenario } from '../scenario/format/read.ts';

const packageRoot = dirname(createRequire(import.meta.url).resolve('jobrig/package.json'));

/**
 * @param selectors ids, `*` patterns, files and directories; none: all that come with jobrig
 * @throws {OperationalError} `SCENARIO_UNKNOWN`, `SCENARIO_INVALID`
 */
export function selectScenarios(selectors: readonly string[]): readonly Scenario[] {
  const own = ownScenarios();
  const chosen = selectors.length === 0 ? own : selectors.flatMap((selector) => selected(selector, own));
  return mustDiffer(chosen);
}

function ownScenarios(): readonly Scenario[] {
  return scenariosIn(join(packageRoot, 'fixtures/scenarios'));
}

function selected(selector: string, own: readonly Scenario[]): readonly Scenario[] {
  const byId = own.filter(({ id }) => matches(selector, id));
  if (byId.length > 0) return byId;
  if (existsSync(selector)) return statSync(selector).isDirectory() ? scenariosIn(selector) : [scenarioAt(selector)];
  const meant = nearName(
    selector,
    own.map(({ id }) => id),
  );
  const hint = meant === undefined ? '`jobrig check --list` names them.' : `Did you mean ${meant}?`;
  throw new OperationalError('SCENARIO_UNKNOWN', `--scenario: there is no scenario, file or directory ${selector}`, {
    hint,
  });
}

function matches(selector: string, id: string): boolean {
  if (!selector.includes('*')) return selector === id;
  const pattern = selector
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${pattern}$`).test(id);
}

function scenariosIn(directory: string): readonly Scenario[] {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(directory, name));
  if (files.length === 0) {
    throw new OperationalError('SCENARIO_UNKNOWN', `--scenario: ${directory} has no scenarios`, {
      hint: 'They are files that end in .yaml.',
    });
  }
  return files.map(scenarioAt);
}

function scenarioAt(file: string): Scenario {
  const scenario = readWrittenFile(file, 'SCENARIO_INVALID', checkScenario);
  files.set(scenario, resolve(file));
  return scenario;
}

/** Where each scenario was read, to name both files of a double. */
const files = new WeakMap<Scenario, string>();

/** The same file named twice counts once; two files with one id are a mistake. */
function mustDiffer(scenarios: readonly Scenario[]): readonly Scenario[] {
  const byId = new Map<string, Scenario>();
  for (const scenario of scenarios) {
    const other = byId.get(scenario.id);
    const [file, otherFile] = [files.get(scenario), other && files.get(other)];
    if (other !== undefined && file !== otherFile) {
      throw new OperationalError('SCENARIO_INVALID', `${file}: the id ${scenario.id} is taken by ${otherFile}`);
    }
    byId.set(scenario.id, scenario);
  }
  return [...byId.values()];
}
