/**
 * The live world and the simulated one are two implementations of one thing: the same story, with the same plan of fault
 * and the same seed, comes to the same end in both. What is proved in virtual time about an agent is then true of devices on
 * sockets. Instants differ, as they do between two runs of the live world; outcomes do not.
 */
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../faults/plan.ts';
import { stories } from '../../rig/virtual/stories/stories.ts';
import type { Story } from '../../rig/virtual/stories/story.ts';
import { liveOutcome, simulatedOutcome } from '../support/story-outcome.ts';

/** Stories whose moment is no narrower than what a busy machine may be late. */
const chosen = [
  'plain-update',
  'reboot-job',
  'pulled-in-a-long-download',
  'replaced-while-off',
  'created-again',
  'joined-the-group-again',
  'throttled-at-the-report',
  'report-lost',
  'reply-lost',
  'created-while-off',
  'created-after-a-lost-link',
  'link-lost-in-a-long-download',
  'power-cut-in-the-transfer',
  'missing-image',
  'failing-image',
  'unclean-document',
  'large-document',
];

const always = { things: '*', perMillion: 1_000_000, fromMs: 0, untilMs: 600_000 } as const;

function variation(id: string, of: string, change: Partial<Story>): Story {
  return { ...stories.find((story) => story.id === of)!, id, ...change };
}

function service(answer: Extract<Fault, { kind: 'service' }>['answer'], lateMs = 0): Fault {
  return { kind: 'service', answer, lateMs, ...always };
}

function notification(effect: 'duplicate' | 'late', lateMs: number): Fault {
  return { kind: 'message', direction: 'notification', effect, lateMs, ...always };
}

const pullWhen = stories.find(({ id }) => id === 'pulled-in-a-long-download')!;

const more: readonly Story[] = [
  variation('notifications-twice', 'plain-update', { faults: [notification('duplicate', 3000)] }),
  variation('notifications-late', 'plain-update', { faults: [notification('late', 4000)] }),
  variation('answers-twice', 'plain-update', { faults: [service('twice')] }),
  variation('answers-late', 'plain-update', { faults: [service('late', 1500)] }),
  variation('pulled-and-told-twice', pullWhen.id, { faults: [notification('duplicate', 2000)] }),
  variation('partition-in-a-download', 'link-lost-in-a-long-download', {
    actions: stories
      .find(({ id }) => id === 'link-lost-in-a-long-download')!
      .actions.map(({ when, deed }) => ({
        when,
        deed: deed.kind === 'fault' ? { ...deed, fault: { kind: 'partition', forMs: 20_000 } } : deed,
      })),
  }),
];

const told = [...chosen.map((id) => stories.find((story) => story.id === id)!), ...more];

describe.concurrent('the same story ends the same in virtual time and on a socket', () => {
  it.each(told.map((story) => [story.id, story] as const))('%s', async (_, story) => {
    expect(await liveOutcome(story)).toEqual(simulatedOutcome(story));
  });
});
