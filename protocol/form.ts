/**
 * The one reader of files of ours: scenarios, shapes, fault plans, hardware profiles, baselines and kept runs. A form (zod) says what
 * may stand in a decoded value; reading gives the value with what was left out filled in, or everything that is wrong with it,
 * each by the path of its member and, for a word that is not known, the one that was perhaps meant. Where in a text that is, and
 * in which file, others say (positioned-text.ts).
 */
import type { z } from 'zod';
import { nearName, unknownHint } from './near-name.ts';

export type MemberPath = readonly (string | number)[];

/** Something wrong with a value. */
export interface FormProblem {
  /** Of the member that is wrong; empty for the whole. */
  readonly place: MemberPath;
  /** What to call it, e.g. `faults[2].kind`; its last name where a file is read step by step. Empty for the whole. */
  readonly path: string;
  /** What is wrong; stands behind the member's name and a colon. */
  readonly message: string;
  /** The members that may stand beside one that is not known. */
  readonly known?: readonly string[];
}

export type ReadForm<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problems: readonly FormProblem[] };

/** Says what is wrong at a place. */
export type Complain = (place: MemberPath, message: string, known?: readonly string[]) => undefined;

/** Checks a decoded value against a form. Every problem is told, words that are not known first: they explain what is missing. */
export function readForm<Value>(form: z.ZodType<Value>, value: unknown): ReadForm<Value> {
  const read = form.safeParse(value, { error: whatIsWrong, reportInput: true });
  if (read.success) return { ok: true, value: read.data };
  const problems = read.error.issues.flatMap((issue) => problemsOf(issue, form, value));
  // What is of another kind is told once, and not measured as well.
  return refused(problems.filter(({ path }, index) => problems.findIndex((other) => other.path === path) === index));
}

/** The same for what is read step by step. @param read gives nothing where it complained about what it cannot do without */
export function readWith<Value>(read: (complain: Complain) => Value | undefined): ReadForm<Value> {
  const problems: FormProblem[] = [];
  const value = read((place, message, known) => {
    const name = place.at(-1);
    problems.push({ ...formProblem(place, message, known), path: typeof name === 'string' ? name : '' });
    return undefined;
  });
  return value !== undefined && problems.length === 0 ? { ok: true, value } : refused(problems);
}

function refused(problems: readonly FormProblem[]): { readonly ok: false; readonly problems: readonly FormProblem[] } {
  const [unknown, others] = [true, false].map((is) => problems.filter(({ known }) => (known !== undefined) === is));
  return { ok: false, problems: [...unknown!, ...others!] };
}

function formProblem(place: MemberPath, message: string, known?: readonly string[]): FormProblem {
  return { place, path: pathText(place), message, ...(known && { known }) };
}

/** `faults[2].kind` */
export function pathText(place: MemberPath): string {
  return place.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}

function problemsOf(issue: z.core.$ZodIssue, form: z.ZodType, value: unknown): readonly FormProblem[] {
  const place = issue.path as MemberPath;
  if (issue.code === 'unrecognized_keys') {
    const known = membersOf(form, place, value);
    return issue.keys.map((key) => formProblem([...place, key], unknownHint(key, known), known));
  }
  // Of alternatives the one that is there, and only wrong inside.
  const inside = issue.code === 'invalid_union' ? issue.errors.find(isInside) : undefined;
  if (inside === undefined) return [formProblem(place, missingOr(issue))];
  return inside.flatMap((each) => problemsOf({ ...each, path: [...place, ...each.path] }, form, value));
}

/** A form's own words say what is expected, and not that nothing is there. */
function missingOr({ code, path, input, message }: z.core.$ZodIssue): string {
  const isMissing = code === 'invalid_type' && input === undefined && path.length > 0;
  return isMissing && message !== missing ? `${missing}: ${message}` : message;
}

function isInside(issues: readonly z.core.$ZodIssue[]): boolean {
  return issues.every(({ path }) => path.length > 0);
}

const missing = 'is missing';

/** Where the form has no words of its own for it. */
function whatIsWrong(issue: z.core.$ZodRawIssue): string {
  const input = isNoOption(issue) ? (issue.input as Record<string, unknown>)[issue.discriminator!] : issue.input;
  if (input === undefined) return missing;
  const words = wordsFor(issue);
  const meant = typeof input === 'string' && words !== undefined ? nearName(input, words) : undefined;
  const found = meant === undefined ? `, found ${shown(input)}` : `; did you mean \`${meant}\`?`;
  return `expected ${expectedBy(issue)}${found}`;
}

/** None of several forms that are told apart by a member. */
function isNoOption(issue: z.core.$ZodRawIssue): issue is z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion> {
  return issue.code === 'invalid_union' && issue.errors.length === 0 && issue.discriminator !== undefined;
}

function wordsFor(issue: z.core.$ZodRawIssue | z.core.$ZodIssue): readonly string[] | undefined {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  if (issue.code !== 'invalid_union') return undefined;
  return 'options' in issue
    ? (issue.options as readonly unknown[]).map(String)
    : issue.errors.flat().flatMap((each) => wordsFor(each) ?? []);
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};
const units: Readonly<Record<string, readonly [one: string, more: string]>> = {
  string: [' letter', ' letters'],
  array: [' entry', ' entries'],
};

function amount(count: number | bigint, origin: string): string {
  return `${count}${units[origin]?.[Number(count !== 1)] ?? ''}`;
}

function expectedBy(issue: z.core.$ZodRawIssue | z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return kinds[issue.expected] ?? issue.expected;
    case 'too_small':
      return `at least ${amount(issue.minimum, issue.origin)}`;
    case 'too_big':
      return `at most ${amount(issue.maximum, issue.origin)}`;
    case 'invalid_format':
      return `text that matches ${'pattern' in issue ? issue.pattern : issue.format}`;
    case 'invalid_union':
      if (!('options' in issue)) return issue.errors.flat().map(expectedBy).join(' or ');
  }
  const words = wordsFor(issue) ?? [];
  return words.length === 1 ? words[0]! : `one of ${words.join(', ')}`;
}

const mostShown = 40;

function shown(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const text = JSON.stringify(value);
  return text.length > mostShown ? `${text.slice(0, mostShown)}…` : text;
}

/** The members that may stand at a place of a form. Of several forms that are told apart by a member, those of the one meant. */
function membersOf(form: z.ZodType, place: MemberPath, value: unknown): readonly string[] {
  let at = optionMeant(unwrapped(form), value);
  let there = value;
  for (const part of place) {
    there = (there as Readonly<Record<string | number, unknown>>)[part];
    at = optionMeant(unwrapped(typeof part === 'number' ? at?.element : at?.shape?.[part]), there);
  }
  return Object.keys(at?.shape ?? {});
}

function optionMeant(form: Inside | undefined, value: unknown): Inside | undefined {
  const { discriminator, options } = form?.def ?? {};
  if (discriminator === undefined || options === undefined) return form;
  const word = (value as Readonly<Record<string, unknown>> | undefined)?.[discriminator];
  return options.map(unwrapped).find((option) => unwrapped(option?.shape?.[discriminator])?.values?.has(word) === true);
}

/** What is read of a form's inside, as zod shows it. */
interface Inside {
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly element?: unknown;
  readonly values?: ReadonlySet<unknown>;
  readonly def?: {
    readonly type?: string;
    readonly innerType?: unknown;
    readonly in?: unknown;
    readonly out?: unknown;
    readonly discriminator?: string;
    readonly options?: readonly unknown[];
  };
}

/** Without what only adds a default, a preparation or a conversion. */
function unwrapped(form: unknown): Inside | undefined {
  let at = form as Inside | undefined;
  while (at !== undefined && at.shape === undefined && at.element === undefined) {
    const { type, innerType, in: before, out: after } = at.def ?? {};
    const isPreparation = type === 'pipe' && (before as Inside | undefined)?.def?.type === 'transform';
    const inner = innerType ?? (isPreparation ? after : before);
    if (inner === undefined) return at;
    at = inner as Inside;
  }
  return at;
}
