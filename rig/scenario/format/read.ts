/**
 * Scenario files: from YAML text to a scenario, or to what is wrong with it, each with line and column and, where a word is not
 * known, the one that was perhaps meant. Forms of single triggers and deeds are beside this file.
 */
import { z } from 'zod';
import { claimIds } from '../../verdict/contract.ts';
import type { LinkConditions } from '../../../faults/link.ts';
import { type Complain, type MemberPath, type ReadForm, readWith } from '../../../protocol/form.ts';
import { isJsonObject } from '../../../protocol/json.ts';
import { unknownWord } from '../../../protocol/near-name.ts';
import { type TextProblem, readText } from '../../../protocol/positioned-text.ts';
import { jobExecutionStatuses } from '../../../protocol/status.ts';
import {
  type Deed,
  type DeedName,
  type Expected,
  type Given,
  type GivenThing,
  type Scenario,
  type Trigger,
  needs,
} from '../contract.ts';
import { checked, faultsFrom } from './checked.ts';
import { deedForms, deedFrom, documentForm, shortForms } from './deeds.ts';
import { type Words, entriesFrom } from './entries.ts';
import { bareTriggers, triggerForms, triggerFrom, triggerWordOf, triggerWords } from './triggers.ts';
import { membersFrom } from './members.ts';
import { label, span } from './values.ts';

export type ReadScenario =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly problems: readonly TextProblem[] };

const endStatus = z.enum([...jobExecutionStatuses, 'DELETED']);
const thingForm = z.strictObject({
  thing: label,
  hardware: z.string().optional(),
  session: z.enum(['clean', 'persistent']).optional(),
  'name-length': z.number().int().min(1).max(128).optional(),
});

/** Everything but script, meanwhile and faults, which have readers of their own. */
const headForm = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,79}$/, 'expected lower-case letters, digits and -'),
  version: z.number().int().min(1).default(1),
  claim: z.string().min(1),
  about: z.enum(claimIds),
  theme: z.string().min(1).optional(),
  catalog: z.array(z.string().regex(/^R\d+$/, 'expected a number of the catalogue like R21')).default([]),
  needs: z.array(z.enum(needs)).default([]),
  given: z
    .strictObject({
      things: z.array(thingForm).min(1).optional(),
      hardware: z.string().optional(),
      session: z.enum(['clean', 'persistent']).optional(),
      'name-length': z.number().int().min(1).max(128).optional(),
      document: documentForm.default('yours'),
      namespaces: z.array(z.string()).default([]),
      link: z.strictObject({ latency: span, jitter: span.optional() }).optional(),
      faults: z.unknown().optional(),
      seed: z.number().int().min(0).default(1),
      settle: span.optional(),
      wire: z.enum(['objects', 'text']).optional(),
      grain: z.enum(['operation', 'sign']).optional(),
    })
    .prefault({}),
  script: z.array(z.unknown()).min(1),
  meanwhile: z.array(z.unknown()).default([]),
  expect: z
    .array(
      z.strictObject({
        job: label,
        thing: label.optional(),
        status: z.union([endStatus, z.array(endStatus).min(1)]),
        within: span.optional(),
        'side-effects': z.enum(['once', 'none']).optional(),
        version: z.enum(['new', 'old']).optional(),
      }),
    )
    .default([]),
  claims: z.union([z.literal('all'), z.array(z.enum(claimIds)).min(1)]).default('all'),
  notes: z.string().optional(),
});

export function readScenario(text: string): ReadScenario {
  const read = readText(text, checkScenario);
  return read.ok ? { ok: true, scenario: read.value } : read;
}

/** A decoded scenario. */
export function checkScenario(value: unknown): ReadForm<Scenario> {
  return readWith((complain) => scenarioFrom(value, complain));
}

function scenarioFrom(value: unknown, complain: Complain): Scenario | undefined {
  const head = checked(headForm, value, [], complain);
  const members = isJsonObject(value) ? value : {};
  const script = entriesFrom(members['script'], ['script'], words, complain);
  const meanwhile = entriesFrom(members['meanwhile'], ['meanwhile'], words, complain);
  if (head === undefined) return undefined;
  const { given, expect, ...about } = head;
  const { things, hardware, session, 'name-length': nameLength, link, faults, ...others } = given;
  const onlyThing = { thing: 'thing-1', hardware, session, nameLength };
  const scenario: Scenario = {
    ...membersFrom<Omit<Scenario, 'given' | 'expect'>>(about),
    given: {
      ...membersFrom<Omit<Given, 'things' | 'faults'>>(others),
      things: (things ?? [onlyThing]).map(membersFrom<GivenThing>),
      ...(link && { link: membersFrom<LinkConditions>({ ...link, jitter: link.jitter ?? 0 }) }),
      faults: faultsFrom(faults, ['given', 'faults'], complain),
    },
    script,
    meanwhile,
    expect: expect.map((one) => ({ ...membersFrom<Expected>(one), status: [one.status].flat() })),
  };
  checkLabels(scenario, complain);
  return scenario;
}

const words: Words<Trigger, Deed> = {
  deedForms,
  shortForms,
  deedFrom: (word, read) => deedFrom(word as DeedName, read),
  triggerOf,
};

function triggerOf(value: unknown, path: MemberPath, complain: Complain): Trigger | undefined {
  if (typeof value === 'string') {
    if (bareTriggers.includes(value)) return triggerOf({ [value]: true }, path, complain);
    const isKnown = triggerWords.some((word) => word === value);
    return complain(
      path,
      isKnown ? `\`${value}\` needs a value, e.g. {${value}: …}` : unknownWord(value, triggerWords),
    );
  }
  if (!isJsonObject(value)) return complain(path, 'expected a trigger');
  const word = triggerWordOf(value);
  if (word === undefined) {
    const [first = ''] = Object.keys(value);
    if (first === 'after') return complain([...path, first], '`after` stands only beside something that happened');
    return complain(first === '' ? path : [...path, first], unknownWord(first, triggerWords), triggerWords);
  }
  const read = checked(triggerForms[word] as z.ZodType, value, path, complain);
  return read === undefined ? undefined : triggerFrom(word, read as Readonly<Record<string, unknown>>);
}

/** Jobs that are spoken of must be created somewhere, things be given. */
function checkLabels({ script, meanwhile, expect, given }: Scenario, complain: Complain): void {
  const created = new Set<string>();
  for (const { deeds } of [...script, ...meanwhile])
    for (const deed of deeds) if (deed.do === 'create-job') created.add(deed.job);
  const things = new Set(given.things.map(({ thing }) => thing));
  expect.forEach(({ job, thing }, index) => {
    if (!created.has(job))
      complain(['expect', index, 'job'], `no job ${job} is created: ${unknownWord(job, [...created])}`);
    if (thing !== undefined && !things.has(thing)) complain(['expect', index, 'thing'], `no thing ${thing} is given`);
  });
  for (const [list, entries] of [
    ['script', script],
    ['meanwhile', meanwhile],
  ] as const) {
    entries.forEach(({ when, deeds }, index) => {
      if (when !== undefined && 'job' in when && when.job !== undefined && !created.has(when.job)) {
        complain([list, index, 'when', 'job'], `no job ${when.job} is created: ${unknownWord(when.job, [...created])}`);
      }
      for (const deed of deeds) {
        if ('job' in deed && !created.has(deed.job))
          complain([list, index], `no job ${deed.job} is created: ${unknownWord(deed.job, [...created])}`);
      }
    });
  }
}

/** The form of a whole file, for the JSON Schema that editors read. */
export { headForm as scenarioForm };
