/** Values as a person writes them in files of ours: spans of time, percentages, names; each with what is expected there. */
import { z } from 'zod';
import type { DurationMs } from '../../../protocol/time.ts';
import { unitBytes, unitMs } from './units.ts';

/** `250 ms`, `2 s`, `3 min`, `1 h`; as milliseconds. */
export const span = z.string().transform((text, context): DurationMs => {
  const [, figure = '', unit = ''] = /^(\d+(?:\.\d+)?) ?(ms|s|min|h)$/.exec(text) ?? [];
  const ms = Number(figure) * (unitMs[unit] ?? Number.NaN);
  if (figure !== '' && Number.isInteger(ms)) return ms;
  context.addIssue({
    code: 'custom',
    message: `${JSON.stringify(text)} is no span of time, e.g. 250 ms, 2 s, 3 min`,
  });
  return z.NEVER;
});

/** `300 B`, `64 KiB`, `2 MiB`; as bytes. */
export const size = z.string().transform((text, context): number => {
  const [, figure = '', unit = ''] = /^(\d+(?:\.\d+)?) ?(B|KiB|MiB)$/.exec(text) ?? [];
  const bytes = Number(figure) * (unitBytes[unit] ?? Number.NaN);
  if (figure !== '' && Number.isInteger(bytes)) return bytes;
  context.addIssue({
    code: 'custom',
    message: `${JSON.stringify(text)} is no size, e.g. 300 B, 64 KiB, 2 MiB`,
  });
  return z.NEVER;
});

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
