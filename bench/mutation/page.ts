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
  readonly nth: number;
  /** The test that failed, or `survived`; absent: not tried. */
  readonly tests?: string;
  readonly verdict?: string;
}

/** `all`: the verdict or a test. */
type Audience = 'verdict' | 'all';

interface Tally {
  readonly tried: number;
  readonly equivalent: number;
  readonly killed: number;
  /** Of a hundred that are not equivalent. */
  readonly share: number;
}

export function isPlayed({ played }: MutatedRoom, { file }: Pick<Result, 'file'>): boolean {
  return played?.test(file) !== false;
}

export function isMissed({ bars }: MutatedRoom, results: readonly Result[]): boolean {
  return (['verdict', 'all'] as const).some((audience) => {
    const { tried, share } = tally(results, audience);
    return tried > 0 && share < (bars[audience] ?? 0);
  });
}

/** Also those that somebody has looked at and found to do what the program does, without trying. */
export function isEquivalent(result: Result): boolean {
  return reasonOf(result)?.isEquivalent === true && !isNoticed(result, 'all');
}

function isNoticed({ verdict = 'survived', tests = 'survived' }: Result, audience: Audience): boolean {
  return verdict !== 'survived' || (audience === 'all' && tests !== 'survived');
}

function isTried(result: Result, audience: Audience): boolean {
  if (isEquivalent(result)) return audience === 'all' || result.verdict !== undefined || result.tests === undefined;
  return audience === 'verdict' ? result.verdict !== undefined : isNoticed(result, 'all') || result.tests !== undefined;
}

function tally(results: readonly Result[], audience: Audience): Tally {
  const tried = results.filter((result) => isTried(result, audience));
  const counted = tried.filter((result) => !isEquivalent(result));
  const killed = counted.filter((result) => isNoticed(result, audience)).length;
  return {
    tried: tried.length,
    equivalent: tried.length - counted.length,
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
notices. The verdict alone is what \`jobrig simulate\` plays: every scenario, the seeds 1 to 1000, and a pull at every moment. Whatever it does
not notice is shown to all tests of the room. A mutant that does what the program does is called equivalent and counts nowhere. This page is written by
that command, from what was tried last. Rooms, tests and bars are data in \`bench/mutation/rooms.ts\`, the reasons for survivors in
\`bench/mutation/reasons.ts\`.
`;

export async function writePage(
  path: string,
  name: RoomName,
  room: MutatedRoom,
  results: readonly Result[],
  count: number,
): Promise<void> {
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const first = before.indexOf('<!-- begin ');
  const old = first < 0 ? introduction : `${introduction}\n${before.slice(first)}`;
  const marks = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`] as const;
  const begin = old.indexOf(marks[0]);
  const others = begin < 0 ? old : old.slice(0, begin) + old.slice(old.indexOf(marks[1]) + marks[1].length);
  const page = `${others.trimEnd()}\n\n${marks[0]}\n\n${section(name, room, results, count)}\n\n${marks[1]}\n`;
  writeFileSync(path, await format(page, { ...(await resolveConfig(path)), parser: 'markdown' }));
}

function section(
  name: RoomName,
  { bars, sources, taken }: MutatedRoom,
  results: readonly Result[],
  count: number,
): string {
  const wasTried = results.filter((result) => isTried(result, 'verdict') || isTried(result, 'all'));
  const untried = wasTried.filter((result) => !isTried(result, 'all')).length;
  const rows = (['verdict', 'all'] as const).map((audience) => {
    const { tried, equivalent, killed, share } = tally(results, audience);
    const bar = bars[audience] === undefined ? '–' : `${bars[audience]} %`;
    const title = audience === 'verdict' ? 'the verdict alone' : 'the verdict or a test of the room';
    const isWhole = tried > equivalent && (audience === 'verdict' || untried === 0);
    return `| ${title} | ${tried} | ${equivalent} | ${killed} | ${isWhole ? `${share.toFixed(1)} %` : '–'} | ${bar} |`;
  });
  const wasAsked = results.some(({ verdict }) => verdict !== undefined);
  return [
    `## ${sources.map((folder) => `\`${folder}/\``).join(', ')}`,
    `${count} mutants can be made; ${wasTried.length} were tried, a sample spread by chance that is the same each time (\`npm run mutate -- --room ${name}\`).`,
    ...(taken === undefined ? [] : [taken]),
    ...(untried === 0 ? [] : [`${untried} of those that the verdict lets live were not shown to the tests.`]),
    '| Who notices | tried | equivalent | noticed | of those that are not equivalent | bar |\n|-|-|-|-|-|-|\n' +
      rows.join('\n'),
    '### Noticed by',
    killers(results),
    ...(wasAsked ? ['### Survivors of the verdict that a test notices', leftToTests(results)] : []),
    untried === 0 ? '### Survivors of all' : '### Survivors of the verdict',
    survivors(wasTried.filter((result) => !isNoticed(result, 'all'))),
  ].join('\n\n');
}

/** Who noticed most, in kinds. */
function killers(results: readonly Result[]): string {
  const counts = new Map<string, number>();
  for (const result of results) {
    if (!isNoticed(result, 'all')) continue;
    const by = kindOf(result);
    counts.set(by, (counts.get(by) ?? 0) + 1);
  }
  if (counts.size === 0) return 'Not tried yet.';
  const rows = [...counts].sort(([, a], [, b]) => b - a).map(([by, count]) => `| ${by} | ${count} |`);
  return `| First to notice | mutants |\n|-|-|\n${rows.join('\n')}`;
}

function kindOf({ verdict = 'survived', tests = '' }: Result): string {
  if (verdict === 'survived') return tests.split(' › ')[0] ?? tests;
  if (verdict.endsWith(': hangs')) return 'the verdict: a run hangs';
  const claim = /^[^:]+: ([A-Z]\d+) /.exec(verdict)?.[1];
  const by = verdict.startsWith('seed ')
    ? 'a seed'
    : verdict.startsWith('sweep ')
      ? 'a pull of the sweep'
      : 'a scenario';
  return `the verdict: ${by}${claim === undefined ? '' : `, ${claim}`}`;
}

function leftToTests(results: readonly Result[]): string {
  const left = results.filter((result) => result.verdict === 'survived' && isNoticed(result, 'all'));
  return changes('Noticed by', left, ({ tests = '' }) => tests.replaceAll('|', '\\|'));
}

function survivors(left: readonly Result[]): string {
  return changes('Why it lives', left, (result) => {
    const reason = reasonOf(result);
    return reason === undefined ? '**no reason yet**' : `${reason.isEquivalent ? 'Equivalent: ' : ''}${reason.why}`;
  });
}

function changes(title: string, left: readonly Result[], about: (result: Result) => string): string {
  if (left.length === 0) return 'None.';
  const rows = left
    .toSorted((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line))
    .map((result) => {
      const { file, before, after } = result;
      return `| \`${file}\` | ${code(before)} | ${code(after)} | ${about(result)} |`;
    });
  return `| Where | Stands there | Put there | ${title} |\n|-|-|-|-|\n${rows.join('\n')}`;
}

function code(text: string): string {
  const fence = text.includes('`') ? '``' : '`';
  return `${fence}${text.replaceAll('|', '\\|')}${fence}`;
}
