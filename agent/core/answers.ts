/**
 * What the service answers, by what was asked for. An answer settles its request once; later ones to the same request find
 * nobody waiting. The version is always taken from an answer, never counted along (recovery-bugs.md R24), and every way to
 * be refused leads somewhere (R14): gone, stale, refused for good, or later again.
 */
import type { PullSign } from '../../observation/inside.ts';
import type { AcceptedPayloads, DeviceMessage, RejectedPayload } from '../../protocol/device-messages.ts';
import type { Meaning } from './behaviour.ts';
import type { OversizeMessage } from './contract.ts';
import { consider, documentTooLarge, onEmpty, refuse, seenIn, takeUp } from './heads.ts';
import { queueOf } from './queues.ts';
import { foundGone, foundOurs, interrupt } from './recover.ts';
import { putOff, send, setBack } from './requests.ts';
import { advance } from './stages.ts';
import { type PendingRequest, type Purpose, type Turn, type Work, trace } from './turn.ts';

type ReplyMessage = Extract<DeviceMessage, { readonly kind: 'reply' }>;
type Described = AcceptedPayloads['DescribeJobExecution'];
type Updated = AcceptedPayloads['UpdateJobExecution'];
type PurposeOf<Kind extends Purpose['kind']> = Extract<Purpose, { readonly kind: Kind }>;

export function onReply(turn: Turn, message: ReplyMessage): void {
  const pending = turn.state.request;
  if (pending === undefined || message.payload.clientToken !== pending.request.body.clientToken) return;
  if (message.outcome === 'rejected') return onRejected(turn, pending, message.payload);
  turn.state.request = undefined;
  if (message.operation === 'DescribeJobExecution') return onDescribed(turn, pending, message.payload, message.bytes);
  if (message.operation === 'UpdateJobExecution') onUpdated(turn, pending, message.payload, message.bytes);
}

function onDescribed(turn: Turn, pending: PendingRequest, payload: Described, bytes: number): void {
  const { purpose, hintedAt } = pending;
  const { work } = turn.state;
  const { execution } = payload;
  if (purpose.kind === 'ask' && work === undefined) {
    if (execution === undefined) return hintedAt === undefined ? onEmpty(turn, purpose.queue) : undefined;
    // Older than what a notification has said since: the queue stays among those to be asked for.
    if (hintedAt !== undefined && payload.timestamp < hintedAt) return;
    if (purpose.withDocument) return consider(turn, purpose.queue, execution, bytes);
    // The head may have changed since the answer that did not fit: is it this one's document that is too large?
    return send(turn, { ...purpose, withDocument: true, of: seenIn(purpose.queue, execution) });
  }
  if (work === undefined) return;
  const seen = execution && seenIn(queueOf(work.execution), execution);
  if (seen !== undefined && turn.behaviour.isStillOurs(work, seen)) {
    refresh(turn, work, execution?.jobDocument, bytes);
    foundOurs(turn, work, seen.versionNumber, pending);
  } else if (purpose.kind === 'describe') {
    foundGone(turn, work, 'rejected');
  } else {
    // Another one may be the head while ours runs behind it, and an empty answer may be wrong: only its own answer is certain.
    const sign = seen === undefined ? 'empty-next' : 'other-next';
    const by = work.doubt === undefined || work.doubt.by === 'connection' ? sign : work.doubt.by;
    work.doubt = { by, ask: 'own' };
  }
  reach(turn, work);
}

/** A fresh document has fresh addresses: an old one may have expired (recovery-bugs.md R76). */
function refresh(turn: Turn, work: Work, document: object | undefined, bytes: number): void {
  if (document === undefined) return;
  const plan = turn.behaviour.readDocument({ ...document }, bytes, turn.options.boot.capacity);
  if ('refused' in plan || plan.kind !== work.plan.kind) return;
  work.plan = plan;
  work.documentBytes = bytes;
}

/** Past the reboot into a new image: any answer of the service is the second half of the self-test (R58). */
function reach(turn: Turn, work: Work): void {
  if (work.stage !== 'self-test' || work.reached) return;
  work.reached = true;
  if (work.tested) advance(turn, work);
}

const updated: {
  readonly [Kind in Purpose['kind']]: (turn: Turn, purpose: PurposeOf<Kind>, payload: Updated, bytes: number) => void;
} = {
  ask: () => {},
  describe: () => {},
  start(turn, { head }, payload, bytes) {
    const versionNumber = turn.behaviour.versionOf(head.versionNumber, payload.executionState?.versionNumber);
    takeUp(turn, head, versionNumber, payload.jobDocument, bytes);
  },
  refuse(turn, { head }) {
    turn.state.setbacks = 0;
    turn.state.settled = head.execution;
    askAgain(turn, head.execution);
    const status = head.status === 'QUEUED' ? 'REJECTED' : 'FAILED';
    trace(turn, { kind: 'finished', execution: head.execution, status });
  },
  progress(turn, _purpose, payload) {
    const work = adopt(turn, payload);
    if (work !== undefined) work.progressDue = false;
  },
  permission(turn, _purpose, payload) {
    const work = adopt(turn, payload);
    // A doubt that came up since is settled first; then permission is asked for again.
    if (work?.stage === 'permission' && work.doubt === undefined) advance(turn, work);
  },
  report(turn) {
    if (turn.state.work !== undefined) advance(turn, turn.state.work);
  },
};

function onUpdated(turn: Turn, { purpose, suspect }: PendingRequest, payload: Updated, bytes: number): void {
  // The table's row and its purpose have the same kind, which the type checker cannot follow.
  const row = updated[purpose.kind] as (turn: Turn, purpose: Purpose, payload: Updated, bytes: number) => void;
  row(turn, purpose, payload, bytes);
  if (suspect !== undefined && turn.state.work !== undefined) turn.state.work.doubt ??= { by: suspect, ask: 'own' };
}

function adopt({ state, behaviour }: Turn, payload: Updated): Work | undefined {
  const { work } = state;
  if (work !== undefined) {
    work.versionNumber = behaviour.versionOf(work.versionNumber, payload.executionState?.versionNumber);
  }
  return work;
}

function askAgain({ state }: Turn, target: { readonly namespaceId?: string }): void {
  const queue = queueOf(target);
  if (!state.unasked.includes(queue)) state.unasked.push(queue);
  state.askAt = undefined;
}

function onRejected(turn: Turn, pending: PendingRequest, payload: RejectedPayload): void {
  const { state, behaviour } = turn;
  const { purpose } = pending;
  const { work } = state;
  const meaning = behaviour.meaningOf(payload.code);
  if (meaning === 'retry') {
    putOff(turn, pending);
    if (work !== undefined) reach(turn, work);
    return;
  }
  state.request = undefined;
  if (purpose.kind === 'start' || purpose.kind === 'refuse') {
    const { execution } = purpose.head;
    return setBack(turn, queueOf(execution), execution);
  }
  if (work === undefined) return setBack(turn, purpose.kind === 'ask' ? purpose.queue : queueOf({}));
  if (meaning === 'refused' && isWorthRepeating(turn, work, pending)) return;
  if (purpose.kind === 'report' && payload.executionState?.status === purpose.report.status) {
    // The answer to an earlier try was lost; the service has the report (recovery-bugs.md R27).
    return advance(turn, work);
  }
  onRefusal(turn, work, meaning);
  reach(turn, work);
}

function onRefusal(turn: Turn, work: Work, meaning: Meaning): void {
  if (meaning === 'gone') return foundGone(turn, work, 'rejected');
  if (meaning === 'stale') {
    // Progress is only news, and not told twice.
    work.progressDue = false;
    work.doubt = { by: 'rejected', ask: 'own' };
    return;
  }
  interrupt(turn, work, 'refused');
}

/**
 * A refused request is not sent again as it was, where it can be sent otherwise or need not be sent. What remains is repeated
 * after growing pauses: the work is done, or cannot go on without an answer, and a service may be wrong for a while.
 */
function isWorthRepeating(turn: Turn, work: Work, pending: PendingRequest): boolean {
  const { purpose, failures } = pending;
  switch (purpose.kind) {
    case 'progress':
      work.progressDue = false; // it is only news
      return true;
    case 'permission':
      if (failures >= turn.behaviour.tries.permission) return false;
      break;
    case 'report':
      if (Object.keys(purpose.report.details).length === 0) break;
      // Perhaps it was the details (recovery-bugs.md R29).
      work.report = { ...purpose.report, details: {} };
      return true;
    default:
  }
  turn.state.request = pending;
  putOff(turn, pending);
  return true;
}

/** An answer that does not fit the receive buffer: only its topic is known (recovery-bugs.md R26, R66). */
export function onOversizeReply(turn: Turn, message: Extract<OversizeMessage, { readonly kind: 'reply' }>): void {
  const { state } = turn;
  const pending = state.request;
  if (pending === undefined || !pending.inFlight || !isAnswerTo(message, pending)) return;
  const { purpose } = pending;
  const sign: PullSign = 'rejected';
  switch (purpose.kind) {
    case 'ask':
      if (message.outcome === 'rejected' || !purpose.withDocument) return putOff(turn, pending);
      state.request = undefined;
      if (purpose.of !== undefined) return refuse(turn, purpose.of, documentTooLarge);
      return send(turn, { ...purpose, withDocument: false });
    case 'start':
    case 'refuse':
      state.request = undefined;
      if (purpose.kind === 'start' && message.outcome === 'accepted') {
        return send(turn, { kind: 'ask', queue: queueOf(purpose.head.execution), withDocument: false });
      }
      return setBack(turn, queueOf(purpose.head.execution), purpose.head.execution);
    case 'describe':
      return putOff(turn, pending);
    case 'progress':
    case 'permission':
    case 'report':
      state.request = undefined;
      if (purpose.kind === 'report' && message.outcome === 'accepted')
        return updated.report(turn, purpose, { timestamp: 0 }, 0);
      if (state.work !== undefined) state.work.doubt = { by: sign, ask: 'own' };
  }
}

function isAnswerTo(
  message: Extract<OversizeMessage, { readonly kind: 'reply' }>,
  { request }: PendingRequest,
): boolean {
  return (
    message.operation === request.operation && message.jobId === request.jobId && queueOf(message) === queueOf(request)
  );
}
