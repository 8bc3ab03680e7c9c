/**
 * Triggers as a file writes them: one word with its value, and beside it what narrows it down. `{sent: UpdateJobExecution, status:
 * IN_PROGRESS, nth: 2, after: 2 s}`, or the word alone where it needs nothing.
 */
import { z } from 'zod';
import { operations } from '../../../faults/plan.ts';
import { steps } from '../../../observation/execution.ts';
import { deviceStatuses, jobExecutionStatuses } from '../../../protocol/status.ts';
import type { Trigger } from '../contract.ts';
import { membersFor, membersFrom, valueFor } from './members.ts';
import { count, label, pattern, percent, span } from './values.ts';

const operation = z.enum(operations);
const executionStatus = z.enum([...jobExecutionStatuses, 'DELETED']);

const beside = { nth: count.optional(), after: span.optional(), thing: label.optional() };

/** By word: the members that may stand in such a trigger, the word's own among them. */
export const triggerForms = {
  connected: z.strictObject({ connected: z.literal(true), ...beside }),
  disconnected: z.strictObject({ disconnected: z.literal(true), ...beside }),
  sent: z.strictObject({
    sent: operation,
    status: z.enum(deviceStatuses).optional(),
    job: label.optional(),
    ...beside,
  }),
  received: z.strictObject({
    received: z.enum(['notify', 'notify-next', 'accepted', 'rejected']),
    operation: operation.optional(),
    job: label.optional(),
    ...beside,
  }),
  delivered: z.strictObject({ delivered: z.enum(['reply', 'notify', 'notify-next']), ...beside }),
  execution: z.strictObject({ execution: executionStatus, job: label.optional(), ...beside }),
  downloaded: z.strictObject({ downloaded: percent, job: label.optional(), ...beside }),
  block: z.strictObject({ block: z.number().int().min(0), ...beside }),
  console: z.strictObject({ console: pattern, ...beside }),
  step: z.strictObject({ step: z.enum([...steps, 'undo']), at: percent.optional(), job: label.optional(), ...beside }),
  settled: z.strictObject({ settled: z.literal(true), ...beside }),
  idle: z.strictObject({ idle: span, ...beside }),
  at: z.strictObject({ at: span, thing: label.optional() }),
} as const;

export type TriggerWord = keyof typeof triggerForms;
export const triggerWords = Object.keys(triggerForms) as readonly TriggerWord[];
/** Words that may stand alone. */
export const bareTriggers: readonly string[] = ['connected', 'disconnected', 'settled'];

/** The word that says which trigger it is; `at` beside `step` belongs to the step. */
export function triggerWordOf(members: Readonly<Record<string, unknown>>): TriggerWord | undefined {
  return triggerWords.find((word) => word in members && (word !== 'at' || !('step' in members)));
}

/** By word: which trigger it is, and which member of it the word's own value is. */
const meanings: Readonly<Record<TriggerWord, readonly [on: Trigger['on'], own?: string]>> = {
  connected: ['connected'],
  disconnected: ['disconnected'],
  sent: ['sent', 'operation'],
  received: ['received', 'what'],
  delivered: ['delivered', 'what'],
  execution: ['execution', 'status'],
  downloaded: ['downloaded', 'percent'],
  block: ['block', 'block'],
  console: ['printed', 'pattern'],
  step: ['step', 'step'],
  settled: ['settled'],
  idle: ['idle', 'forMs'],
  at: ['at', 'atMs'],
};

/** @param read by the form of this word */
export function triggerFrom(word: TriggerWord, read: Readonly<Record<string, unknown>>): Trigger {
  const [on, own] = meanings[word];
  const { [word]: value, ...others } = read;
  return { on, ...(own !== undefined && { [own]: value }), ...membersFrom<object>(others) } as unknown as Trigger;
}

/** As a file writes it. */
export function triggerForm({ on, nth, afterMs, thing, ...members }: Trigger): unknown {
  const word = triggerWords.find((one) => meanings[one][0] === on)!;
  const [, own = ''] = meanings[word];
  const { [own]: value, ...others } = members as Readonly<Record<string, unknown>>;
  const all = { ...others, ...(nth !== 1 && { nth }), ...(afterMs !== 0 && { afterMs }), thing };
  const written = membersFor(all);
  if (own === '') return Object.keys(written).length === 0 ? word : { [word]: true, ...written };
  return { [word]: valueFor(own, value), ...written };
}
