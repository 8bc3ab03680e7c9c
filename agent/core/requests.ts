/**
 * Requests to the service, one at a time: sends what the state needs next, waits a bounded time for the answer and repeats
 * after growing pauses, under the same token, so that the answer to an earlier try counts as well. An answer whose token is
 * not awaited is late or a duplicate and is dropped. Source: reference mqtt-api.md §5, recovery-bugs.md R14, R27, R31, R32.
 */
import type { DeviceRequestBody } from '../../protocol/device-messages.ts';
import { nextJobId } from '../../protocol/topics.ts';
import type { SeenExecution } from './behaviour.ts';
import type { ExecutionIdentity } from '../../observation/execution.ts';
import { type Queue, plainQueue, queueOf } from './queues.ts';
import { advance, percentOf, stepOf } from './stages.ts';
import { type PendingRequest, type Purpose, type TokenRequest, type Turn, type Work, pause, effect } from './turn.ts';

/** Sends whatever the state needs from the service, if anything and if it can. */
export function ask(turn: Turn): void {
  const { state } = turn;
  if (state.link !== 'up' || state.request !== undefined) return;
  const { work } = state;
  if (work !== undefined) {
    if (work.undoing === undefined && work.interrupted === undefined) askFor(turn, work);
    return;
  }
  const queue = state.unasked[0];
  if (queue === undefined || state.busy !== undefined) return;
  if (state.askAt !== undefined && state.askAt > turn.now) return;
  state.askAt = undefined;
  send(turn, { kind: 'ask', queue, withDocument: true });
}

function askFor(turn: Turn, work: Work): void {
  if (work.stage === 'report' && work.report !== undefined && work.doubt === undefined) {
    return send(turn, { kind: 'report', report: work.report });
  }
  if (work.doubt !== undefined) {
    return send(
      turn,
      work.doubt.ask === 'own'
        ? { kind: 'describe' }
        : { kind: 'ask', queue: queueOf(work.execution), withDocument: true },
    );
  }
  if (work.stage === 'self-test' && !work.reached) return send(turn, { kind: 'describe' });
  if (work.stage === 'permission') return send(turn, { kind: 'permission' });
  if (work.progressDue) send(turn, { kind: 'progress' });
}

export function send(turn: Turn, purpose: Purpose): void {
  const { state, options } = turn;
  state.requestsMade += 1;
  // The boot is part of the token: an answer to the life before must not pass for one to this.
  const clientToken = `${options.boot.boots}-${state.requestsMade}`;
  state.request = {
    purpose,
    request: requestFor(turn, purpose, clientToken),
    stage: state.work?.stage,
    failures: 0,
    deadline: 0,
    inFlight: false,
  };
  transmit(turn, state.request);
}

function transmit(turn: Turn, pending: PendingRequest): void {
  pending.inFlight = true;
  pending.deadline = turn.now + turn.behaviour.patience.replyMs;
  effect(turn, { kind: 'request', request: pending.request });
}

/** The pending request has waited long enough: for its answer, or to be repeated. */
export function onRequestDeadline(turn: Turn, pending: PendingRequest): void {
  if (pending.inFlight) return putOff(turn, pending);
  transmit(turn, pending);
}

/** No answer, or none that settles anything: later again. */
export function putOff(turn: Turn, pending: PendingRequest): void {
  const queue = aboutTheHead(pending.purpose);
  if (queue !== undefined && turn.state.work === undefined) {
    turn.state.request = undefined;
    return setBack(turn, queue);
  }
  pending.failures += 1;
  pending.inFlight = false;
  pending.deadline = pause(turn, pending.failures);
  const { work } = turn.state;
  if (work !== undefined) drop(turn, work, pending);
}

/** What was sent often enough is sent no more. */
function drop(turn: Turn, work: Work, { purpose, failures }: PendingRequest): void {
  const { tries } = turn.behaviour;
  if (purpose.kind === 'progress' && failures >= tries.progress) {
    turn.state.request = undefined;
    work.progressDue = false;
  } else if (purpose.kind === 'report' && failures >= tries.report) {
    turn.state.request = undefined;
    advance(turn, work);
  }
}

/**
 * Of a request that only makes sense for the head that was seen: by now its ids may mean another execution, even in the same
 * version (recovery-bugs.md R17), so it is not repeated; the head is asked for again.
 */
function aboutTheHead(purpose: Purpose): Queue | undefined {
  if (purpose.kind === 'refuse') return queueOf(purpose.head.execution);
  return purpose.kind === 'ask' && (!purpose.withDocument || purpose.of !== undefined) ? purpose.queue : undefined;
}

/** The head could not be started or refused: looks again, ever more slowly. */
export function setBack(turn: Turn, queue: Queue, execution?: ExecutionIdentity): void {
  const { state } = turn;
  state.settled = execution;
  state.setbacks += 1;
  if (!state.unasked.includes(queue)) state.unasked.push(queue);
  state.askAt = state.setbacks === 1 ? undefined : pause(turn, state.setbacks - 1);
}

function requestFor(turn: Turn, purpose: Purpose, clientToken: string): TokenRequest {
  switch (purpose.kind) {
    case 'ask': {
      const includeJobDocument = purpose.withDocument;
      if (purpose.of === undefined) {
        return describe(nextJobId, purpose.queue, includeJobDocument, clientToken);
      }
      const { jobId, executionNumber } = purpose.of.execution;
      return describe(jobId, purpose.queue, includeJobDocument, clientToken, executionNumber);
    }
    case 'start':
      return update(purpose.head, clientToken, {
        status: 'IN_PROGRESS',
        includeJobDocument: true,
        includeJobExecutionState: true,
      });
    case 'refuse':
      return update(purpose.head, clientToken, {
        // REJECTED is only reachable from QUEUED (recovery-bugs.md R25).
        status: purpose.head.status === 'QUEUED' ? 'REJECTED' : 'FAILED',
        statusDetails: { reason: turn.behaviour.detail(purpose.reason) },
      });
    default:
      // The other purposes only come up for the execution at work.
      return requestAbout(turn.state.work!, purpose, clientToken);
  }
}

function requestAbout(
  work: Work,
  purpose: Exclude<Purpose, { readonly kind: 'ask' | 'start' | 'refuse' }>,
  clientToken: string,
): TokenRequest {
  switch (purpose.kind) {
    case 'describe': {
      const { jobId, executionNumber } = work.execution;
      return describe(jobId, queueOf(work.execution), false, clientToken, executionNumber);
    }
    case 'progress':
    case 'permission':
      return update(work, clientToken, {
        status: 'IN_PROGRESS',
        includeJobExecutionState: true,
        statusDetails: { step: stepOf(work), percent: String(percentOf(work)) },
      });
    case 'report': {
      const { status, details } = purpose.report;
      return update(work, clientToken, { status, statusDetails: details });
    }
  }
}

// Every body of one operation has the same members, unset ones too: whoever reads requests reads one shape fastest.

function describe(
  jobId: string,
  queue: Queue,
  includeJobDocument: boolean,
  clientToken: string,
  executionNumber?: number,
): TokenRequest {
  return requestTo('DescribeJobExecution', jobId, queue, { executionNumber, includeJobDocument, clientToken });
}

type Target = Pick<SeenExecution, 'execution' | 'versionNumber'>;

/** Version and number make it count for this execution in this version only. */
function update(
  { execution, versionNumber }: Target,
  clientToken: string,
  { status, includeJobDocument, includeJobExecutionState, statusDetails }: DeviceRequestBody,
): TokenRequest {
  return requestTo('UpdateJobExecution', execution.jobId, queueOf(execution), {
    status,
    includeJobDocument,
    includeJobExecutionState,
    statusDetails,
    expectedVersion: versionNumber,
    executionNumber: execution.executionNumber,
    clientToken,
  });
}

function requestTo(
  operation: TokenRequest['operation'],
  jobId: string,
  queue: Queue,
  body: TokenRequest['body'],
): TokenRequest {
  return queue === plainQueue ? { operation, jobId, body } : { operation, jobId, namespaceId: queue, body };
}
