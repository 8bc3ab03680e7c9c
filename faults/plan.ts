/**
 * A fault plan: which faults are injected into which things, when and how often. A plan is plain data that a person can write
 * and a seed can draw; the same plan drives virtual time and live sockets (thing-faults.ts). The parser takes a decoded value
 * and names each member that is wrong by its path. It also takes plans as they were written before: with `misfortunes` for
 * `faults`, and `fate` for `effect`.
 */
import { isJsonObject } from '../protocol/json.ts';

/** Injected at instants drawn from a span. */
interface AtInstants {
  /** Since the start of the run; the instants lie from here … */
  readonly fromMs: number;
  /** … to here. */
  readonly untilMs: number;
  readonly times: number;
}

interface OfThings {
  /** A thing name, a prefix with `*`, or `*`. */
  readonly things: string;
}

/** Decided for each message, with a probability, while a window is open. */
interface PerMessage extends OfThings {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly perMillion: number;
  /** Only requests and replies of these operations; absent: all. */
  readonly operations?: readonly Operation[];
  /** How much later, for what is late. */
  readonly lateMs: number;
}

/** AWS's names of what a device may ask for. */
export const operations = [
  'GetPendingJobExecutions',
  'StartNextPendingJobExecution',
  'DescribeJobExecution',
  'UpdateJobExecution',
] as const;
export type Operation = (typeof operations)[number];

export const directions = ['request', 'reply', 'notification'] as const;
export type Direction = (typeof directions)[number];

export const messageEffects = ['lost', 'duplicate', 'late'] as const;
export type MessageEffect = (typeof messageEffects)[number];

export const serviceAnswers = [
  'RequestThrottled',
  'InternalError',
  'InvalidRequest',
  /** A rejection with a code that is in no table. */
  'unknown-code',
  'late',
  'twice',
  'not-at-all',
  /** To whoever asks for the next execution: as if nothing were pending. */
  'empty-next',
] as const;
export type ServiceAnswer = (typeof serviceAnswers)[number];

/** What comes of a CONNECT or a SUBSCRIBE. */
export const handshakeAnswers = ['not-at-all', 'refused'] as const;
export type HandshakeAnswer = (typeof handshakeAnswers)[number];

export type Fault =
  /** The connection breaks and cannot be made again for a while. */
  | (AtInstants & OfThings & { readonly kind: 'link-lost'; readonly forMs: number })
  /** Nothing gets through and neither side notices at first: what was sent is held back until the partition heals. */
  | (AtInstants & OfThings & { readonly kind: 'partition'; readonly forMs: number })
  | (AtInstants & OfThings & { readonly kind: 'power-cut'; readonly forMs: number })
  /** The supply gives less for a while, so that sending may reset the device. */
  | (AtInstants & OfThings & { readonly kind: 'weak-battery'; readonly forMs: number; readonly byMv: number })
  /** The device's clock leaps forward: its deadlines come at once. */
  | (AtInstants & OfThings & { readonly kind: 'clock-jump'; readonly byMs: number })
  | (AtInstants & { readonly kind: 'service-clock-jump'; readonly byMs: number })
  | (PerMessage & { readonly kind: 'message'; readonly direction: Direction; readonly effect: MessageEffect })
  /** What the service does with a request instead of answering it once, rightly and at once. */
  | (PerMessage & { readonly kind: 'service'; readonly answer: ServiceAnswer });

export type FaultKind = Fault['kind'];

export interface FaultPlan {
  readonly faults: readonly Fault[];
}

export const noFaults: FaultPlan = { faults: [] };

export interface PlanProblem {
  /** e.g. `faults[2].forMs` */
  readonly path: string;
  readonly message: string;
}

export type ParsedPlan =
  { readonly ok: true; readonly plan: FaultPlan } | { readonly ok: false; readonly problems: readonly PlanProblem[] };

/** A member: what may stand there, and what stands there when it is left out (`undefined`: it must be given). */
interface Member {
  readonly expects: string;
  readonly accepts: (value: unknown) => boolean;
  readonly default?: unknown;
}

const dayMs = 86_400_000;

function wholeNumber(low: number, high: number, byDefault?: number): Member {
  return {
    expects: `a whole number from ${low} to ${high}`,
    accepts: (value) => Number.isInteger(value) && Number(value) >= low && Number(value) <= high,
    default: byDefault,
  };
}

function oneOf(words: readonly string[]): Member {
  return { expects: `one of ${words.join(', ')}`, accepts: (value) => words.includes(String(value)) };
}

const things: Member = {
  expects: 'a thing name, a prefix ending in *, or *',
  accepts: (value) => typeof value === 'string' && /^[a-zA-Z0-9:_-]{0,128}\*?$/.test(value) && value !== '',
  default: '*',
};

const listOfOperations: Member = {
  expects: `a list of ${operations.join(', ')}`,
  accepts: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((name) => operations.some((known) => known === name)),
  default: null,
};

const window = { fromMs: wholeNumber(0, 365 * dayMs, 0), untilMs: wholeNumber(0, 365 * dayMs) };
const atInstants = { ...window, times: wholeNumber(1, 1000, 1) };
const perMessage = {
  things,
  ...window,
  perMillion: wholeNumber(0, 1_000_000, 1_000_000),
  operations: listOfOperations,
  lateMs: wholeNumber(0, dayMs, 5000),
};

/** What may stand in each kind of fault, member by member. */
export const faultMembers: Readonly<Record<FaultKind, Readonly<Record<string, Member>>>> = {
  'link-lost': { things, ...atInstants, forMs: wholeNumber(0, dayMs) },
  partition: { things, ...atInstants, forMs: wholeNumber(1, dayMs) },
  'power-cut': { things, ...atInstants, forMs: wholeNumber(0, dayMs) },
  'weak-battery': { things, ...atInstants, forMs: wholeNumber(1, dayMs), byMv: wholeNumber(1, 60_000) },
  'clock-jump': { things, ...atInstants, byMs: wholeNumber(1, 365 * dayMs) },
  'service-clock-jump': { ...atInstants, byMs: wholeNumber(1, 365 * dayMs) },
  message: { ...perMessage, direction: oneOf(directions), effect: oneOf(messageEffects) },
  service: { ...perMessage, answer: oneOf(serviceAnswers) },
};

export const faultKinds = Object.keys(faultMembers);

/** Checks a decoded plan, fills in what was left out, and names every member that is wrong. */
export function parseFaultPlan(value: unknown): ParsedPlan {
  if (!isJsonObject(value)) return { ok: false, problems: [{ path: '', message: 'expected an object' }] };
  const key = writtenAs('faults', value);
  const problems = unknownMembers(value, [key], '');
  const list = value[key];
  if (!Array.isArray(list)) problems.push({ path: key, message: 'expected a list of faults' });
  const faults = (Array.isArray(list) ? list : []).map((entry: unknown, index) =>
    parseFault(entry, `${key}[${index}]`, problems),
  );
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, plan: { faults: faults.filter((entry) => entry !== undefined) } };
}

function parseFault(entry: unknown, path: string, problems: PlanProblem[]): Fault | undefined {
  if (!isJsonObject(entry)) {
    problems.push({ path, message: 'expected an object' });
    return undefined;
  }
  const kind = faultKinds.find((known) => known === entry['kind']) as FaultKind | undefined;
  if (kind === undefined) {
    problems.push({ path: `${path}.kind`, message: `expected one of ${faultKinds.join(', ')}` });
    return undefined;
  }
  const members = faultMembers[kind];
  const written = Object.keys(members).map((name) => writtenAs(name, entry));
  problems.push(...unknownMembers(entry, ['kind', ...written], path));
  const parsed: Record<string, unknown> = { kind };
  for (const [name, member] of Object.entries(members)) {
    const as = writtenAs(name, entry);
    const given = entry[as] ?? member.default;
    if (given === null) continue;
    if (given === undefined || !member.accepts(given)) {
      problems.push({ path: `${path}.${as}`, message: `expected ${member.expects}` });
    }
    parsed[name] = given;
  }
  if (Number(parsed['untilMs']) < Number(parsed['fromMs'])) {
    problems.push({ path: `${path}.untilMs`, message: 'lies before fromMs' });
  }
  // Every member of the kind is present and of its type: the table above is the type, member by member.
  return parsed as unknown as Fault;
}

/** What members were called before. */
const formerNames: Readonly<Record<string, string>> = { faults: 'misfortunes', effect: 'fate' };

/** The member's name as this object has it: the former one where only that stands. */
function writtenAs(name: string, object: Readonly<Record<string, unknown>>): string {
  const former = formerNames[name];
  return former !== undefined && object[name] === undefined && object[former] !== undefined ? former : name;
}

function unknownMembers(value: object, known: readonly string[], path: string): PlanProblem[] {
  return Object.keys(value)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      path: path === '' ? name : `${path}.${name}`,
      message: `unknown; known are ${known.join(', ')}`,
    }));
}
