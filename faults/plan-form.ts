/**
 * The parser of fault plans: takes a decoded value, fills in what was left out and names each member that is wrong. It also takes
 * plans as they were written before: with `misfortunes` for `faults`, and `fate` for `effect`.
 */
import { z } from 'zod';
import { type FormProblem, pathText, readForm } from '../protocol/form.ts';
import { isJsonObject } from '../protocol/json.ts';
import { directions, messageEffects, messageOperations, operations, serviceAnswers } from './plan-words.ts';

export type ParsedPlan =
  { readonly ok: true; readonly value: FaultPlan } | { readonly ok: false; readonly problems: readonly FormProblem[] };

const dayMs = 86_400_000;

function wholeNumber(low: number, high: number): z.ZodNumber {
  const expected = `expected a whole number from ${low} to ${high}`;
  return z.int(expected).min(low, expected).max(high, expected).describe(expected);
}

function oneOf<const Words extends readonly [string, ...string[]]>(words: Words): z.ZodType<Words[number]> {
  return z.enum(words).describe(`expected one of ${words.join(', ')}`);
}

const oneThingOrMore = 'expected a thing name, a prefix ending in *, or *';
const namesOfThings = z
  .string(oneThingOrMore)
  .regex(/^(?!$)[a-zA-Z0-9:_-]{0,128}\*?$/, oneThingOrMore)
  .describe(oneThingOrMore)
  .default('*');
function listOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  const expected = `expected a list of ${words.join(', ')}`;
  return z.array(oneOf(words), expected).min(1, expected).readonly().describe(expected);
}

/** Times are since the start of the run. */
const window = { fromMs: wholeNumber(0, 365 * dayMs).default(0), untilMs: wholeNumber(0, 365 * dayMs) };
/** Injected so many times, at instants drawn from the window. */
const atInstants = { ...window, times: wholeNumber(1, 1000).default(1) };
/** Decided for each message, with a probability, while the window is open; `lateMs`: how much later, for what is late. */
const perMessage = {
  things: namesOfThings,
  ...window,
  perMillion: wholeNumber(0, 1_000_000).default(1_000_000),
  lateMs: wholeNumber(0, dayMs).default(5000),
};
const ofThings = { things: namesOfThings, ...atInstants };

/** What may stand in each kind of fault, member by member. Without `operations` it is about all of them. */
export const faultMembers = {
  /** The connection breaks and cannot be made again for a while. */
  'link-lost': { ...ofThings, forMs: wholeNumber(0, dayMs) },
  /** Nothing gets through and neither side notices at first: what was sent is held back until the partition heals. */
  partition: { ...ofThings, forMs: wholeNumber(1, dayMs) },
  'power-cut': { ...ofThings, forMs: wholeNumber(0, dayMs) },
  /** The supply gives less for a while, so that sending may reset the device. */
  'weak-battery': { ...ofThings, forMs: wholeNumber(1, dayMs), byMv: wholeNumber(1, 60_000) },
  /** The device's clock leaps forward: its deadlines come at once. */
  'clock-jump': { ...ofThings, byMs: wholeNumber(1, 365 * dayMs) },
  'service-clock-jump': { ...atInstants, byMs: wholeNumber(1, 365 * dayMs) },
  message: {
    ...perMessage,
    operations: listOf(messageOperations).optional(),
    direction: oneOf(directions),
    effect: oneOf(messageEffects),
  },
  /** What the service does with a request instead of answering it once, rightly and at once. */
  service: { ...perMessage, operations: listOf(operations).optional(), answer: oneOf(serviceAnswers) },
} as const;

export type FaultKind = keyof typeof faultMembers;
export type Fault = {
  [Kind in FaultKind]: { readonly kind: Kind } & Readonly<z.output<z.ZodObject<(typeof faultMembers)[Kind]>>>;
}[FaultKind];

export interface FaultPlan {
  readonly faults: readonly Fault[];
}

export const faultKinds = Object.keys(faultMembers) as readonly FaultKind[];

const faultForms = faultKinds.map((kind) =>
  z
    .strictObject({ kind: z.literal(kind), ...faultMembers[kind] }, 'expected an object')
    .refine(({ fromMs, untilMs }) => untilMs >= fromMs, { path: ['untilMs'], message: 'lies before fromMs' }),
);

const planForm = z.strictObject(
  {
    faults: z.array(
      z.discriminatedUnion('kind', faultForms as unknown as [(typeof faultForms)[number]]),
      'expected a list of faults',
    ),
  },
  'expected an object',
);

/** Checks a decoded plan, fills in what was left out, and names every member that is wrong. */
export function parseFaultPlan(value: unknown): ParsedPlan {
  const read = readForm(planForm, withTodaysNames(value));
  // Every member of a kind is present and of its type: the table above is the type, member by member.
  if (read.ok) return read as ParsedPlan;
  return { ok: false, problems: read.problems.map((problem) => asWritten(problem, value)) };
}

/** What members were called before. */
const formerNames: Readonly<Record<string, string>> = { faults: 'misfortunes', effect: 'fate' };

/** A plan as it was written before, under the names that its members have today. */
function withTodaysNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withTodaysNames);
  if (!isJsonObject(value)) return value;
  const today = new Map(Object.entries(formerNames).map(([name, former]) => [former, name]));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const known = today.get(name);
      return [known !== undefined && value[known] === undefined ? known : name, withTodaysNames(member)];
    }),
  );
}

/** The problem by the names that stand in the file. */
function asWritten(problem: FormProblem, value: unknown): FormProblem {
  let at = value as Readonly<Record<string | number, unknown>> | undefined;
  const place = problem.place.map((part) => {
    const former = formerNames[part];
    const name = former !== undefined && at?.[part] === undefined && at?.[former] !== undefined ? former : part;
    at = at?.[name] as typeof at;
    return name;
  });
  return { ...problem, place, path: pathText(place) };
}
