/**
 * `npm run mutate`: makes one-change mutants of a room and asks who notices: the verdict alone, and all tests of the room, those first
 * that come to the changed line. Writes docs/mutation.md: what noticed how many, and every survivor with its reason. Results gather
 * in bench/results/, so that a run can be stopped and gone on with. Exit code 1: a bar is missed.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { transformWithOxc } from 'vite';
import { readHardwareProfiles } from '../../agent/hardware-profiles.ts';
import { selectScenarios } from '../../rig/live/scenario-files.ts';
import { whySkipped } from '../../rig/scenario/needs.ts';
import { virtualOffer } from '../../rig/virtual/offer.ts';
import { type Mutant, mutantsOf } from './mutants.ts';
import { type Result, isEquivalent, isMissed, isPlayed, writePage } from './page.ts';
import { type TestsFor, findReach } from './reach.ts';
import { type MutatedRoom, type RoomName, rooms } from './rooms.ts';
import { type Trials, openTrials } from './trials.ts';
import type { VerdictInput } from './verdict.ts';
import { openVerdictTrials, sameCode } from './verdict-trials.ts';

const usage = `Usage: npm run mutate -- [--room NAME] [--sample N] [--file TEXT] [--against tests|verdict|both] [--fresh]

  --room NAME      ${Object.keys(rooms).join(' or ')} (default: engine)
  --sample N       mutants to try, spread over the room by chance that is the same each time, those first
                   that were tried before (default: all)
  --file TEXT      only sources whose path has this in it
  --against WHAT   default: both; tests are not asked about what the verdict has noticed
  --seeds N        the verdict plays the seeds 1 to N, beside scenarios and sweep (default: 1000)
  --quick          without the pulls at every moment, which take longest: a bound from below
  --fresh          try again what was tried before
  --survivors      try again only what survived
  --list           say what would be tried, and end
  --page           only write the page, from what was tried of these mutants

Nice to others: nice -n 19 npm run mutate -- --sample 100`;

const root = join(import.meta.dirname, '../../..');

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      room: { type: 'string', default: 'engine' },
      sample: { type: 'string' },
      file: { type: 'string', default: '' },
      against: { type: 'string', default: 'both' },
      fresh: { type: 'boolean', default: false },
      survivors: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      page: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      seeds: { type: 'string', default: '1000' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help || !(values.room in rooms)) {
    process.stdout.write(`${usage}\n`);
    if (!values.help) process.exitCode = 2;
    return;
  }
  const name = values.room as RoomName;
  const file = join(root, `bench/results/mutation-${name}.json`);
  const sources = sourcesOf(rooms[name]);
  const whole = sources.flatMap((path) => mutantsOf(path, readFileSync(join(root, path), 'utf8')));
  // What is not in the sources any more is forgotten.
  const living = new Set(whole.map(keyOf));
  const known = new Map(
    readResults(file)
      .map((result) => [keyOf(result), result] as const)
      .filter(([key]) => living.has(key)),
  );
  const isAsked = (mutant: Mutant): boolean => values.against !== 'verdict' || isPlayed(rooms[name], mutant);
  const all = whole.filter((mutant) => mutant.file.includes(values.file) && isAsked(mutant));
  const chosen = sample(all, values.sample === undefined ? all.length : Number(values.sample), known);
  if (values.list) {
    for (const { file: path, line, before, after } of chosen) say(`${path}:${line}  ${before}  →  ${after}`);
    return;
  }

  const isOpen = (suite: 'verdict' | 'tests', result: Result): boolean => {
    if (isEquivalent(result)) return false;
    if (suite === 'verdict' && !isPlayed(rooms[name], result)) return false;
    const was = result[suite];
    return was === undefined || values.fresh || (values.survivors && was === 'survived');
  };
  const note = (suite: 'verdict' | 'tests', result: Result, killedBy: string | undefined): void => {
    known.set(keyOf(result), { ...result, [suite]: killedBy ?? 'survived' });
    say(`${suite} ${result.file}:${result.line} ${result.before} → ${result.after}: ${killedBy ?? 'SURVIVED'}`);
    writeResults(file, [...known.values()]);
  };
  const resultOf = (mutant: Mutant): Result => ({ ...known.get(keyOf(mutant)), ...placeOf(mutant) });

  if (values.against !== 'tests' && !values.page) {
    const trials = await openVerdictTrials(root, verdictInput(Number(values.seeds), !values.quick));
    const wrong = await trials.run(undefined);
    if (wrong !== undefined) throw new Error(`without any mutant this is found: ${wrong}`);
    for (const mutant of chosen) {
      const result = resultOf(mutant);
      if (isOpen('verdict', result)) note('verdict', result, await trials.run(mutant));
    }
  }
  if (values.against !== 'verdict' && !values.page) {
    const left = chosen.filter((mutant) => {
      const result = resultOf(mutant);
      return (result.verdict ?? 'survived') === 'survived' && isOpen('tests', result);
    });
    if (left.length > 0) await showToTests(name, sources, left, (mutant, by) => note('tests', resultOf(mutant), by));
  }
  const results = chosen.map(resultOf).filter(({ verdict, tests }) => verdict !== sameCode && tests !== sameCode);
  writeResults(file, [...known.values()]);
  await writePage(join(root, 'docs/mutation.md'), name, rooms[name], results, whole.length);
  if (isMissed(rooms[name], results)) process.exitCode = 1;
}

/** Everything that `jobrig simulate` plays: scenarios, seeds, a pull at every moment. */
function verdictInput(seeds: number, pulls: boolean): VerdictInput {
  return {
    hardware: readHardwareProfiles('mix'),
    scenarios: selectScenarios([]).filter((scenario) => whySkipped(scenario, virtualOffer) === undefined),
    seeds,
    pulls,
  };
}

/** Every test of the room first passes without a mutant. */
async function showToTests(
  name: RoomName,
  sources: readonly string[],
  mutants: readonly Mutant[],
  note: (mutant: Mutant, killedBy: string | undefined) => void,
): Promise<void> {
  const tests = testsOf(rooms[name]);
  const cache = join(root, `bench/results/reach-${name}.json`);
  mkdirSync(join(root, 'bench/results'), { recursive: true });
  const testsFor = await findReach({ root, sources, tests, cache, say });
  const trials = openTrials();
  try {
    const startedAt = performance.now();
    const failing = await trials.run([tests], undefined, 600_000);
    if (failing !== undefined) throw new Error(`without any mutant this fails: ${failing}`);
    const tookMs = performance.now() - startedAt;
    say(`tests: pass in ${(tookMs / 1000).toFixed(1)} s without a mutant`);
    for (const mutant of mutants) note(mutant, await noticedBy(mutant, trials, testsFor, 20_000 + tookMs));
  } finally {
    trials.close();
  }
}

/** The tests that come there, those without a door first: they are quicker. */
async function noticedBy(
  mutant: Mutant,
  trials: Trials,
  testsFor: TestsFor,
  limitMs: number,
): Promise<string | undefined> {
  if (await isTypesOnly(mutant)) return sameCode;
  const tests = testsFor(mutant);
  const quick = tests.filter((test) => test.startsWith('test/engine/') || test.startsWith('test/agent/'));
  const others = tests.filter((test) => !quick.includes(test));
  return trials.run(
    [quick, others].filter(({ length }) => length > 0),
    mutant,
    limitMs,
  );
}

async function isTypesOnly({ file, text }: Mutant): Promise<boolean> {
  const before = readFileSync(join(root, file), 'utf8');
  const [was, is] = await Promise.all([before, text].map((source) => transformWithOxc(source, join(root, file))));
  return was!.code === is!.code;
}

function sourcesOf({ sources, except }: MutatedRoom): readonly string[] {
  return sources.flatMap(filesIn).filter((path) => path.endsWith('.ts') && !except.test(path));
}

function testsOf({ tests }: MutatedRoom): readonly string[] {
  const patterns = tests.map((pattern) => new RegExp(`^(?:${pattern})$`));
  return filesIn('test').filter((path) => path.endsWith('.test.ts') && patterns.some((pattern) => pattern.test(path)));
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path}`)
    .sort();
}

/** The same ones each time, and of a larger sample a smaller one is a part. Those tried before were drawn by chance, too. */
function sample(mutants: readonly Mutant[], count: number, tried: ReadonlyMap<string, Result>): readonly Mutant[] {
  const order = (mutant: Mutant): number => (tried.has(keyOf(mutant)) ? 0 : 2 ** 32) + hashOf(keyOf(mutant));
  const kept = new Set([...mutants].sort((a, b) => order(a) - order(b)).slice(0, count));
  return mutants.filter((mutant) => kept.has(mutant));
}

/** FNV-1a, which is enough to spread. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

type Place = Pick<Result, 'file' | 'line' | 'before' | 'after' | 'nth'>;

function placeOf({ file, line, before, after, nth }: Mutant): Place {
  return { file, line, before, after, nth };
}

function keyOf({ file, before, after, nth }: Omit<Place, 'line'>): string {
  return `${file}\n${before}\n${after}\n${nth}`;
}

function readResults(file: string): Result[] {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Result[]) : [];
}

function writeResults(file: string, results: readonly Result[]): void {
  mkdirSync(join(root, 'bench/results'), { recursive: true });
  writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

await main();
