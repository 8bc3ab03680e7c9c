/** Values as a person writes them in files of ours: spans of time, percentages, names; each with what is expected there. */
import { z } from 'zod';
import { unitBytes, unitMs } from './units.ts';

/** @param expected with examples */
function measure(units: Readonly<Record<string, number>>, expected: string) {
  const form = new RegExp(`^(\\d+(?:\\.\\d+)?) ?(${Object.keys(units).join('|')})$`);
  return z.string().transform((text, context): number => {
    const [, figure = '', unit = ''] = form.exec(text) ?? [];
    const value = Number(figure) * (units[unit] ?? Number.NaN);
    if (figure !== '' && Number.isInteger(value)) return value;
    context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} is no ${expected}` });
    return z.NEVER;
  });
}

/** `250 ms`, `2 s`, `3 min`, `1 h`; as milliseconds. */
export const span = measure(unitMs, 'span of time, e.g. 250 ms, 2 s, 3 min');
/** `300 B`, `64 KiB`, `2 MiB`; as bytes. */
export const size = measure(unitBytes, 'size, e.g. 300 B, 64 KiB, 2 MiB');

/** `30%`, as 30. */
export const percent = z.string().transform((text, context): number => {
  const value = Number(/^(\d{1,3}) ?%$/.exec(text)?.[1]);
  if (value >= 0 && value <= 100) return value;
  context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} is no percentage, e.g. 30%` });
  return z.NEVER;
});

/** Of a job or thing within a scenario. */
export const label = z.string().regex(/^[a-z][a-z0-9-]{0,40}$/, 'expected a label of lower-case letters, digits and -');
export const count = z.number().int().min(1).max(1000);

/** `/regexp/`, as its source. */
export const pattern = z.string().transform((text, context): string => {
  const source = /^\/(.*)\/$/s.exec(text)?.[1] ?? text;
  try {
    return new RegExp(source).source;
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
});
