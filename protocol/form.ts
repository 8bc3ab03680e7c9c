/**
 * The one reader of files of ours: scenarios, fault plans, hardware profiles, kept runs. A form (zod) says what may stand in a
 * decoded value; reading gives the value with what was left out filled in, or everything that is wrong with it, each by the
 * path of its member and, for a word that is not known, the one that was perhaps meant. Reading files is not done here.
 */
import type { z } from 'zod';
import { knownAre, nearName } from './near-name.ts';

export type MemberPath = readonly (string | number)[];

/** Something wrong with a value. */
export interface FormProblem {
  /** Of the member that is wrong; empty for the whole. */
  readonly place: MemberPath;
  /** The same as text, e.g. `faults[2].kind`. */
  readonly path: string;
  /** What is expected there; reads on from the member's name. */
  readonly message: string;
  /** The members that may stand beside one that is not known. */
  readonly known?: readonly string[];
}

export type ReadForm<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problems: readonly FormProblem[] };

/** Checks a decoded value against a form. Every problem is told, words that are not known first: they explain what is missing. */
export function readForm<Value>(form: z.ZodType<Value>, value: unknown): ReadForm<Value> {
  const read = form.safeParse(value);
  if (read.success) return { ok: true, value: read.data };
  const problems = read.error.issues.flatMap((issue) => problemsOf(issue, form, value));
  const [unknown, others] = [true, false].map((is) => problems.filter(({ known }) => (known !== undefined) === is));
  return { ok: false, problems: [...unknown!, ...others!] };
}

function formProblem(place: MemberPath, message: string): FormProblem {
  return { place, path: pathText(place), message };
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
    return issue.keys.map((key) => {
      const meant = nearName(key, known);
      const hint = meant === undefined ? knownAre(key, known) : `did you mean ${meant}?`;
      return { ...formProblem([...place, key], `is not known here; ${hint}`), known };
    });
  }
  const isMissing = issue.code === 'invalid_type' && issue.input === undefined && issue.message.startsWith('Invalid');
  return [formProblem(place, isMissing ? 'is missing' : issue.message)];
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
