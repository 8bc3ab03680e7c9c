/**
 * What to do next: looks at the head of a queue, decides what it asks for before starting it, and starts it or refuses it.
 * A head is only a proposal, however it was heard of: work begins with the accepted update to IN_PROGRESS, on the document
 * in that answer, so a stale or repeated notification can never start anything (recovery-bugs.md R35, R37).
 */
import type { ExecutionPayload } from '../../protocol/device-messages.ts';
import type { SeenExecution } from './behaviour.ts';
import type { ExecutionIdentity } from '../../observation/execution.ts';
import type { Plan, Refusal } from './plan.ts';
import { type Queue, identityIn } from './queues.ts';
import { send } from './requests.ts';
import { enter } from './stages.ts';
import { type Turn, type Work, pause, trace } from './turn.ts';

export function seenIn(queue: Queue, execution: ExecutionPayload): SeenExecution {
  const { status, versionNumber } = execution;
  return { execution: identityIn(queue, execution), status, versionNumber };
}

/**
 * `$next` is empty. After a notification that named something that is odd: it is asked again after growing pauses, because one
 * of the two is wrong, and if it is the answer, no other notification comes.
 */
export function onEmpty(turn: Turn, queue: Queue): void {
  const { state, behaviour } = turn;
  if (!state.promised.has(queue)) return nothingToDo(turn, queue);
  state.emptyAnswers += 1;
  if (state.emptyAnswers > behaviour.emptyAnswers) {
    state.promised.delete(queue);
    state.emptyAnswers = 0;
    return nothingToDo(turn, queue);
  }
  state.askAt = pause(turn, state.emptyAnswers);
}

/** Nothing waits in this queue. */
function nothingToDo(turn: Turn, queue: Queue): void {
  const { state, behaviour } = turn;
  state.unasked = state.unasked.filter((other) => other !== queue);
  if (state.unasked.length === 0) state.askAt = turn.now + behaviour.patience.pollMs;
}

/** @param bytes of the message, for the memory that its document takes */
export function consider(turn: Turn, queue: Queue, execution: ExecutionPayload, bytes: number): void {
  const { state, behaviour } = turn;
  state.promised.delete(queue);
  state.emptyAnswers = 0;
  const head = seenIn(queue, execution);
  if (behaviour.passesOver(head, state)) return nothingToDo(turn, queue);
  const plan = planOf(turn, execution.jobDocument, bytes);
  if (!('refused' in plan)) return send(turn, { kind: 'start', head });
  refuse(turn, head, plan.refused);
}

export const documentTooLarge = 'The job document does not fit the receive buffer';

export function refuse(turn: Turn, head: SeenExecution, reason: string): void {
  trace(turn, { kind: 'note', text: `refuses ${head.execution.jobId}: ${reason}` });
  send(turn, { kind: 'refuse', head, reason });
}

/** The service took the update to IN_PROGRESS: work begins. */
export function takeUp(
  turn: Turn,
  head: SeenExecution,
  versionNumber: number,
  document: ExecutionPayload['jobDocument'],
  bytes: number,
): Work {
  const plan = planOf(turn, document, bytes);
  const work = newWork(head.execution, versionNumber, 'refused' in plan ? { kind: 'handlers', runs: [] } : plan, bytes);
  turn.state.work = work;
  turn.state.setbacks = 0;
  if ('refused' in plan) {
    work.report = { status: 'FAILED', details: { reason: turn.behaviour.detail(plan.refused) } };
    enter(turn, work, 'remember-report');
  } else {
    enter(turn, work, 'reserve');
  }
  return work;
}

export function newWork(execution: ExecutionIdentity, versionNumber: number, plan: Plan, documentBytes: number): Work {
  return {
    execution,
    versionNumber,
    plan,
    documentBytes,
    stage: 'reserve',
    traced: undefined,
    writtenBytes: 0,
    keptBytes: 0,
    reachedPercent: 0,
    handler: 0,
    progressDue: false,
    doubt: undefined,
    held: false,
    interrupted: undefined,
    undoing: undefined,
    orphaned: false,
    tested: false,
    reached: false,
    selfTestEnds: undefined,
    report: undefined,
  };
}

function planOf(turn: Turn, document: ExecutionPayload['jobDocument'], bytes: number): Plan | Refusal {
  if (document === undefined) return { refused: documentTooLarge };
  return turn.behaviour.readDocument(document, bytes, turn.options.boot.capacity);
}
