import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { misfortuneKinds } from '../../faults/plan.ts';
import { crosses } from '../../simulation/sweep.ts';
import { claims } from '../../simulation/violation.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/simulation.md'), 'utf8').replaceAll(/\s+/g, ' ');

it('docs/simulation.md has every claim, in the words of the code, and no other', () => {
  const rows = [...text.matchAll(/\| ([VER]\d+) \| (.*?) \|/g)].map(([, id, says]) => [id, says]);
  expect(Object.fromEntries(rows)).toEqual(claims);
});

it('docs/simulation.md names every misfortune and everything that the sweep crosses with', () => {
  for (const kind of misfortuneKinds) expect(text).toContain(`| \`${kind}\` |`);
  expect(text).toContain(`crossed with: ${crosses.join(' · ')}`);
});
