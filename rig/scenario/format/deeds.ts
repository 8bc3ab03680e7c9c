/**
 * Deeds as a file writes them: one word with what belongs to it. `{delete-execution: {job: update, force: true}}`; where only the
 * job is to be said, the job alone.
 */
import { z } from 'zod';
import { directions, messageOperations, operations } from '../../../faults/plan.ts';
import { deviceStatuses } from '../../../protocol/status.ts';
import type { Deed, DeedName, JobDocument, SecondClientAct } from '../contract.ts';
import { documentKinds, imageConditions } from '../contract.ts';
import { count, label, size, sizeText, span, spanText } from './values.ts';

const ofThing = { thing: label.optional() };
const extent = { times: count.optional(), for: span.optional() };
const force = z.boolean().default(true);
const namespace = z
  .string()
  .regex(/^[a-zA-Z0-9_-]{1,64}$/)
  .optional();
const job = { job: label };
const onOperations = onSome(operations);

function onSome<const Words extends readonly [string, ...string[]]>(words: Words) {
  return { operation: z.enum(words).optional(), operations: z.array(z.enum(words)).min(1).optional() };
}

export const documentForm = z.union([z.literal('yours'), z.enum(documentKinds), z.record(z.string(), z.unknown())]);
const handshake = z.strictObject({ how: z.enum(['never-answer', 'refuse']), ...extent, ...ofThing });
const memberOf = z.strictObject({ ...ofThing });

/** By word: the members that may stand under it. */
export const deedForms = {
  'create-job': z.strictObject({
    ...job,
    document: documentForm.optional(),
    edition: z.number().int().min(0).optional(),
    image: z.enum(imageConditions).optional(),
    'image-size': size.optional(),
    namespace,
    group: z.literal(true).optional(),
    things: z.array(label).min(1).optional(),
    timeout: span.optional(),
    retries: z.strictObject({ failed: count.optional(), 'timed-out': count.optional() }).optional(),
    ends: z.strictObject({ after: span, behavior: z.enum(['STOP_ROLLOUT', 'CANCEL', 'FORCE_CANCEL']) }).optional(),
    presigned: span.optional(),
  }),
  'update-job': z.strictObject({ ...job, timeout: span }),
  'cancel-job': z.strictObject({ ...job, force }),
  'delete-job': z.strictObject({ ...job, force, namespace }),
  'cancel-execution': z.strictObject({ ...job, force, ...ofThing }),
  'delete-execution': z.strictObject({ ...job, force, namespace, number: count.optional(), ...ofThing }),
  'leave-group': memberOf,
  'join-group': memberOf,
  'rejoin-group': memberOf,
  'delete-thing': memberOf,
  'delete-stream': z.strictObject(job),
  power: z.strictObject({ 'off-for': span, ...ofThing }),
  link: z.strictObject({ how: z.enum(['drop', 'partition']), for: span, ...ofThing }),
  message: z.strictObject({
    how: z.enum(['lose', 'duplicate', 'delay', 'reorder']),
    direction: z.enum(directions),
    ...onSome(messageOperations),
    by: span.optional(),
    ...extent,
    ...ofThing,
  }),
  service: z.strictObject({
    how: z.enum(['throttle', 'error', 'late', 'twice', 'never', 'empty-next', 'refuse']),
    code: z.string().min(1).max(64).optional(),
    ...onOperations,
    by: span.optional(),
    ...extent,
    ...ofThing,
  }),
  'restart-service': z.strictObject({ for: span }),
  connect: handshake,
  subscribe: handshake,
  session: z.strictObject({ how: z.literal('lose').default('lose'), ...ofThing }),
  clock: z.strictObject({ of: z.enum(['device', 'service']).default('device'), jump: span, ...ofThing }),
  battery: z.strictObject({ 'drop-mv': z.number().int().min(1), for: span, ...ofThing }),
  image: z.strictObject({ ...job, condition: z.enum(imageConditions) }),
  'second-client': z.union([
    z.strictObject({ act: z.literal('take-over'), for: span, ...ofThing }),
    z.strictObject({ act: z.literal('start-next'), ...ofThing }),
    z.strictObject({ act: z.literal('update'), ...job, status: z.enum(deviceStatuses), ...ofThing }),
  ]),
  memory: z.strictObject({ how: z.enum(['lose', 'tear']), what: z.enum(['checkpoint', 'loader-record']), ...ofThing }),
  'end-faults': z.strictObject({}),
} as const satisfies Readonly<Record<DeedName, z.ZodType>>;

export const deedWords = Object.keys(deedForms) as readonly DeedName[];
/** Words that may stand with their job alone, or with nothing. */
export const shortForms: Readonly<Partial<Record<DeedName, string>>> = {
  'create-job': 'job',
  'cancel-job': 'job',
  'delete-job': 'job',
  'cancel-execution': 'job',
  'delete-execution': 'job',
  'delete-stream': 'job',
  session: 'how',
};

type Read = { readonly [Name in DeedName]: z.output<(typeof deedForms)[Name]> };
type Making = { readonly [Name in DeedName]: (read: Read[Name]) => Deed };

const minuteMs = 60_000;

const makers: Making = {
  'create-job': ({ timeout, retries, ends, presigned, document, 'image-size': imageBytes, ...rest }) => ({
    do: 'create-job',
    ...defined(rest),
    ...(document !== undefined && { document: document as JobDocument }),
    ...(timeout !== undefined && { timeoutMinutes: timeout / minuteMs }),
    ...(retries && { retries: defined({ failed: retries.failed, timedOut: retries['timed-out'] }) }),
    ...(ends && { ends: { afterMs: ends.after, behavior: ends.behavior } }),
    ...(presigned !== undefined && { presignedMs: presigned }),
    ...(imageBytes !== undefined && { imageBytes }),
  }),
  'update-job': ({ job: of, timeout }) => ({ do: 'update-job', job: of, timeoutMinutes: timeout / minuteMs }),
  'cancel-job': (read) => ({ do: 'cancel-job', ...read }),
  'delete-job': (read) => ({ do: 'delete-job', ...defined(read) }),
  'cancel-execution': (read) => ({ do: 'cancel-execution', ...defined(read) }),
  'delete-execution': (read) => ({ do: 'delete-execution', ...defined(read) }),
  'leave-group': (read) => ({ do: 'leave-group', ...defined(read) }),
  'join-group': (read) => ({ do: 'join-group', ...defined(read) }),
  'rejoin-group': (read) => ({ do: 'rejoin-group', ...defined(read) }),
  'delete-thing': (read) => ({ do: 'delete-thing', ...defined(read) }),
  'delete-stream': (read) => ({ do: 'delete-stream', ...read }),
  power: ({ 'off-for': offForMs, ...rest }) => ({ do: 'power', offForMs, ...defined(rest) }),
  link: ({ for: forMs, ...rest }) => ({ do: 'link', forMs, ...defined(rest) }),
  message: (read) => ({ do: 'message', ...spanned(read) }) as unknown as Deed,
  service: (read) => ({ do: 'service', ...spanned(read) }) as unknown as Deed,
  'restart-service': ({ for: forMs }) => ({ do: 'restart-service', forMs }),
  connect: (read) => ({ do: 'connect', ...spanned(read) }) as unknown as Deed,
  subscribe: (read) => ({ do: 'subscribe', ...spanned(read) }) as unknown as Deed,
  session: (read) => ({ do: 'session', ...defined(read) }),
  clock: ({ jump, ...rest }) => ({ do: 'clock', jumpMs: jump, ...defined(rest) }),
  battery: ({ 'drop-mv': dropMv, for: forMs, ...rest }) => ({ do: 'battery', dropMv, forMs, ...defined(rest) }),
  image: (read) => ({ do: 'image', ...read }),
  'second-client': ({ thing, ...act }) => ({ do: 'second-client', act: actFrom(act), ...defined({ thing }) }),
  memory: (read) => ({ do: 'memory', ...defined(read) }),
  'end-faults': () => ({ do: 'end-faults' }),
};

/** @param read by the form of this word */
export function deedFrom<Name extends DeedName>(name: Name, read: Read[Name]): Deed {
  return makers[name](read);
}

type Defined<Members> = { [Name in keyof Members]: Exclude<Members[Name], undefined> };

function defined<Members extends object>(members: Members): Defined<Members> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Defined<Members>;
}

/** Extent and operations under the names of the contract. */
function spanned(read: Readonly<Record<string, unknown>>): Record<string, never> {
  const { for: forMs, by: byMs, operation, operations: several, ...rest } = read;
  const on = several ?? (operation === undefined ? undefined : [operation]);
  // Each member is of its type: the form has checked it, and only its name changes here.
  return defined({ ...rest, forMs, byMs, operations: on }) as unknown as Record<string, never>;
}

function actFrom(act: Readonly<Record<string, unknown>>): SecondClientAct {
  const { for: forMs, ...rest } = act;
  return defined({ ...rest, forMs }) as unknown as SecondClientAct;
}

/** As a file writes it. */
export function deedForm(deed: Deed): Record<string, unknown> {
  const { do: name, ...members } = deed as Deed & Record<string, unknown>;
  const named: Readonly<Record<string, string>> = {
    forMs: 'for',
    byMs: 'by',
    offForMs: 'off-for',
    jumpMs: 'jump',
    dropMv: 'drop-mv',
    presignedMs: 'presigned',
  };
  const written = Object.entries(members).flatMap(([member, value]): [string, unknown][] => {
    if (value === undefined) return [];
    if (member === 'timeoutMinutes') return [['timeout', spanText(Number(value) * minuteMs)]];
    if (member === 'imageBytes') return [['image-size', sizeText(Number(value))]];
    if (member === 'act') {
      const { forMs, ...act } = value as SecondClientAct & { readonly forMs?: number };
      return [...Object.entries(act), ...(forMs === undefined ? [] : [['for', spanText(forMs)] as [string, unknown]])];
    }
    if (member === 'ends') {
      const { afterMs, behavior } = value as { readonly afterMs: number; readonly behavior: string };
      return [['ends', { after: spanText(afterMs), behavior }]];
    }
    if (member === 'retries') {
      const { failed, timedOut } = value as { readonly failed?: number; readonly timedOut?: number };
      return [
        [
          'retries',
          { ...(failed !== undefined && { failed }), ...(timedOut !== undefined && { 'timed-out': timedOut }) },
        ],
      ];
    }
    const word = named[member] ?? member;
    return [[word, member.endsWith('Ms') ? spanText(Number(value)) : value]];
  });
  const short = shortForms[name];
  if (short !== undefined && written.length === 1 && written[0]?.[0] === short) return { [name]: written[0][1] };
  return { [name]: Object.fromEntries(written) };
}
