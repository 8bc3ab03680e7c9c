/** Values of scenarios and of shapes of a load held against their forms; what is wrong is told by path, in words that stand alone. */
import type { z } from 'zod';
import { type MemberPath, readForm } from '../../../protocol/form.ts';
import { unknownWord } from '../../../protocol/near-name.ts';

export type Complain = (path: MemberPath, message: string) => unknown;

export function checked<Output>(
  form: z.ZodType<Output>,
  value: unknown,
  path: MemberPath,
  complain: Complain,
): Output | undefined {
  const read = readForm(form, value);
  if (read.ok) return read.value;
  for (const { place, message, known } of read.problems) {
    const name = place.at(-1);
    const told = typeof name === 'string' ? `\`${name}\`: ${message}` : message;
    complain([...path, ...place], known === undefined ? told : unknownWord(String(name), known));
  }
  return undefined;
}

export function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
