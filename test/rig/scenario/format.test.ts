import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readScenario } from '../../../rig/scenario/format/read.ts';
import { scenarioSchema } from './scenario-schema.ts';
import { scenarioText } from '../../../rig/scenario/format/write.ts';

const folder = 'fixtures/scenarios';
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));

describe('scenario files', () => {
  it('are at least sixty, each with an id of its own that is its name', () => {
    expect(files.length).toBeGreaterThanOrEqual(60);
    for (const file of files)
      expect(readFileSync(join(folder, file), 'utf8')).toContain(`id: ${file.replace(/^.*\/|\.yaml$/g, '')}\n`);
  });

  it.each(files)('%s is read, and read back as the same when it is written', (file) => {
    const read = readScenario(readFileSync(join(folder, file), 'utf8'));
    expect(read.ok ? [] : read.problems).toEqual([]);
    if (read.ok) expect(readScenario(scenarioText(read.scenario))).toEqual(read);
  });

  const whole = `id: x
claim: c
about: V2
script:
  - create-job: update
  - when: {sent: UpdateJobExecution, nth: 2, after: 2 s}
    do: {delete-execution: {job: update, force: true}}
`;

  it.each([
    ['delete-execution', 'deleted-execution', 7, '`deleted-execution`: did you mean `delete-execution`?'],
    ['force: true', 'forced: true', 7, '`forced`: did you mean `force`?'],
    ['{sent:', '{send:', 6, '`send`: did you mean `sent`?'],
    ['nth: 2', 'nht: 2', 6, '`nht`: did you mean `nth`?'],
    ['2 s}', '2 sec}', 6, 'is no span of time'],
    ['about: V2', 'about: V12', 3, 'about'],
    ['job: update, force', 'job: upgrade, force', 6, 'no job upgrade is created'],
    ['claim: c', 'clam: c', 2, '`clam`: did you mean `claim`?'],
    ['{sent: UpdateJobExecution, nth: 2, after: 2 s}', '{after: 2 s}', 6, '`after` stands only beside'],
    ['UpdateJobExecution', 'UpdateJob', 6, 'sent'],
    ['create-job: update', 'wnen: settled', 5, '`wnen`: did you mean `when`?'],
    ['create-job: update', 'create-job: [', 6, ''],
  ])('says where it is wrong and what was meant: %s → %s', (right, wrong, line, message) => {
    const read = readScenario(whole.replace(right, wrong));
    const problems = read.ok ? [] : read.problems;
    expect(problems.map((one) => one.message).join('\n')).toContain(message);
    expect(problems.some((one) => one.line === line || message === '')).toBe(true);
  });

  it('have a JSON Schema for editors that is the one in the tree', async () => {
    await expect(`${JSON.stringify(scenarioSchema(), undefined, 2)}\n`).toMatchFileSnapshot(
      '../../../schema/scenario.json',
    );
  });
});
