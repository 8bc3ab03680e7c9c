/**
 * The proof that the checkers see: bugs are planted in the engine and in the agent, one at a time, and each must be found
 * within 1,000 seeds, by a claim that it breaks.
 */
import { describe, expect, it } from 'vitest';
import { type AgentBehaviour, referenceAgent } from '../../../agent/core/behaviour.ts';
import type { Plan, Refusal } from '../../../agent/core/plan.ts';
import {
  recoveryTable,
  type Holding,
  type Interruption,
  type Recovery,
  type RecoveryTable,
} from '../../../agent/core/recovery.ts';
import type { Command, Effect, Engine, Outcome } from '../../../broker/engine/contract.ts';
import type { ExecutionRow } from '../../../broker/engine/rows.ts';
import type { Claim } from '../../../rig/virtual/violation.ts';
import { play } from '../../../rig/virtual/play.ts';
import { virtualScenarios } from '../../support/scenarios.ts';
import { firstViolation, subjectsWith } from '../../support/simulated.ts';

const seeds = 1000;

/** The reference agent, but a pulled job leaves something behind. */
function leaving(holding: Holding): AgentBehaviour {
  const rows = Object.entries(recoveryTable).map(([step, row]) => {
    const undo = row.pulled.undo.filter((one) => one !== holding);
    return [step, { ...row, pulled: { ...row.pulled, undo } }];
  });
  return { ...referenceAgent, recovery: Object.fromEntries(rows) as RecoveryTable };
}

/** The reference agent, but an interruption is met otherwise before the report. */
function meeting(interruption: Interruption, change: Partial<Recovery>): AgentBehaviour {
  const rows = Object.entries(recoveryTable).map(([step, row]) => {
    const cell = step === 'report' ? row[interruption] : { ...row[interruption], ...change };
    return [step, { ...row, [interruption]: cell }];
  });
  return { ...referenceAgent, recovery: Object.fromEntries(rows) as RecoveryTable };
}

/** The reference agent, but plans of one kind are changed. */
function planning(kind: Plan['kind'], change: (plan: Plan) => Plan | Refusal): AgentBehaviour {
  return {
    ...referenceAgent,
    readDocument(...given) {
      const plan = referenceAgent.readDocument(...given);
      return 'kind' in plan && plan.kind === kind ? change(plan) : plan;
    },
  };
}

/** Agents that do less than they could, and are quiet about it. */
const lazy: readonly (readonly [string, AgentBehaviour, Claim, scenario: string])[] = [
  [
    'reports FAILED after every power cut',
    meeting('power-cut', { undo: ['memory', 'slot'], next: 'report-failed' }),
    'V5',
    'power-cut-in-the-transfer',
  ],
  [
    'rejects every document with handlers',
    planning('handlers', () => ({ refused: 'no handlers here' })),
    'V5',
    'link-lost-in-a-handler',
  ],
  [
    'runs only the first handler',
    planning('handlers', (plan) => (plan.kind === 'handlers' ? { ...plan, runs: plan.runs.slice(0, 1) } : plan)),
    'V4',
    'link-lost-in-a-handler',
  ],
  [
    'answers a reboot job without a reboot',
    planning('reboot', () => ({
      kind: 'handlers',
      runs: [{ name: 'nothing', program: 'true', durationMs: 1, mayFail: false }],
    })),
    'V4',
    'reboot-job',
  ],
];

const agents: readonly (readonly [string, AgentBehaviour, readonly Claim[]])[] = [
  [
    'takes "gone" for "try again"',
    {
      ...referenceAgent,
      meaningOf: (code) => {
        const meaning = referenceAgent.meaningOf(code);
        return meaning === 'gone' ? 'retry' : meaning;
      },
    },
    ['V1', 'V2', 'V4'],
  ],
  ['takes whatever it sees for its own execution', { ...referenceAgent, isStillOurs: () => true }, ['V3', 'V9']],
  ['asks for nothing after connecting', { ...referenceAgent, asksOnConnect: false }, ['V1', 'V5']],
  ['does not ask before the point of no return', { ...referenceAgent, asksBeforeNoReturn: false }, ['V3']],
  ['does not clear its checkpoint', leaving('checkpoint'), ['V7']],
  ['leaves a part of an image in the slot', leaving('slot'), ['V10']],
  ['leaves the document in memory', leaving('memory'), ['V10']],
  ['leaves the download open', leaving('download'), ['V1', 'V10']],
  ['goes on the air at once after a brown-out', { ...referenceAgent, restsAfterCrash: false }, ['V8']],
  ['keeps its deadlines in a clock that is set later', { ...referenceAgent, timeBase: 'wall-clock' }, ['V5', 'V9']],
  ['does not pause between attempts', { ...referenceAgent, pauseMs: () => 1 }, ['V6']],
  [
    'runs an interrupted handler again',
    {
      ...referenceAgent,
      foundAtBoot(checkpoint, boot) {
        const found = referenceAgent.foundAtBoot(checkpoint, boot);
        const isHandler = found.kind === 'interrupted' && found.by === 'handler-interrupted';
        return isHandler ? { kind: 'interrupted', by: 'power-cut' } : found;
      },
    },
    ['V4'],
  ],
  [
    'reports success after a roll-back',
    {
      ...referenceAgent,
      foundAtBoot(checkpoint, boot) {
        const found = referenceAgent.foundAtBoot(checkpoint, boot);
        const isRollBack = found.kind === 'interrupted' && found.by === 'rolled-back';
        return isRollBack ? { kind: 'succeeded' } : found;
      },
    },
    ['V9'],
  ],
];

/** Spoils what an engine answers. */
type Spoil = (outcome: Outcome) => Partial<Outcome>;

function spoiled(spoil: Spoil): (engine: Engine) => Engine {
  return (engine) => ({
    apply: (command, now) => {
      const outcome = engine.apply(command, now);
      return { ...outcome, ...(spoil(outcome as unknown as Outcome) as Partial<typeof outcome>) };
    },
    nextDeadline: () => engine.nextDeadline(),
    rows: () => engine.rows(),
  });
}

/** Asks the engine something else than what was asked. */
function misheard(change: (command: Command, now: number) => readonly [Command, number]): (engine: Engine) => Engine {
  return (engine) => ({
    apply: (command, now) => {
      const [asked, at] = change(command as unknown as Command, now);
      return engine.apply(asked as unknown as typeof command, at);
    },
    nextDeadline: () => engine.nextDeadline(),
    rows: () => engine.rows(),
  });
}

function withRequest(names: readonly Command['name'][], members: object): (engine: Engine) => Engine {
  return misheard((command, now) => [
    names.includes(command.name) ? ({ ...command, request: { ...command.request, ...members } } as Command) : command,
    now,
  ]);
}

function silent(about: Effect['kind']): (engine: Engine) => Engine {
  return spoiled(({ effects }) => ({ effects: effects.filter(({ kind }) => kind !== about) }));
}

function withRows(change: (row: ExecutionRow) => ExecutionRow): Spoil {
  return ({ changes }) => ({
    changes: changes.map((one) =>
      one.table === 'jobExecution' && one.row !== undefined ? { ...one, row: change(one.row as ExecutionRow) } : one,
    ),
  });
}

const engines: readonly (readonly [string, (engine: Engine) => Engine, readonly Claim[]])[] = [
  ['forgets notify-next', silent('notify-next'), ['E6']],
  ['forgets notify', silent('notify'), ['E5']],
  [
    'says notify-next twice',
    spoiled(({ effects }) => ({
      effects: effects.flatMap((effect): readonly Effect[] =>
        effect.kind === 'notify-next' ? [effect, effect] : [effect],
      ),
    })),
    ['E6'],
  ],
  ['says notify after notify-next', spoiled(({ effects }) => ({ effects: effects.toReversed() })), ['E5']],
  [
    'lists what is queued before what runs',
    spoiled(({ effects }) => ({
      effects: effects.map((effect) =>
        effect.kind === 'notify' ? { ...effect, inProgress: effect.queued, queued: effect.inProgress } : effect,
      ),
    })),
    ['E5'],
  ],
  [
    'uses a version again',
    spoiled(withRows((row) => (row.status === 'SUCCEEDED' ? { ...row, versionNumber: row.versionNumber - 1 } : row))),
    ['E2'],
  ],
  [
    'skips an execution number',
    spoiled(withRows((row) => ({ ...row, executionNumber: row.executionNumber + 1 }))),
    ['E3'],
  ],
  [
    'lets a finished execution start again',
    spoiled(withRows((row) => (row.versionNumber > 4 ? { ...row, status: 'QUEUED' } : row))),
    ['E4'],
  ],
  [
    'counts wrong',
    spoiled(({ reply }) => {
      if (!reply.accepted || typeof reply.response !== 'object' || !('job' in reply.response)) return {};
      const { job } = reply.response as { readonly job: { readonly jobProcessDetails: object } };
      const jobProcessDetails = { ...job.jobProcessDetails, numberOfQueuedThings: 7 };
      return {
        reply: { accepted: true, response: { job: { ...job, jobProcessDetails } } } as unknown as Outcome['reply'],
      };
    }),
    ['E7'],
  ],
  [
    'keeps the executions of a deleted job',
    spoiled(({ changes }) => ({
      changes: changes.filter(({ table, row }) => table !== 'jobExecution' || row !== undefined),
    })),
    ['E4', 'E5', 'E6', 'E8'],
  ],
  [
    'changes something although it refuses',
    spoiled(({ reply, changes }) =>
      reply.accepted ? {} : { changes: [...changes, { table: 'setting', key: 'refused', row: {} }] },
    ),
    ['E1'],
  ],
  [
    'passes over expectedVersion',
    withRequest(['iotjobsdata:UpdateJobExecution'], { expectedVersion: undefined }),
    ['E2'],
  ],
  [
    'cancels what runs without force',
    withRequest(['iot:CancelJobExecution', 'iot:CancelJob'], { force: true }),
    ['E4'],
  ],
  [
    'cancels nothing that runs, whatever the force',
    withRequest(['iot:CancelJobExecution', 'iot:CancelJob'], { force: false }),
    ['E4'],
  ],
  [
    'accepts updates of what is gone',
    spoiled(({ reply }) =>
      reply.accepted || reply.code !== 'ResourceNotFound'
        ? {}
        : { reply: { accepted: true, response: {} } as unknown as Outcome['reply'] },
    ),
    ['E4'],
  ],
  [
    'accepts a report and does not keep it',
    spoiled(({ changes }) => ({
      changes: changes.filter(({ row }) => (row as ExecutionRow | undefined)?.status !== 'SUCCEEDED'),
    })),
    ['E4'],
  ],
  [
    'times out before the time',
    misheard((command, now) => [command, command.name === 'jobrig:Wake' ? now + 3_600_000 : now]),
    ['E4'],
  ],
  ['loses when it was started', spoiled(withRows((row) => ({ ...row, startedAt: undefined }))), ['E4']],
  [
    'says notify when only a status changed',
    spoiled(({ changes, effects, reply }) => {
      const [started] = changes.map(({ row }) => row as ExecutionRow | undefined);
      if (!reply.accepted || effects.length > 0 || started?.status !== 'IN_PROGRESS') return {};
      const { thingName, namespaceId } = started;
      const at = started.lastUpdatedAt;
      return {
        effects: [{ kind: 'notify', thingName, namespaceId, at, inProgress: [started], queued: [], changedJobIds: [] }],
      };
    }),
    ['E5'],
  ],
  [
    'says notify twice',
    spoiled(({ effects }) => ({
      effects: effects.flatMap((effect): readonly Effect[] => (effect.kind === 'notify' ? [effect, effect] : [effect])),
    })),
    ['E5'],
  ],
  [
    'lists a deleted execution',
    spoiled(({ reply }) => {
      if (!reply.accepted || typeof reply.response !== 'object' || !('executionSummaries' in reply.response)) return {};
      const response = { ...reply.response, executionSummaries: [{}, {}, {}] };
      return { reply: { accepted: true, response } as unknown as Outcome['reply'] };
    }),
    ['E8'],
  ],
  [
    'gives something else than the head',
    spoiled(({ reply }) =>
      reply.accepted && typeof reply.response === 'object' && 'execution' in reply.response
        ? { reply: { accepted: true, response: {} } as unknown as Outcome['reply'] }
        : {},
    ),
    ['E6'],
  ],
  [
    'completes a job that goes on',
    spoiled(({ changes }) => ({
      changes: changes.map((one) =>
        one.table === 'job' && one.row !== undefined
          ? { ...one, row: { ...one.row, status: 'COMPLETED', completedAt: 0 } }
          : one,
      ),
    })),
    ['E4'],
  ],
  [
    'forgets to keep a row',
    spoiled(({ changes }) => ({ changes: changes.filter(({ table }) => table !== 'thingGroup') })),
    ['E9'],
  ],
];

describe('the simulation finds', () => {
  it.each(lazy)('an agent that %s', { timeout: 240_000 }, (_, agent, claim, id) => {
    expect(['V4', 'V5']).toContain(firstViolation(subjectsWith(agent), seeds)?.broke[0]);
    const scenario = virtualScenarios.find((one) => one.id === id)!;
    expect(play(scenario, subjectsWith(agent)).violations[0]?.broke).toBe(claim);
  });

  it.each(agents)('an agent that %s', { timeout: 240_000 }, (_, agent, claims) => {
    const found = firstViolation(subjectsWith(agent), seeds);
    expect(found?.broke ?? []).not.toEqual([]);
    expect(claims).toContain(found?.broke[0]);
  });

  it.each(engines)('an engine that %s', { timeout: 240_000 }, (_, plant, claims) => {
    const subjects = subjectsWith();
    const found = firstViolation({ ...subjects, createEngine: () => plant(subjects.createEngine()) }, seeds);
    expect(found?.broke ?? []).not.toEqual([]);
    expect(claims).toContain(found?.broke[0]);
  });
});
