import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readForm } from '../../protocol/form.ts';
import { readText } from '../../protocol/positioned-text.ts';

const form = z.strictObject({
  name: z.string().min(2).max(4).optional(),
  count: z.number().int().min(1).max(5).optional(),
  on: z.boolean().optional(),
  list: z.array(z.number()).min(1).optional(),
  colour: z.enum(['red', 'green', 'blue']).optional(),
  only: z.literal(true).optional(),
  when: z.union([z.literal('all'), z.array(z.enum(['first', 'last'])).min(1)]).optional(),
  part: z.strictObject({ size: z.number() }).optional(),
  byName: z.record(z.string(), z.string()).optional(),
  fault: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('late'), byMs: z.number() }),
      z.strictObject({ kind: z.literal('lost') }),
    ])
    .optional(),
  own: z.string('must be one of ours').optional(),
  pair: z.strictObject({ left: z.int('expected a whole number'), right: z.int() }).optional(),
});

function said(text: string): readonly string[] {
  const read = readText(text, (value) => readForm(form, value));
  return read.ok ? [] : read.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe('what is wrong with a text is said by line and column, by name, with what is expected, what is found and what was meant', () => {
  it.each<[string, ...string[]]>([
    ['name: 3', '1:1 `name`: expected text, found 3'],
    ['name:', '1:1 `name`: expected text, found nothing'],
    ['name: [a]', '1:1 `name`: expected text, found a list'],
    ['name: a', '1:1 `name`: expected at least 2 letters, found "a"'],
    ['name: abcde', '1:1 `name`: expected at most 4 letters, found "abcde"'],
    [`name: {a: ${'b'.repeat(50)}}`, '1:1 `name`: expected text, found an object'],
    ['count: few', '1:1 `count`: expected a number, found "few"'],
    [`count: ${'few'.repeat(20)}`, `1:1 \`count\`: expected a number, found "${'few'.repeat(13)}…`],
    ['count: 1.5', '1:1 `count`: expected a whole number, found 1.5'],
    ['count: 0', '1:1 `count`: expected at least 1, found 0'],
    ['count: 6', '1:1 `count`: expected at most 5, found 6'],
    ['on: 1', '1:1 `on`: expected true or false, found 1'],
    ['list: 1', '1:1 `list`: expected a list, found 1'],
    ['list: []', '1:1 `list`: expected at least 1 entry, found a list'],
    ['list: [1, x]', '1:11 `list[1]`: expected a number, found "x"'],
    ['colour: gren', '1:1 `colour`: expected one of red, green, blue; did you mean `green`?'],
    ['colour: 5', '1:1 `colour`: expected one of red, green, blue, found 5'],
    ['only: false', '1:1 `only`: expected true, found false'],
    ['when: al', '1:1 `when`: expected all or a list; did you mean `all`?'],
    ['when: 5', '1:1 `when`: expected all or a list, found 5'],
    ['when: [frist]', '1:8 `when[0]`: expected one of first, last; did you mean `first`?'],
    ['part: {}', '1:1 `part.size`: is missing'],
    ['part:\n  sise: 3', '2:3 `part.sise`: did you mean `size`?', '1:1 `part.size`: is missing'],
    ['byName: {a: 5}', '1:10 `byName.a`: expected text, found 5'],
    ['fault: {}', '1:1 `fault.kind`: is missing'],
    ['fault: {kind: lat}', '1:9 `fault.kind`: expected one of late, lost; did you mean `late`?'],
    ['fault: {kind: late}', '1:1 `fault.byMs`: is missing'],
    ['fault: {kind: late, byMs: 1, byms: 2}', '1:30 `fault.byms`: did you mean `byMs`?'],
    ['fault: 3', '1:1 `fault`: expected an object, found 3'],
    ['own: 3', '1:1 `own`: must be one of ours'],
    [
      'pair:\n  right: x',
      '2:3 `pair.right`: expected a number, found "x"',
      '1:1 `pair.left`: is missing: expected a whole number',
    ],
    ['colr: 3', '1:1 `colr`: did you mean `colour`?'],
    [
      'nam: 1\ncount: x\ncolor: 2',
      '1:1 `nam`: did you mean `name`?',
      '3:1 `color`: did you mean `colour`?',
      '2:1 `count`: expected a number, found "x"',
    ],
    ['part: {a: 1, size: 2}', '1:8 `part.a`: is not known here; known are size'],
    ['', '1:1 there is nothing in it'],
    ['# only this', '1:1 there is nothing in it'],
    ['3', '1:1 expected an object, found 3'],
    ['- a', '1:1 expected an object, found a list'],
    ['name: a: b', '1:7 Nested mappings are not allowed in compact mappings'],
  ])('%j', (text, ...expected) => {
    expect(said(text)).toEqual(expected);
  });
});
