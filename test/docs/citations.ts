/**
 * Finds what a comment or a page cites, and says which of it does not exist: a page (`mqtt-api.md`), a section (`§5.4`, or its
 * title in quotes), a row (`A18`, `R35`, `B1`, `N1`) or a file of this repository (`broker/journal.ts`). A bare name of a page means docs/reference/
 * or docs/; a bare name of a source means any file of that name. Pages of others are cited by their address or their title.
 */
import { posix } from 'node:path';

/** The tree as the citations see it: every tracked file, and the text of its pages. */
export interface Tree {
  readonly files: ReadonlySet<string>;
  readonly textOf: (file: string) => string;
}

const title = /^,? (?:\* )?["“]([^"”]+)["”]/;
/** Rows are known by their letter alone, wherever they are cited: the page whose rows carry it. */
const pageOfRows: Readonly<Record<string, string>> = {
  A: 'docs/reference/ambiguities.md',
  N: 'docs/reference/notifications.md',
  R: 'docs/recovery-bugs.md',
  B: 'docs/recovery-bugs.md',
};

const path = /(?<![\w@/:.*<>{}$-])(?:\.{1,2}\/)*[\w.-]+(?:\/[\w.-]+)*\.(?:md|ts|mjs|json|yaml)\b(?![*/-])/g;
const sections = /^[,:;]? (§\d[\d.]*(?:(?:,? and|,|–|-) ?§\d[\d.]*)*)/;
/** Two digits for R, because R1 and R2 are claims about a run; S rows stand in two pages and are cited with theirs. */
const rows = /(?<![\w`/.-])(?:A[1-9]\d?|R\d\d|[BN][1-9])(?![\w-]|\.\d)/g;
const decisions = /\bdecisions?(?: |\/)(\d{1,4})\b/g;
const topFolders = /^(?:agent|bench|broker|cli|docs|faults|fixtures|protocol|rig|scenario|simulation|test)\//;

export interface Missing {
  readonly line: number;
  readonly what: string;
}

/** @param file where the text stands: a path may be relative to it. */
export function missingCitations(file: string, text: string, tree: Tree): Missing[] {
  const found: Missing[] = [];
  const note = (index: number, what: string) => found.push({ line: text.slice(0, index).split('\n').length, what });

  for (const match of text.matchAll(path)) {
    const [cited] = match;
    if (!isOurs(cited, tree)) continue;
    const page = resolved(cited, file, tree);
    if (page === undefined) {
      note(match.index, `${cited} does not exist`);
      continue;
    }
    if (!page.endsWith('.md')) continue;
    const rest = text.slice(match.index + cited.length).replaceAll(/\s+(?:\* )?/g, ' ');
    const titled = title.exec(rest)?.[1];
    if (titled !== undefined && !tree.textOf(page).includes(titled)) note(match.index, `${page} has no “${titled}”`);
    const list = sections.exec(rest)?.[1] ?? '';
    for (const [number] of list.matchAll(/\d[\d.]*/g)) {
      const section = number.replace(/\.$/, '');
      if (!hasSection(tree.textOf(page), section)) note(match.index, `${page} has no section ${section}`);
    }
  }
  for (const match of text.matchAll(rows)) {
    const page = pageOfRows[match[0].charAt(0)];
    if (page !== undefined && !hasRow(tree.textOf(page), match[0])) note(match.index, `${page} has no ${match[0]}`);
  }
  for (const match of text.matchAll(decisions)) {
    const start = `docs/decisions/${String(match[1]).padStart(4, '0')}-`;
    if (![...tree.files].some((name) => name.startsWith(start))) note(match.index, `${start}… does not exist`);
  }
  return found;
}

/** What stands in comments, everything else blanked so that lines keep their numbers. Literals are no comments. */
export function commentsOf(source: string): string {
  return source.replace(
    /(\/\*[\s\S]*?\*\/|(?<![:\\])\/\/[^\n]*)|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|[^\n'"`/]+|[^\n]/g,
    (match, comment: string | undefined) => comment ?? match.replace(/[^\n]/g, ' '),
  );
}

/** Pages always are; other files when they name a folder of ours, or a source by its bare name. */
function isOurs(cited: string, tree: Tree): boolean {
  if (cited.endsWith('.md')) return true;
  if (topFolders.test(cited)) return true;
  return !cited.includes('/') && /\.(ts|mjs)$/.test(cited) && !tree.files.has(cited);
}

function resolved(cited: string, from: string, tree: Tree): string | undefined {
  const beside = posix.join(posix.dirname(from), cited);
  const places = [cited, beside, `docs/reference/${cited}`, `docs/${cited}`];
  const exact = places.find((place) => tree.files.has(place));
  if (exact !== undefined || cited.includes('/') || cited.endsWith('.md')) return exact;
  return [...tree.files].find((name) => name.endsWith(`/${cited}`));
}

function hasSection(page: string, number: string): boolean {
  return new RegExp(`^#{2,4} ${number.replaceAll('.', '\\.')}[. ]`, 'm').test(page);
}

/** A row of a table, an entry of a list, a heading, or a rule printed bold. */
function hasRow(page: string, row: string): boolean {
  return new RegExp(`^(?:\\|\\s*|- |#{2,4} |\\*\\*Rule )${row}\\b`, 'm').test(page);
}
