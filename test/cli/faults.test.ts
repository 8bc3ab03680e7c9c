import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readFaults } from '../../cli/faults.ts';
import { runHere, runIn } from '../support/command-here.ts';
import { testFolder } from '../support/folders.ts';

const examples = join(import.meta.dirname, '../../fixtures/faults');

describe('--faults', () => {
  it.each(readdirSync(examples))('the example %s is a plan', async (file) => {
    expect((await readFaults(join(examples, file))).faults.length).toBeGreaterThan(0);
  });

  it.each([
    ['an unknown fault', 'faults:\n  - kind: earthquake\n    untilMs: 5\n', ':2:5: `faults[0].kind`: expected one'],
    [
      'an unknown answer',
      'faults:\n  - kind: service\n    untilMs: 5\n    answer: Maybe\n',
      ':4:5: `faults[0].answer`: expected one',
    ],
    ['broken YAML', 'faults: [\n', 'plan.yaml:2:1: '],
  ])('%s: one line with file, line and column, exit 2', async (_, text, named) => {
    const folder = testFolder();
    writeFileSync(join(folder, 'plan.yaml'), text);
    const { code, stdout, stderr } = await runIn(folder, 'serve', '--memory', '--faults', 'plan.yaml');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^jobrig: plan\.yaml[^\n]+\n$/);
    expect(stderr).toContain(named);
  });

  it.each([
    [['serve', '--memory'], 'bad-power.yaml', 'it has faults of devices only, and jobrig serve has no devices'],
    [['serve', '--memory'], 'poor-network.yaml', 'it has faults of devices only, and jobrig serve has no devices'],
    [
      ['fleet', '--endpoint', 'mqtt://127.0.0.1:1'],
      'throttling-service.yaml',
      'it has faults of the service only, which need a service of its own, not --endpoint',
    ],
  ])('%j: a plan that is all of the other side, %s, is refused', async (words, file, why) => {
    const plan = join(examples, file);
    const { code, stdout, stderr } = await runHere(...words, '--faults', plan);
    expect({ code, stdout, stderr }).toMatchObject({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^jobrig: [^\n]+\n$/);
    expect(stderr).toContain(`--faults ${plan}: ${why}`);
  });

  it.each(['serve', 'fleet', 'demo'])('%s: a file that is not there is named', async (verb) => {
    const { code, stdout, stderr } = await runHere(verb, '--faults', 'nowhere.yaml');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^jobrig: nowhere\.yaml cannot be read[^\n]+\n$/);
  });
});
