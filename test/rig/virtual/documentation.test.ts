import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { faultKinds } from '../../../faults/plan.ts';
import { crosses } from '../../../rig/virtual/sweep.ts';
import { claims } from '../../../rig/virtual/violation.ts';
import { simulationPage } from './simulation-page.ts';

const file = join(import.meta.dirname, '../../../docs/simulation.md');
const page = readFileSync(file, 'utf8');
const text = page.replaceAll(/\s+/g, ' ');

it('docs/simulation.md has the members of a plan and the examples as they are (vitest -u)', async () => {
  await expect(await simulationPage(page)).toMatchFileSnapshot(file);
});

it('docs/simulation.md has every claim, in the words of the code, and no other', () => {
  const rows = [...text.matchAll(/\| ([VER]\d+) \| (.*?) \|/g)].map(([, id, says]) => [id, says]);
  expect(Object.fromEntries(rows)).toEqual(claims);
});

it('docs/simulation.md names every fault, no other, and everything that the sweep crosses with', () => {
  const [, , what] = /(## What goes wrong)(.*?)## /.exec(text) ?? [];
  expect([...(what ?? '').matchAll(/\| `([a-z-]+)` \|/g)].map(([, kind]) => kind)).toEqual(faultKinds);
  expect(text).toContain(`crossed with: ${crosses.join(' · ')}`);
});
