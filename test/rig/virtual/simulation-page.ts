/** The parts of docs/simulation.md that the code writes. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { faultMembers } from '../../../faults/plan-form.ts';
import { type WrittenParts, writtenPage } from '../../support/written-page.ts';

export function simulationPage(text: string): Promise<string> {
  return writtenPage('docs/simulation.md', text, parts);
}

const examples = join(import.meta.dirname, '../../../fixtures/faults');

const parts: WrittenParts = {
  'plan members': () => ['| Member | May be | Left out | In |', '| --- | --- | --- | --- |', ...memberRows()],
  'example plans': () =>
    readdirSync(examples).map((file) => `- [\`${file}\`](../fixtures/faults/${file}): ${firstComment(file)}`),
};

/** One row for each member and what may stand there, with the kinds of fault that have it. */
function memberRows(): readonly string[] {
  const kindsByRow = new Map<string, string[]>();
  for (const [kind, members] of Object.entries(faultMembers)) {
    for (const [name, member] of Object.entries<z.ZodType>(members)) {
      const { description = '' } =
        member instanceof z.ZodDefault || member instanceof z.ZodOptional ? (member.unwrap() as z.ZodType) : member;
      const row = `| \`${name}\` | ${description.replace('expected ', '')} | ${leftOut(member)} |`;
      kindsByRow.set(row, [...(kindsByRow.get(row) ?? []), kind]);
    }
  }
  return [...kindsByRow].map(([row, kinds]) => `${row} ${kinds.join(', ')} |`);
}

function leftOut(member: z.ZodType): string {
  const read = member.safeParse(undefined);
  if (!read.success) return 'must be given';
  return read.data === undefined ? 'all of them' : `\`${JSON.stringify(read.data).replaceAll('"', '')}\``;
}

/** The first comment line of a plan says what it is. */
function firstComment(file: string): string {
  const [line = ''] = readFileSync(join(examples, file), 'utf8').split('\n');
  return line.replace(/^# /, '');
}
