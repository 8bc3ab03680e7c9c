/** What scenarios and shapes of a load have in common: values held against their forms, and the faults of a plan among them. */
import type { z } from 'zod';
import { parseFaultPlan } from '../../../faults/plan-form.ts';
import { type FaultPlan, noFaults } from '../../../faults/plan.ts';
import { type Complain, type MemberPath, readForm } from '../../../protocol/form.ts';

export function checked<Output>(
  form: z.ZodType<Output>,
  value: unknown,
  path: MemberPath,
  complain: Complain,
): Output | undefined {
  const read = readForm(form, value);
  if (read.ok) return read.value;
  for (const { place, message, known } of read.problems) complain([...path, ...place], message, known);
  return undefined;
}

/** A plan, or only the list of its faults. */
export function faultsFrom(value: unknown, path: MemberPath, complain: Complain): FaultPlan {
  if (value === undefined) return noFaults;
  const parsed = parseFaultPlan(Array.isArray(value) ? { faults: value as unknown[] } : value);
  if (parsed.ok) return parsed.value;
  for (const { place, message, known } of parsed.problems) {
    complain([...path, ...(Array.isArray(value) ? place.slice(1) : place)], message, known);
  }
  return noFaults;
}
