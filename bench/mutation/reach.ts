/**
 * Which test files come to which lines of a room, so that a mutant is shown first to those that may notice it. Found by running each
 * test file alone with V8's coverage; kept in bench/results/ until the file or a source of the room changes.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVitest } from 'vitest/node';
import type { Mutant } from './mutants.ts';
import { roomTests } from './room-tests.ts';

export interface ReachOptions {
  readonly root: string;
  /** Paths from the root. */
  readonly sources: readonly string[];
  readonly tests: readonly string[];
  /** Where the result is kept. */
  readonly cache: string;
  readonly say: (text: string) => void;
}

/** The test files that come to where the mutant is, the one that comes to the fewest lines first: it is about them. */
export type TestsFor = (mutant: Pick<Mutant, 'file' | 'line'>) => readonly string[];

/** By source, the lines that are run. */
type Lines = Readonly<Record<string, readonly number[]>>;

/** A file of istanbul's coverage, of which this is all that is needed. */
interface FileCoverage {
  readonly path: string;
  readonly statementMap: Readonly<Record<string, Span>>;
  readonly s: Readonly<Record<string, number>>;
}

interface Span {
  readonly start: { readonly line: number };
  readonly end: { readonly line: number };
}

export async function findReach({ root, sources, tests, cache, say }: ReachOptions): Promise<TestsFor> {
  const read = (path: string): string => readFileSync(join(root, path), 'utf8');
  const all = sources.map(read).join('\0');
  const known = new Map<string, Lines>(
    existsSync(cache) ? Object.entries(JSON.parse(readFileSync(cache, 'utf8')) as Record<string, Lines>) : [],
  );
  const keys = new Map(
    tests.map((test) => [test, createHash('sha256').update(all).update(read(test)).digest('hex').slice(0, 16)]),
  );
  const missing = tests.filter((test) => !known.has(keys.get(test)!));
  if (missing.length > 0) say(`finds out what ${missing.length} test files come to`);
  for await (const [test, lines] of runAll(root, sources, missing)) known.set(keys.get(test)!, lines);
  const reached = tests.map((test) => ({ test, lines: known.get(keys.get(test)!) ?? {} }));
  const kept = Object.fromEntries(reached.map(({ test, lines }) => [keys.get(test)!, lines]));
  writeFileSync(cache, JSON.stringify(kept));
  const sizes = new Map(reached.map(({ test, lines }) => [test, Object.values(lines).flat().length]));
  return ({ file, line }) =>
    reached
      .filter(({ lines }) => lines[file]?.includes(line) === true)
      .map(({ test }) => test)
      .sort((a, b) => sizes.get(a)! - sizes.get(b)!);
}

async function* runAll(
  root: string,
  sources: readonly string[],
  tests: readonly string[],
): AsyncGenerator<[string, Lines]> {
  if (tests.length === 0) return;
  const reportsDirectory = mkdtempSync(join(tmpdir(), 'jobrig-reach-'));
  const vitest = await createVitest('test', {
    root,
    ...roomTests,
    testTimeout: 120_000,
    coverage: {
      enabled: true,
      provider: 'v8',
      reporter: ['json'],
      reportsDirectory,
      include: [...sources],
      reportOnFailure: true,
    },
  });
  try {
    await vitest.standalone();
    const specifications = await vitest.globTestSpecifications();
    for (const test of tests) {
      await vitest.runTestSpecifications(specifications.filter(({ moduleId }) => moduleId === join(root, test)));
      const file = join(reportsDirectory, 'coverage-final.json');
      const coverage = JSON.parse(readFileSync(file, 'utf8')) as Record<string, FileCoverage>;
      yield [test, linesOf(root, Object.values(coverage))];
    }
  } finally {
    await vitest.close();
    rmSync(reportsDirectory, { recursive: true, force: true });
  }
}

function linesOf(root: string, files: readonly FileCoverage[]): Lines {
  return Object.fromEntries(
    files
      .map((file) => [file.path.slice(root.length + 1), reachedLines(file)] as const)
      .filter(([, { length }]) => length > 0),
  );
}

/** A line is run when a statement is that begins on it; one on which none begins, when the smallest statement around it is. */
function reachedLines({ statementMap, s }: FileCoverage): readonly number[] {
  const smallest = new Map<number, { readonly size: number; count: number }>();
  for (const [id, { start, end }] of Object.entries(statementMap)) {
    for (let line = start.line; line <= end.line; line += 1) {
      const size = line === start.line ? 0 : end.line - start.line;
      const other = smallest.get(line);
      if (other === undefined || size < other.size) smallest.set(line, { size, count: s[id] ?? 0 });
      else if (size === other.size) other.count = Math.max(other.count, s[id] ?? 0);
    }
  }
  return [...smallest].filter(([, { count }]) => count > 0).map(([line]) => line);
}
