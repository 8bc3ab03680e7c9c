/** Every source that a comment or a page cites exists in the tree, with the section or row that is named. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Tree, commentsOf, missingCitations } from './citations.ts';

const root = resolve(import.meta.dirname, '../..');
const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
  .toString()
  .split('\0')
  .filter((name) => name !== '' && existsSync(join(root, name)));
const texts = new Map<string, string>();
const tree: Tree = { files: new Set(files), textOf };

function textOf(file: string): string {
  const text = texts.get(file) ?? readFileSync(join(root, file), 'utf8');
  texts.set(file, text);
  return text;
}

/** History tells of files that were; the reference names its own sources, which are not ours. */
const exempt = /^(?:CHANGELOG\.md|docs\/reference\/README\.md)$/;

function citingTextOf(file: string): string | undefined {
  if (exempt.test(file)) return undefined;
  if (file.endsWith('.md')) return textOf(file);
  if (/\.(?:ts|mjs|tsx)$/.test(file)) return commentsOf(textOf(file));
  if (/\.ya?ml$/.test(file)) return textOf(file).replace(/^[^#\n]*/gm, '');
  return undefined;
}

describe('citations', () => {
  it('name what exists in the tree', () => {
    const wrong = files.flatMap((file) => {
      const text = citingTextOf(file);
      return text === undefined
        ? []
        : missingCitations(file, text, tree).map(({ line, what }) => `${file}:${line}: ${what}`);
    });
    expect(wrong).toEqual([]);
  });

  it('are seen: the tree cites its reference often', () => {
    const citing = files.filter((file) => /\b[a-z-]+\.md §\d/.test(citingTextOf(file) ?? ''));
    expect(citing.length).toBeGreaterThan(50);
  });

  it.each([
    ['a page', 'Source: reference no-such-page.md', 'no-such-page.md does not exist'],
    ['a section', 'Source: reference mqtt-api.md §77', 'docs/reference/mqtt-api.md has no section 77'],
    ['the second section', 'see mqtt-api.md §5.1 and §5.9.', 'docs/reference/mqtt-api.md has no section 5.9'],
    ['a section after a line break', 'see mqtt-api.md\n * §78', 'docs/reference/mqtt-api.md has no section 78'],
    ['a section by its title', 'see clients.md, "What nobody breaks"', 'docs/clients.md has no “What nobody breaks”'],
    ['an open point', 'Assumed: nothing (A99)', 'docs/reference/ambiguities.md has no A99'],
    ['a known bug', 'as recovery-bugs.md R98 says', 'docs/recovery-bugs.md has no R98'],
    ['a rule', 'the first (N9)', 'docs/reference/notifications.md has no N9'],
    ['a decision', 'see decision 999', 'docs/decisions/0999-… does not exist'],
    ['a source', 'as in broker/engine/no-such.ts', 'broker/engine/no-such.ts does not exist'],
    ['a source by its bare name', 'as in no-such.ts', 'no-such.ts does not exist'],
  ])('that are wrong are told: %s', (_, text, what) => {
    expect(missingCitations('broker/x.ts', text, tree)).toMatchObject([{ what }]);
  });

  it('that are right are passed over', () => {
    const text =
      'mqtt-api.md §5.4 and §5.5, ambiguities.md A2 and A20; recovery-bugs.md R35, B1; broker/journal.ts (N1)';
    expect(missingCitations('broker/x.ts', text, tree)).toEqual([]);
  });

  it('are looked for in comments, not in code', () => {
    const source = "const a = 'A99.md'; // no-such-page.md\n/* A98 */ const b = `https://x/y.md`;";
    expect(missingCitations('x.ts', commentsOf(source), tree).map(({ what }) => what)).toEqual([
      'no-such-page.md does not exist',
      'docs/reference/ambiguities.md has no A98',
    ]);
  });
});
