import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { play } from '../../../rig/virtual/play.ts';
import { scenarioOf } from '../../support/scenarios.ts';
import { subjectsWith, wrongIn } from '../../support/simulated.ts';
import { scenariosPage } from './scenarios-page.ts';

const file = join(import.meta.dirname, '../../../docs/scenarios.md');
const page = readFileSync(file, 'utf8');

it('docs/scenarios.md has triggers, deeds, needs and scenarios as they are (vitest -u)', async () => {
  await expect(await scenariosPage(page)).toMatchFileSnapshot(file);
});

it('the scenario that docs/scenarios.md begins with can be played, and the reference agent passes it', () => {
  const [, yaml = ''] = /```yaml\n([^]*?)```/.exec(page) ?? [];
  expect(wrongIn(play(scenarioOf(yaml), subjectsWith()))).toEqual([]);
});
