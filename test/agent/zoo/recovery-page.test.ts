/** docs/recovery.md says what the code says: its tables are the code's own, and it knows every bug of the zoo. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalogueNumber, zoo } from './zoo-agents.ts';
import { recoveryPage } from './recovery-page.ts';
import { withoutAgent } from './without-agent.ts';

const file = join(import.meta.dirname, '../../../docs/recovery.md');
const page = readFileSync(file, 'utf8');
/** The numbers of the catalogue. */
const explained = new Set(page.match(/^\| R\d\d /gm)?.map((row) => row.slice(2, 5)));

describe('docs/recovery.md', () => {
  it('has the tables and diagrams of the code (vitest -u)', async () => {
    await expect(await recoveryPage(page)).toMatchFileSnapshot(file);
  });

  it('explains the bug of every agent in the zoo', () => {
    expect(zoo.map(catalogueNumber).filter((number) => !explained.has(number))).toEqual([]);
  });

  it('explains no bug that has neither an agent nor a reason why not', () => {
    const shown = new Set(zoo.map(catalogueNumber));
    expect([...explained].filter((number) => !shown.has(number)).sort()).toEqual(Object.keys(withoutAgent));
  });
});
