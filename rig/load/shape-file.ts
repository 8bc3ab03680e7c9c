/**
 * Shape files: from YAML text to a shape, or to what is wrong with it, each with line and column and, where a word is not
 * known, the one that was perhaps meant. The words are those of scenario files where they mean the same.
 */
import { z } from 'zod';
import { type FaultPlan, isOfService } from '../../faults/plan.ts';
import { type Complain, type MemberPath, type ReadForm, readWith } from '../../protocol/form.ts';
import { isJsonObject, present } from '../../protocol/json.ts';
import { longestTimerMs } from '../../protocol/time.ts';
import { unknownWord } from '../../protocol/near-name.ts';
import { checked, faultsFrom } from '../scenario/format/checked.ts';
import { type Words, entriesFrom } from '../scenario/format/entries.ts';
import { label, percent, span } from '../scenario/format/values.ts';
import type { LoadShape, ShapeDeed, ShapeTrigger } from './contract.ts';

const things = z.number().int().min(1).max(1_000_000);
const executions = z.number().int().min(1).max(1000);
const updates = z.number().int().min(0).max(1000);
const window = z.number().int().min(1).max(1_000_000);

/** No timer waits longer. */
const wait = span.refine((ms) => ms <= longestTimerMs, 'expected at most 596 h');
/** What MQTT can say. Source: MQTT 3.1.1 §3.1.2.10. */
const keepAlive = span.refine((ms) => ms <= 65_535_000, 'expected at most 65535 s');

const headForm = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,79}$/, 'expected lower-case letters, digits and -'),
  version: z.number().int().min(1).default(1),
  claim: z.string().min(1),
  given: z
    .strictObject({
      things: things.default(1000),
      executions: executions.default(1),
      updates: updates.default(3),
      pause: wait.optional(),
      window: window.default(64),
      'connect-rate': z.number().min(0.1).max(100_000).default(500),
      'keep-alive': keepAlive.optional(),
      reconnect: wait.optional(),
      duration: wait.optional(),
      faults: z.unknown().optional(),
    })
    .prefault({}),
  repeats: z.boolean().default(false),
  script: z.array(z.unknown()).min(1),
  notes: z.string().optional(),
});

/** The longest that AWS grants. Source: docs/reference/limits.md §5. */
const longestKeepAliveMs = 1_200_000;

const deedForms = {
  rollout: z.strictObject({
    job: label,
    window: z.union([window, z.literal('all')]).optional(),
    by: z.enum(['joining', 'service']).default('joining'),
    updates: updates.optional(),
    pause: wait.optional(),
    holds: z.boolean().optional(),
  }),
  // `link: drop` is all of them.
  link: z.strictObject({ drop: z.preprocess((share) => (share === 'drop' ? '100%' : share), percent) }),
  'cancel-job': z.strictObject({ job: label, force: z.boolean().default(true) }),
  'delete-job': z.strictObject({ job: label, force: z.boolean().default(true) }),
} as const;
type DeedWord = keyof typeof deedForms;

const triggerForms = {
  connected: z.strictObject({ connected: percent }),
  'in-progress': z.strictObject({ 'in-progress': percent, job: label }),
  finished: z.strictObject({ finished: percent, job: label }),
  recovered: z.strictObject({ recovered: percent }),
  idle: z.strictObject({ idle: wait }),
} as const;
type TriggerWord = keyof typeof triggerForms;
const triggerWords = Object.keys(triggerForms) as readonly TriggerWord[];

/** A decoded shape. */
export function checkShape(value: unknown): ReadForm<LoadShape> {
  return readWith((complain) => shapeFrom(value, complain));
}

function shapeFrom(value: unknown, complain: Complain): LoadShape | undefined {
  const head = checked(headForm, value, [], complain);
  const script = entriesFrom(isJsonObject(value) ? value['script'] : [], ['script'], words, complain);
  if (head === undefined) return undefined;
  const { given } = head;
  const shape: LoadShape = {
    id: head.id,
    version: head.version,
    claim: head.claim,
    given: {
      things: given.things,
      executions: given.executions,
      window: given.window,
      work: { updates: given.updates, pauseMs: given.pause ?? 0, holds: false },
      connectRate: given['connect-rate'],
      keepAliveMs: given['keep-alive'] ?? longestKeepAliveMs,
      reconnectMs: given.reconnect ?? 1000,
      ...(given.duration !== undefined && { durationMs: given.duration }),
      faults: serviceFaultsFrom(given.faults, complain),
    },
    repeats: head.repeats,
    script,
  };
  checkJobs(shape, complain);
  if (shape.repeats && given.duration === undefined) {
    complain(['repeats'], '`repeats` needs a duration: given: {duration: 30 s}');
  }
  return shape;
}

function serviceFaultsFrom(value: unknown, complain: Complain): FaultPlan {
  const path = ['given', 'faults'];
  const plan = faultsFrom(value, path, complain);
  plan.faults.forEach((fault, index) => {
    if (!isOfService(fault))
      complain([...path, index, 'kind'], `\`${fault.kind}\`: a load run has only faults of the service`);
  });
  return plan;
}

const words: Words<ShapeTrigger, ShapeDeed> = {
  deedForms,
  shortForms: { rollout: 'job', link: 'drop', 'cancel-job': 'job', 'delete-job': 'job' },
  deedFrom: (word, read) => deedOf(word as DeedWord, read as never),
  triggerOf: triggerFrom,
};

function deedOf<Word extends DeedWord>(word: Word, read: z.output<(typeof deedForms)[Word]>): ShapeDeed {
  switch (word) {
    case 'rollout': {
      const { job, window: flights, by, updates: count, pause, holds } = read as z.output<typeof deedForms.rollout>;
      const work = present({ updates: count, pauseMs: pause, holds });
      return { do: 'rollout', job, by, ...present({ window: flights }), work };
    }
    case 'link':
      return { do: 'link', percent: (read as z.output<typeof deedForms.link>).drop };
    default:
      return { do: word as 'cancel-job' | 'delete-job', ...(read as z.output<(typeof deedForms)['cancel-job']>) };
  }
}

function triggerFrom(value: unknown, path: MemberPath, complain: Complain): ShapeTrigger | undefined {
  if (!isJsonObject(value)) return complain(path, 'expected a trigger');
  const word = triggerWords.find((known) => value[known] !== undefined);
  if (word === undefined) {
    const [first = ''] = Object.keys(value);
    return complain(first === '' ? path : [...path, first], unknownWord(first, triggerWords), triggerWords);
  }
  const read = checked(triggerForms[word] as z.ZodType, value, path, complain) as
    Readonly<Record<string, unknown>> | undefined;
  if (read === undefined) return undefined;
  if (word === 'idle') return { on: 'idle', forMs: Number(read['idle']) };
  const share = Number(read[word]);
  if (word === 'connected' || word === 'recovered') return { on: word, percent: share };
  return { on: word, job: String(read['job']), percent: share };
}

/** Jobs that are spoken of must be rolled out before, and not deleted. */
function checkJobs({ script }: LoadShape, complain: Complain): void {
  const known: string[] = [];
  const deleted: string[] = [];
  script.forEach(({ when, deeds }, index) => {
    const jobs: string[] = when !== undefined && 'job' in when ? [when.job] : [];
    for (const deed of deeds) {
      if (deed.do === 'rollout') {
        if (known.includes(deed.job))
          complain(['script', index], `job ${deed.job} is rolled out before: give this one another name`);
        known.push(deed.job);
      } else if ('job' in deed) {
        jobs.push(deed.job);
        if (deleted.includes(deed.job)) complain(['script', index], `job ${deed.job} is deleted before`);
        if (deed.do === 'delete-job') deleted.push(deed.job);
      }
    }
    for (const job of jobs) {
      if (!known.includes(job)) complain(['script', index], `no job ${job} is rolled out: ${unknownWord(job, known)}`);
    }
  });
}
