/**
 * A run that broke something once, kept as its whole configuration with a sentence why, so that it can be replayed when its
 * seed has long come to mean another run. Checks a decoded value and names every member that is wrong by its path; what reads
 * files does not live here.
 */
import { steps } from '../../observation/execution.ts';
import type { InstantFault } from '../../faults/thing-faults.ts';
import { type PlanProblem, parseFaultPlan } from '../../faults/plan.ts';
import { isJsonObject } from '../../protocol/json.ts';
import type { Deed, RunConfiguration } from './configuration.ts';
import { documentKinds } from './documents.ts';
import { type Claim, claims } from './violation.ts';

export interface KeptRun {
  /** What went wrong, in a sentence. */
  readonly why: string;
  readonly broke: Claim;
  readonly configuration: RunConfiguration;
}

export type ParsedRun =
  { readonly ok: true; readonly kept: KeptRun } | { readonly ok: false; readonly problems: readonly PlanProblem[] };

/** @param hardware names of the profiles there are */
export function parseKeptRun(value: unknown, hardware: readonly string[]): ParsedRun {
  const problems: PlanProblem[] = [];
  keptRun(hardware)(value, '', problems);
  if (problems.length > 0) return { ok: false, problems };
  // The checks below are the type, member by member.
  const kept = value as KeptRun;
  const faults = parseFaultPlan(kept.configuration.faults);
  if (!faults.ok) return { ok: false, problems: faults.problems.map(within('configuration.faults')) };
  const strangers = unknownThings(kept.configuration);
  if (strangers.length > 0) return { ok: false, problems: strangers };
  return { ok: true, kept: { ...kept, configuration: { ...kept.configuration, faults: faults.plan } } };
}

function within(around: string): (problem: PlanProblem) => PlanProblem {
  return ({ path, message }) => ({ path: path === '' ? around : `${around}.${path}`, message });
}

/** Actions may only be about things of the run. */
function unknownThings({ things, operator }: RunConfiguration): readonly PlanProblem[] {
  const known = new Set(things.map(({ thingName }) => thingName));
  return operator.flatMap((action, index) =>
    (['when', 'deed'] as const).flatMap((member) => {
      const { thingName = undefined } = action[member] as { readonly thingName?: string };
      if (thingName === undefined || known.has(thingName)) return [];
      const path = `configuration.operator[${index}].${member}.thingName`;
      return [{ path, message: 'expected a thing of this run' }];
    }),
  );
}

/** Adds what is wrong with a value that stands at a path. */
type Check = (value: unknown, path: string, problems: PlanProblem[]) => void;
type Members = Readonly<Record<string, Check>>;

const dayMs = 86_400_000;
const name: Check = expecting('1 to 128 of a-z A-Z 0-9 : _ -', isName);
const names = listOf(name);
const duration = wholeNumber(0, dayMs);
const truth: Check = expecting('true or false', (value) => typeof value === 'boolean');

const instantFaults: Readonly<Record<InstantFault['kind'], Members>> = {
  'link-lost': { forMs: duration },
  partition: { forMs: duration },
  'power-cut': { forMs: duration },
  'weak-battery': { forMs: duration, byMv: wholeNumber(1, 60_000) },
  'clock-jump': { byMs: wholeNumber(1, 365 * dayMs) },
};

const inNamespace = { namespaceId: name };

const deeds: Readonly<Record<Deed['kind'], Check>> = {
  'create-job': object(
    { kind: anything, jobId: name, document: oneOf(documentKinds), ordinal: wholeNumber(0, 1_000_000) },
    { things: names, ...inNamespace, inProgressTimeoutMinutes: wholeNumber(1, 10_080) },
  ),
  'delete-job': object({ kind: anything, jobId: name }, inNamespace),
  'delete-execution': object({ kind: anything, jobId: name, thingName: name }, inNamespace),
  'cancel-job': object({ kind: anything, jobId: name, force: truth }),
  'cancel-execution': object({ kind: anything, jobId: name, thingName: name, force: truth }),
  rejoin: object({ kind: anything, thingName: name }),
  fault: object({
    kind: anything,
    thingName: name,
    fault: byKind(
      Object.fromEntries(
        Object.entries(instantFaults).map(([kind, members]) => [kind, object({ kind: anything, ...members })]),
      ),
    ),
  }),
};

const atInstant = object({ atMs: duration });
const atStep = object({ thingName: name, step: oneOf(steps), occurrence: wholeNumber(1, 1000), afterMs: duration });
const moment: Check = (value, path, problems) =>
  (isJsonObject(value) && 'step' in value ? atStep : atInstant)(value, path, problems);

function keptRun(hardware: readonly string[]): Check {
  return object({
    why: expecting('a sentence', (value) => typeof value === 'string' && value !== ''),
    broke: oneOf(Object.keys(claims)),
    configuration: object(
      {
        seed: wholeNumber(0, Number.MAX_SAFE_INTEGER),
        things: listOf(object({ thingName: name, hardware: oneOf(hardware) }, { session: oneOf(['persistent']) }), 1),
        namespaces: names,
        link: object({ latencyMs: duration, jitterMs: duration }),
        faults: anything,
        operator: listOf(object({ when: moment, deed: byKind(deeds) })),
        safetyMs: wholeNumber(1, 7 * dayMs),
        wire: oneOf(['objects', 'text']),
      },
      { grain: oneOf(['operation', 'sign']) },
    ),
  });
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && /^[a-zA-Z0-9:_-]{1,128}$/.test(value);
}

/** Checked elsewhere. */
function anything(): void {}

function expecting(what: string, accepts: (value: unknown) => boolean): Check {
  return (value, path, problems) => {
    if (!accepts(value)) problems.push({ path, message: `expected ${what}` });
  };
}

function wholeNumber(low: number, high: number): Check {
  const accepts = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= low && Number(value) <= high;
  return expecting(`a whole number from ${low} to ${high}`, accepts);
}

function oneOf(words: readonly string[]): Check {
  return expecting(`one of ${words.join(', ')}`, (value) => typeof value === 'string' && words.includes(value));
}

function listOf(item: Check, atLeast = 0): Check {
  return (value, path, problems) => {
    if (!Array.isArray(value)) problems.push({ path, message: 'expected a list' });
    else if (value.length < atLeast) problems.push({ path, message: `expected at least ${atLeast}` });
    else value.forEach((each, index) => item(each, `${path}[${index}]`, problems));
  };
}

function object(members: Members, optional: Members = {}): Check {
  const known: Members = { ...members, ...optional };
  return (value, path, problems) => {
    if (!isJsonObject(value)) return void problems.push({ path, message: 'expected an object' });
    const prefix = path === '' ? '' : `${path}.`;
    for (const member of Object.keys(value)) {
      if (member in known) continue;
      problems.push({ path: `${prefix}${member}`, message: `unknown; known are ${Object.keys(known).join(', ')}` });
    }
    for (const [member, check] of Object.entries(known)) {
      if (value[member] === undefined && member in optional) continue;
      check(value[member], `${prefix}${member}`, problems);
    }
  };
}

function byKind(kinds: Readonly<Record<string, Check>>): Check {
  return (value, path, problems) => {
    const kind = isJsonObject(value) ? value['kind'] : undefined;
    const check = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    if (check !== undefined) return check(value, path, problems);
    problems.push({ path: `${path}.kind`, message: `expected one of ${Object.keys(kinds).join(', ')}` });
  };
}
