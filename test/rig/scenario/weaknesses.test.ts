/**
 * What each scenario is there for: a device with that weakness fails it, by a claim that it breaks. That the reference agent
 * passes every scenario is in the zoo's test.
 */
import { describe, expect, it } from 'vitest';
import type { Board, BoardInput } from '../../../agent/board/contract.ts';
import { type AgentBehaviour, referenceAgent } from '../../../agent/core/behaviour.ts';
import { type Holding, recoveryTable } from '../../../agent/core/recovery.ts';
import { meeting, otherwise } from '../../../agent/zoo/zoo-agent.ts';
import { zoo } from '../../agent/zoo/zoo-agents.ts';
import { play } from '../../../rig/virtual/play.ts';
import type { Subjects } from '../../../rig/virtual/subjects.ts';
import type { Claim } from '../../../rig/virtual/violation.ts';
import { scenariosIn } from '../../support/scenarios.ts';
import { subjectsWith } from '../../support/simulated.ts';

const scenarios = new Map(scenariosIn('fixtures/scenarios').map((scenario) => [scenario.id, scenario]));
const { patience } = referenceAgent;
const transferring = ['download', 'verify', 'write'] as const;

function ofZoo(id: string): Subjects {
  return subjectsWith(zoo.find((agent) => agent.id === id)!.behaviour);
}

/** What is given back for a pulled execution is given back in another order. */
function undoing(order: readonly Holding[]): AgentBehaviour {
  const rows = Object.entries(recoveryTable).map(([step, row]) => {
    const undo = order.filter((holding) => row.pulled.undo.includes(holding));
    return [step, { ...row, pulled: { ...row.pulled, undo } }];
  });
  return otherwise({ recovery: Object.fromEntries(rows) as typeof recoveryTable });
}

/** A device whose firmware never hears some of what it is told. */
function mishearing(change: (input: BoardInput) => BoardInput): Subjects {
  const subjects = subjectsWith();
  return {
    ...subjects,
    createBoard(...given): Board {
      const board = subjects.createBoard(...given);
      return {
        thingName: board.thingName,
        keepAliveMs: board.keepAliveMs,
        apply: (input, now) => board.apply(change(input), now),
        nextDeadline: () => board.nextDeadline(),
        nextSign: () => board.nextSign(),
        view: () => board.view(),
      };
    },
  };
}

const deafToRejections = subjectsWith(
  otherwise({
    listensTo: (message) => message.kind !== 'reply' || message.outcome === 'accepted',
    patience: { ...patience, replyMs: Infinity },
  }),
);
const checkpointFirst = subjectsWith(undoing(['checkpoint', 'download', 'handler', 'memory', 'slot']));

const weaknesses: readonly (readonly [scenario: string, device: string, Subjects, readonly Claim[]])[] = [
  ['cut-at-undoing', 'erases its checkpoint before the slot', checkpointFirst, ['V10']],
  ['power-cut-in-the-undoing', 'erases its checkpoint before the slot', checkpointFirst, ['V10']],
  ['false-doubt-in-a-handler', 'believes an old notification', ofZoo('r18-aborts-good-work'), ['V4']],
  [
    'checkpoint-lost',
    'leaves alone what somebody has started, and does not know that it was itself',
    subjectsWith(otherwise({ passesOver: ({ status }) => status === 'IN_PROGRESS' })),
    ['V1'],
  ],
  ['checkpoint-torn', 'takes any boot for the boot of the new image', ofZoo('r59-never-confirms'), ['V5', 'V9']],
  ['loader-record-lost', 'trusts its own record alone', ofZoo('r51-trusts-its-record-alone'), ['V9']],
  ['stalled-alone', 'never closes a download that failed', ofZoo('r73-stays-busy-after-a-failed-download'), ['V10']],
  ['stalled-download', 'cannot be stopped in a transfer', ofZoo('r10-cannot-be-stopped-in-a-transfer'), ['V2', 'V1']],
  ['url-expired', 'takes a missing image for a reason to start over', ofZoo('r75-downloads-for-ever'), ['V6', 'V1']],
  [
    'partition-in-a-download',
    'fails the job when the connection is lost',
    subjectsWith(meeting('link-lost', transferring, { undo: ['download', 'memory', 'slot'], next: 'report-failed' })),
    ['V5'],
  ],
  ['partition-in-a-download', 'stops after a lost link', ofZoo('r69-stops-after-a-lost-link'), ['V1']],
  [
    'connect-refused',
    'tries again every second',
    subjectsWith(otherwise({ pauseMs: (_, chance) => 1000 + Math.floor(chance * 100) })),
    ['V6'],
  ],
  [
    'subscribe-unanswered',
    'waits for the answer for ever',
    subjectsWith(otherwise({ patience: { ...patience, connectMs: Infinity } })),
    ['V1'],
  ],
  [
    'subscription-refused',
    'does not look at what was granted',
    mishearing((input) =>
      input.kind === 'subscribed'
        ? { ...input, filters: input.filters.map(({ filter }) => ({ filter, qos: 1 as const })) }
        : input,
    ),
    ['V1', 'V5'],
  ],
  ['no-service-after-the-update', 'keeps an image that reaches nobody', ofZoo('r60-never-rolls-back'), ['V9']],
  [
    'pulled-and-nothing-readable',
    'drops what it cannot read without a thought',
    subjectsWith(otherwise({ listensTo: (message) => message.kind === 'reply' || 'payload' in message })),
    ['V2', 'V5'],
  ],
  ['unknown-code', 'waits for another answer than the rejection', deafToRejections, ['V1']],
  ['invalid-report', 'waits for another answer than the rejection', deafToRejections, ['V1']],
  [
    'empty-next-after-a-notification',
    'believes an empty answer at once',
    subjectsWith(otherwise({ emptyAnswers: 0 })),
    ['V1'],
  ],
];

describe('a scenario fails a device that', () => {
  it.each(weaknesses.map(([scenario, device, ...rest]) => [`${device} (${scenario})`, scenario, ...rest] as const))(
    '%s',
    (_, id, subjects, claims) => {
      const { violations } = play(scenarios.get(id)!, subjects);
      expect(violations.map(({ broke }) => broke)).not.toEqual([]);
      expect(claims).toContain(violations[0]?.broke);
    },
  );
});
