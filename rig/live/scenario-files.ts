/**
 * Scenarios on disk: those that come with jobrig and a user's own, chosen by id, by file, by directory or with `*`. A broken file
 * is named by line and column before anything starts.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { packageFile } from '../../package/package.ts';
import { nearName } from '../../protocol/near-name.ts';
import { OperationalError } from '../../protocol/operational-error.ts';
import type { Scenario } from '../scenario/contract.ts';
import { readWrittenFile } from '../files/written-file.ts';
import { checkScenario } from '../scenario/format/read.ts';

const ownFolder = packageFile('fixtures/scenarios');

/** Those that come with jobrig, by their files, which stay as they are: each is read when it is first wanted. */
const ownRead = new Map<string, Scenario>();

/**
 * @param selectors ids, `*` patterns, files and directories; none: all that come with jobrig
 * @throws {OperationalError} `SCENARIO_UNKNOWN`, `SCENARIO_INVALID`
 */
export function selectScenarios(selectors: readonly string[]): readonly Scenario[] {
  const own = filesIn(ownFolder);
  const chosen = selectors.length === 0 ? own : selectors.flatMap((selector) => selected(selector, own));
  // A file that is named twice counts once.
  const files = new Map(chosen.map((file) => [resolve(file), file]));
  return readAll([...files.values()]);
}

function selected(selector: string, own: readonly string[]): readonly string[] {
  const byId = own.filter((file) => matches(selector, idOf(file)));
  if (byId.length > 0) return byId;
  if (existsSync(selector)) return statSync(selector).isDirectory() ? filesIn(selector) : [selector];
  const meant = nearName(selector, own.map(idOf));
  const hint = meant === undefined ? '`jobrig check --list` names them.' : `Did you mean ${meant}?`;
  throw new OperationalError('SCENARIO_UNKNOWN', `--scenario: there is no scenario, file or directory ${selector}`, {
    hint,
  });
}

/** Files of scenarios that come with jobrig have the names of their ids. */
function idOf(file: string): string {
  return basename(file, '.yaml');
}

function matches(selector: string, id: string): boolean {
  if (!selector.includes('*')) return selector === id;
  const pattern = selector
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${pattern}$`).test(id);
}

function filesIn(directory: string): readonly string[] {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(directory, name));
  if (files.length === 0) {
    throw new OperationalError('SCENARIO_UNKNOWN', `--scenario: ${directory} has no scenarios`, {
      hint: 'They are files that end in .yaml.',
    });
  }
  return files;
}

/** Two files with one id are a mistake. */
function readAll(files: readonly string[]): readonly Scenario[] {
  const fileOf = new Map<string, string>();
  return files.map((file) => {
    const scenario = scenarioAt(file);
    const other = fileOf.get(scenario.id);
    if (other !== undefined) {
      throw new OperationalError(
        'SCENARIO_INVALID',
        `${resolve(file)}: the id ${scenario.id} is taken by ${resolve(other)}`,
      );
    }
    fileOf.set(scenario.id, file);
    return scenario;
  });
}

function scenarioAt(file: string): Scenario {
  const known = ownRead.get(file);
  if (known !== undefined) return known;
  const scenario = readWrittenFile(file, 'SCENARIO_INVALID', checkScenario);
  if (file.startsWith(ownFolder)) ownRead.set(file, scenario);
  return scenario;
}
