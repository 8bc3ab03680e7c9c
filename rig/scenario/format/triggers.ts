/**
 * Triggers as a file writes them: one word with its value, and beside it what narrows it down. `{sent: UpdateJobExecution, status:
 * IN_PROGRESS, nth: 2, after: 2 s}`, or the word alone where it needs nothing.
 */
import { z } from 'zod';
import { operations } from '../../../faults/plan.ts';
import { steps } from '../../../observation/execution.ts';
import { deviceStatuses, jobExecutionStatuses } from '../../../protocol/status.ts';
import type { Trigger, TriggerKind } from '../contract.ts';
import { count, label, pattern, percent, span, spanText } from './values.ts';

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

type Read = { readonly [Word in TriggerWord]: z.output<(typeof triggerForms)[Word]> };

const kinds: { readonly [Word in TriggerWord]: (read: Read[Word]) => TriggerKind } = {
  connected: () => ({ on: 'connected' }),
  disconnected: () => ({ on: 'disconnected' }),
  sent: ({ sent, status, job }) => ({ on: 'sent', operation: sent, ...(status && { status }), ...(job && { job }) }),
  received: ({ received, operation: of, job }) => ({
    on: 'received',
    what: received,
    ...(of && { operation: of }),
    ...(job && { job }),
  }),
  delivered: ({ delivered }) => ({ on: 'delivered', what: delivered }),
  execution: ({ execution, job }) => ({ on: 'execution', status: execution, ...(job && { job }) }),
  downloaded: ({ downloaded, job }) => ({ on: 'downloaded', percent: downloaded, ...(job && { job }) }),
  block: ({ block }) => ({ on: 'block', block }),
  console: (read) => ({ on: 'printed', pattern: read['console'] }),
  step: ({ step, at, job }) => ({ on: 'step', step, ...(at !== undefined && { percent: at }), ...(job && { job }) }),
  settled: () => ({ on: 'settled' }),
  idle: ({ idle }) => ({ on: 'idle', forMs: idle }),
  at: ({ at }) => ({ on: 'at', atMs: at }),
};

/** @param read by the form of this word */
export function triggerFrom<Word extends TriggerWord>(word: Word, read: Read[Word]): Trigger {
  const { nth, after, thing } = read as { readonly nth?: number; readonly after?: number; readonly thing?: string };
  return {
    ...kinds[word](read),
    ...(nth !== undefined && { nth }),
    ...(after !== undefined && { afterMs: after }),
    ...(thing !== undefined && { thing }),
  };
}

/** As a file writes it. */
export function triggerForm(trigger: Trigger): unknown {
  const { nth, afterMs, thing } = trigger;
  const rest = {
    ...(nth !== undefined && nth !== 1 && { nth }),
    ...(afterMs !== undefined && afterMs !== 0 && { after: spanText(afterMs) }),
    ...(thing !== undefined && { thing }),
  };
  const own = kindForm(trigger);
  return typeof own === 'string'
    ? Object.keys(rest).length === 0
      ? own
      : { [own]: true, ...rest }
    : { ...own, ...rest };
}

function kindForm(trigger: Trigger): string | object {
  switch (trigger.on) {
    case 'connected':
    case 'disconnected':
    case 'settled':
      return trigger.on;
    case 'sent':
      return { sent: trigger.operation, ...given(trigger, ['status', 'job']) };
    case 'received':
      return { received: trigger.what, ...given(trigger, ['operation', 'job']) };
    case 'delivered':
      return { delivered: trigger.what };
    case 'execution':
      return { execution: trigger.status, ...given(trigger, ['job']) };
    case 'downloaded':
      return { downloaded: `${trigger.percent}%`, ...given(trigger, ['job']) };
    case 'block':
      return { block: trigger.block };
    case 'printed':
      return { console: `/${trigger.pattern}/` };
    case 'step':
      return {
        step: trigger.step,
        ...(trigger.percent !== undefined && { at: `${trigger.percent}%` }),
        ...given(trigger, ['job']),
      };
    case 'idle':
      return { idle: spanText(trigger.forMs) };
    case 'at':
      return { at: spanText(trigger.atMs) };
  }
}

function given(from: object, names: readonly string[]): object {
  return Object.fromEntries(
    Object.entries(from).filter(([name, value]) => names.includes(name) && value !== undefined),
  );
}
