/**
 * Deeds as a file writes them: one word with what belongs to it. `{delete-execution: {job: update, force: true}}`; where only the
 * job is to be said, the job alone.
 */
import { z } from 'zod';
import { directions, messageOperations, operations } from '../../../faults/plan.ts';
import { deviceStatuses } from '../../../protocol/status.ts';
import type { Deed, DeedName, SecondClientAct } from '../contract.ts';
import { documentKinds, imageConditions } from '../contract.ts';
import { membersFor, membersFrom } from './members.ts';
import { count, label, size, span } from './values.ts';

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
  'second-client': z.discriminatedUnion('act', [
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

/** @param read by the form of this word */
export function deedFrom(name: DeedName, read: object): Deed {
  const { operation, ...members } = membersFrom<Record<string, unknown>>(read);
  if (name !== 'second-client') {
    return { do: name, ...(operation !== undefined && { operations: [operation] }), ...members } as unknown as Deed;
  }
  const { thing, ...act } = members;
  return { do: name, act, ...(thing !== undefined && { thing }) } as unknown as Deed;
}

/** As a file writes it. */
export function deedForm(deed: Deed): Record<string, unknown> {
  const { do: name, ...members } = deed;
  const { act, ...beside } = members as { readonly act?: SecondClientAct };
  const written = membersFor({ ...act, ...beside });
  const short = shortForms[name];
  const isShort = short !== undefined && short in written && Object.keys(written).length === 1;
  return { [name]: isShort ? written[short] : written };
}
