/** Each assertion after a change fires when what it asserts is broken: whole state, one part of it spoiled by hand. */
import { describe, expect, it } from 'vitest';
import { holdExecution } from '../../broker/engine/executions.ts';
import { assertSuccessor, assertTurn, assertWhole } from '../../broker/engine/invariants.ts';
import { holdJob } from '../../broker/engine/jobs.ts';
import { enter } from '../../broker/engine/pending-queue.ts';
import { profiles } from '../../broker/engine/profile.ts';
import { jobNotFound } from '../../broker/engine/refusals.ts';
import type { ExecutionRow } from '../../broker/engine/rows.ts';
import { createState, thingNamed, type Execution } from '../../broker/engine/state.ts';
import { Turn } from '../../broker/engine/turn.ts';
import type { JobExecutionStatus } from '../../protocol/status.ts';

const identity = { region: 'eu-west-1', account: '123456789012' };

function stateWith(status: JobExecutionStatus) {
  const state = createState({ identity, profile: profiles.observed, strict: false, resolveDocument: undefined });
  const job = holdJob(state, {
    sequence: 1,
    jobId: 'j',
    status: 'IN_PROGRESS',
    targetSelection: 'SNAPSHOT',
    targets: [],
    document: '{}',
    createdAt: 0,
    lastUpdatedAt: 0,
  });
  const row: ExecutionRow = {
    sequence: 2,
    jobId: 'j',
    thingName: 't',
    executionNumber: 1,
    status,
    queuedAt: 0,
    lastUpdatedAt: 0,
    versionNumber: 3,
    retryAttempt: 0,
  };
  const execution = holdExecution(state, job, thingNamed(state, 't'), row);
  enter(execution.queue, execution);
  return { state, execution };
}

const spoils: readonly (readonly [string, JobExecutionStatus, (execution: Execution) => void])[] = [
  ['a count too many', 'QUEUED', ({ job }) => (job.counts.FAILED += 1)],
  ['a count moved to another status', 'QUEUED', ({ job }) => ((job.counts.QUEUED -= 1), (job.counts.FAILED += 1))],
  ['a newest execution that is not found', 'QUEUED', ({ job }) => job.newest.clear()],
  ['a newest execution that is gone', 'QUEUED', (execution) => (execution.gone = true)],
  ['a queued one among those that run', 'QUEUED', ({ queue }) => queue.inProgress.push(queue.queued[0]!)],
  ['a running one among those that wait', 'IN_PROGRESS', ({ queue }) => queue.queued.push(queue.inProgress[0]!)],
  ['a visible one among those that are hidden', 'QUEUED', ({ queue }) => queue.hidden.push(queue.queued[0]!)],
  [
    'a hidden one among those that are visible',
    'QUEUED',
    (execution) => (execution.row = { ...execution.row, hidden: true }),
  ],
];

describe('after a change of an execution', () => {
  it.each(['QUEUED', 'IN_PROGRESS'] as const)('a whole state passes: %s', (status) => {
    expect(() => assertWhole(stateWith(status).execution)).not.toThrow();
  });

  it.each(spoils)('is found: %s', (_, status, spoil) => {
    const { execution } = stateWith(status);
    spoil(execution);
    expect(() => assertWhole(execution)).toThrow('engine: it should hold that');
  });
});

describe('a row that replaces another', () => {
  const { row } = stateWith('QUEUED').execution;
  it.each([
    ['the next version', { versionNumber: 4, status: 'IN_PROGRESS' }, true],
    ['the same version', {}, true],
    ['a removal in the same version', { status: 'REMOVED' }, true],
    ['a version that skips one', { versionNumber: 5 }, false],
    ['a version that goes back', { versionNumber: 2 }, false],
    ['a start in the same version', { status: 'IN_PROGRESS' }, false],
  ] as const)('may be, or not: %s', (_, change, isRight) => {
    const run = (): void => assertSuccessor(row, { ...row, ...change });
    if (isRight) expect(run).not.toThrow();
    else expect(run).toThrow('engine: it should hold that');
  });
});

describe('a refused command', () => {
  const refused = jobNotFound('j');
  const doings: readonly (readonly [string, (turn: Turn) => void])[] = [
    ['a change', (turn) => turn.drop('job', 'j')],
    ['an effect', (turn) => turn.notify({ kind: 'notify-next', thingName: 't', at: 0 })],
    ['an event', (turn) => turn.event({ kind: 'event', topic: 'x', payload: {} })],
    ['a place in the order of creation', (turn) => turn.createSequence()],
    ['a word to the doors', (turn) => turn.principal('c')],
  ];

  it.each(doings)('has left %s: found', (_, leave) => {
    const turn = new Turn(stateWith('QUEUED').state, 0);
    expect(() => assertTurn(turn, refused)).not.toThrow();
    leave(turn);
    expect(() => assertTurn(turn, { accepted: true, response: undefined })).not.toThrow();
    expect(() => assertTurn(turn, refused)).toThrow('a refused command changes nothing');
  });

  it('has left a queue that was not announced: found', () => {
    const { state, execution } = stateWith('QUEUED');
    const turn = new Turn(state, 0);
    turn.touched = [execution.queue];
    expect(() => assertTurn(turn, refused)).toThrow('every queue that was touched was announced');
  });
});
