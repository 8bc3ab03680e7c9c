/**
 * A fault plan: which faults are injected into which things, when and how often. A plan is plain data that a person can write
 * and a seed can draw; the same plan drives virtual time and live sockets (thing-faults.ts). What may stand in one, and how one is
 * read, is in plan-form.ts, which is imported only where one is read.
 */
import type { Fault, FaultPlan } from './plan-form.ts';

export type { Fault, FaultKind, FaultPlan } from './plan-form.ts';
export type {
  Operation,
  MessageOperation,
  Direction,
  MessageEffect,
  ServiceAnswer,
  HandshakeAnswer,
} from './plan-words.ts';
export { operations, messageOperations, directions, messageEffects, serviceAnswers } from './plan-words.ts';

export const noFaults: FaultPlan = { faults: [] };

/** The service does it; all others happen to devices, or on their way. */
export function isOfService({ kind }: Fault): boolean {
  return kind === 'service' || kind === 'service-clock-jump';
}
