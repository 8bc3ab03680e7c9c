/** docs/mutation.md: for each room what noticed its mutants, and every survivor with the reason why it is let live. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { type Reason, reasons } from './reasons.ts';
import type { MutatedRoom, RoomName } from './rooms.ts';

export interface Result {
  readonly file: string;
  readonly line: number;
  readonly before: string;
  readonly after: string;
  /** The test that failed, or `survived`; absent: not tried. */
  readonly tests?: string;
  readonly verdict?: string;
}

type Suite = 'tests' | 'verdict';

interface Tally {
  readonly tried: number;
  readonly equivalent: number;
  readonly killed: number;
  /** Of a hundred that are not equivalent. */
  readonly share: number;
}

export function isMissed({ bars }: MutatedRoom, results: readonly Result[]): boolean {
  return (['tests', 'verdict'] as const).some((suite) => {
    const { tried, share } = tally(results, suite);
    return tried > 0 && share < (bars[suite] ?? 0);
  });
}

function tally(results: readonly Result[], suite: Suite): Tally {
  const tried = results.filter((result) => result[suite] !== undefined);
  const equivalent = tried.filter((result) => reasonOf(result)?.isEquivalent === true);
  const counted = tried.filter((result) => !equivalent.includes(result));
  const killed = counted.filter((result) => result[suite] !== 'survived').length;
  return {
    tried: tried.length,
    equivalent: equivalent.length,
    killed,
    share: counted.length === 0 ? 100 : (100 * killed) / counted.length,
  };
}

function reasonOf(result: Result): Reason | undefined {
  return reasons.find(
    ({ file, before, after }) => file === result.file && before === result.before && after === result.after,
  );
}

const introduction = `# Mutation

What happens when the code is wrong in one place: \`npm run mutate\` changes one expression or statement at a time and asks who
notices, the verdict alone (seeds of the swarm and the stories) and all tests of the room. This page is written by it, from what was
tried last; a mutant that does what the program does is called equivalent and counts nowhere. Rooms, tests and bars are data in
\`bench/mutation/rooms.ts\`, the reasons for survivors in \`bench/mutation/reasons.ts\`.
`;

export async function writePage(
  path: string,
  name: RoomName,
  room: MutatedRoom,
  results: readonly Result[],
  count: number,
): Promise<void> {
  const old = existsSync(path) ? readFileSync(path, 'utf8') : introduction;
  const marks = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`] as const;
  const begin = old.indexOf(marks[0]);
  const others = begin < 0 ? old : old.slice(0, begin) + old.slice(old.indexOf(marks[1]) + marks[1].length);
  const page = `${others.trimEnd()}\n\n${marks[0]}\n\n${section(name, room, results, count)}\n\n${marks[1]}\n`;
  writeFileSync(path, await format(page, { ...(await resolveConfig(path)), parser: 'markdown' }));
}

function section(name: RoomName, { bars, sources }: MutatedRoom, results: readonly Result[], count: number): string {
  const rows = (['verdict', 'tests'] as const).map((suite) => {
    const { tried, equivalent, killed, share } = tally(results, suite);
    const bar = bars[suite] === undefined ? '–' : `${bars[suite]} %`;
    const title = suite === 'verdict' ? 'the verdict alone' : 'all tests of the room';
    return `| ${title} | ${tried} | ${equivalent} | ${killed} | ${tried === 0 ? '–' : `${share.toFixed(1)} %`} | ${bar} |`;
  });
  return [
    `## ${sources.map((folder) => `\`${folder}/\``).join(', ')}`,
    `${count} mutants can be made; those that were tried are a sample, the same one each time (\`npm run mutate -- --room ${name}\`).`,
    '| Who notices | tried | equivalent | noticed | of those that are not equivalent | bar |\n|-|-|-|-|-|-|\n' +
      rows.join('\n'),
    '### Killed by',
    killers(results),
    '### Survivors of all tests',
    survivors(results.filter(({ tests }) => tests === 'survived')),
  ].join('\n\n');
}

/** The files whose tests noticed most. */
function killers(results: readonly Result[]): string {
  const counts = new Map<string, number>();
  for (const { tests } of results) {
    if (tests === undefined || tests === 'survived') continue;
    const by = tests.split(' › ')[0] ?? tests;
    counts.set(by, (counts.get(by) ?? 0) + 1);
  }
  if (counts.size === 0) return 'Not tried yet.';
  const rows = [...counts].sort(([, a], [, b]) => b - a).map(([by, count]) => `| ${by} | ${count} |`);
  return `| First to notice | mutants |\n|-|-|\n${rows.join('\n')}`;
}

function survivors(left: readonly Result[]): string {
  if (left.length === 0) return 'None.';
  const rows = left
    .toSorted((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line))
    .map((result) => {
      const reason = reasonOf(result);
      const why =
        reason === undefined ? '**no reason yet**' : `${reason.isEquivalent ? 'Equivalent: ' : ''}${reason.why}`;
      return `| \`${result.file}\` | ${code(result.before)} | ${code(result.after)} | ${why} |`;
    });
  return `| Where | Stands there | Put there | Why it lives |\n|-|-|-|-|\n${rows.join('\n')}`;
}

function code(text: string): string {
  const fence = text.includes('`') ? '``' : '`';
  return `${fence}${text.replaceAll('|', '\\|')}${fence}`;
}
