import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { faultKinds } from '../../../faults/plan-form.ts';
import { imageConditions } from '../../../rig/scenario/contract.ts';
import { deedWords } from '../../../rig/scenario/format/deeds.ts';
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

/** Deeds of an operator, who does nothing wrong, and the end of all faults. */
const noFaults: ReadonlySet<string> = new Set([
  'create-job',
  'update-job',
  'cancel-job',
  'delete-job',
  'cancel-execution',
  'delete-execution',
  'leave-group',
  'join-group',
  'rejoin-group',
  'delete-thing',
  'end-faults',
]);

it('docs/simulation.md names every deed that injects a fault', () => {
  const [, what = ''] = /at one moment.*?with the deeds (.*?) \(\[what each does/.exec(text) ?? [];
  const named = [...what.matchAll(/`([a-z-]+)`/g)].map(([, word]) => word);
  expect(named.toSorted()).toEqual(deedWords.filter((word) => !noFaults.has(word)).toSorted());
});

it('docs/hardware.md names every fault of the hardware, of a plan and of a scenario', () => {
  const hardware = readFileSync(join(import.meta.dirname, '../../../docs/hardware.md'), 'utf8');
  const [, part = ''] = /## What may be done to it(.*?)Not modelled/s.exec(hardware) ?? [];
  const ofService = new Set<string>(['service-clock-jump', 'message', 'service']);
  const kinds = faultKinds.filter((kind) => !ofService.has(kind));
  for (const word of [...kinds, ...imageConditions, 'checkpoint', 'loader-record', 'lose', 'tear']) {
    expect(part).toContain(`\`${word}\``);
  }
});
