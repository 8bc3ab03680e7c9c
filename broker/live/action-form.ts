/** The form of what a page may ask for (actions.ts), and one line about what has another one. */
import { createRequire } from 'node:module';
import type Zod from 'zod';
import { isJsonObject } from '../../protocol/json.ts';
import type { DurationMs } from '../../protocol/time.ts';
import type { PageAction } from './contract.ts';

// Wanted late, when connections may have left hardly any file descriptor: so it is read one file after the other.
const { z } = createRequire(import.meta.url)('zod') as { readonly z: typeof Zod };

const mostThings = 10_000;
const longestMs: DurationMs = 3_600_000;
const noneIsNamed = 'It is not said of whom';

function namesOfThings(message: string) {
  return z.array(z.string(message), message).min(1, message).max(mostThings, message);
}

const ofWhom = namesOfThings(noneIsNamed);
const target = z.union([z.object({ job: z.string() }), z.object({ things: ofWhom })], noneIsNamed);
const forMs = z.coerce
  .number()
  .catch(0)
  .transform((ms) => Math.min(longestMs, Math.max(0, ms)));
const jobPart = z.string('A job needs an id and a document');
const ofTime = 'Time runs 0 to 1000 times as fast';

const actionForm = z.discriminatedUnion(
  'do',
  [
    z.object({ do: z.enum(['pull', 'cancel']), target }),
    z.object({ do: z.enum(['power-cut', 'drop-link']), things: ofWhom, forMs }),
    z.object({ do: z.literal('throttle'), forMs }),
    z.object({
      do: z.literal('create-job'),
      jobId: jobPart,
      document: jobPart,
      things: namesOfThings('It is not said for whom').optional(),
    }),
    z.object({ do: z.literal('speed'), factor: z.coerce.number(ofTime).min(0, ofTime).max(1000, ofTime) }),
    z.object({ do: z.literal('start') }),
  ],
  { error: ({ input }) => (isJsonObject(input) ? 'There is no such action' : 'This is no action') },
);

/** @returns the action, or what is wrong */
export function readAction(asked: unknown): PageAction | string {
  const { data, error } = actionForm.safeParse(asked);
  return error === undefined ? (data as PageAction) : error.issues[0]!.message;
}
