/**
 * What is heard unasked. While idle, a notification is a hint that there is something to ask or to start; while working, one
 * that does not name the execution at work raises a doubt, never more: it may be late or a duplicate. A queue's notifications
 * speak for that queue only. Source: reference notifications.md, docs/recovery-bugs.md R03, R04, R15, R35, R38.
 */
import type { PullSign } from '../../observation/inside.ts';
import type { ExecutionSummaryPayload, NotifyNextPayload, NotifyPayload } from '../../protocol/device-messages.ts';
import type { DurationMs, EpochSeconds } from '../../protocol/time.ts';
import type { OversizeMessage } from './contract.ts';
import type { ExecutionIdentity } from '../../observation/execution.ts';
import { consider } from './heads.ts';
import { type Queue, identityIn, queueOf } from './queues.ts';
import { stepOf } from './stages.ts';
import type { Turn } from './turn.ts';

type Notification<Payload> = {
  readonly namespaceId?: string;
  readonly bytes: number;
  readonly payload: Payload;
};

/** The list of pending executions changed. */
export function onNotify(turn: Turn, message: Notification<NotifyPayload>): void {
  const { payload } = message;
  const queue = queueOf(message);
  const { IN_PROGRESS: started = [], QUEUED: queued = [] } = payload.jobs;
  if (doubts(turn, queue, 'notify', started, queued)) return;
  if (started.length + queued.length > 0) hint(turn, queue, turn.behaviour.patience.hintMs, payload.timestamp);
  else turn.state.promised.delete(queue);
}

/** Another execution, or none, is the head. */
export function onNotifyNext(turn: Turn, message: Notification<NotifyNextPayload>): void {
  const { payload } = message;
  const queue = queueOf(message);
  const { execution } = payload;
  const named = execution === undefined ? [] : [execution];
  const isStarted = execution?.status === 'IN_PROGRESS';
  if (doubts(turn, queue, 'notify-next', isStarted ? named : [], isStarted ? [] : named)) return;
  if (execution === undefined) return;
  const { state, behaviour } = turn;
  const isFree = state.request === undefined && state.busy === undefined && state.setbacks === 0;
  const isOld = state.settled !== undefined && behaviour.isSameExecution(state.settled, execution);
  if (isFree && !isOld && execution.status === 'QUEUED') return consider(turn, queue, execution, message.bytes);
  hint(turn, queue, 0, payload.timestamp);
}

/** Of what could not be read: later than any answer. */
const unknownTime: EpochSeconds = Number.MAX_SAFE_INTEGER;

/** A notification too large to be received says at least that something changed. */
export function onOversizeNotification(
  turn: Turn,
  message: Extract<OversizeMessage, { readonly kind: 'notification' }>,
): void {
  const queue = queueOf(message);
  const by = message.name === 'JobExecutionsChanged' ? 'notify' : 'notify-next';
  if (!doubts(turn, queue, by, [], [])) hint(turn, queue, 0, unknownTime);
}

/** @returns whether the device is at work, or about to be, so that nothing else is to be made of the notification */
function doubts(
  turn: Turn,
  queue: Queue,
  by: PullSign,
  started: readonly ExecutionSummaryPayload[],
  queued: readonly ExecutionSummaryPayload[],
): boolean {
  const { work, request } = turn.state;
  if (work !== undefined) {
    const isConcerned = queueOf(work.execution) === queue && stepOf(work) !== 'report' && !work.orphaned;
    if (isConcerned && !isNamed(turn, queue, work.execution, started)) {
      work.doubt ??= { by, ask: 'own' };
      // A question already asked does not settle it: its answer may have been on the way.
      if (request !== undefined) request.suspect = by;
    }
    return true;
  }
  if (request?.purpose.kind !== 'start' || queueOf(request.purpose.head.execution) !== queue) return false;
  const { execution } = request.purpose.head;
  if (!isNamed(turn, queue, execution, started) && !isNamed(turn, queue, execution, queued)) request.suspect = by;
  return true;
}

function isNamed(
  { behaviour }: Turn,
  queue: Queue,
  execution: ExecutionIdentity,
  among: readonly ExecutionSummaryPayload[],
): boolean {
  for (const entry of among) if (behaviour.isSameExecution(execution, identityIn(queue, entry))) return true;
  return false;
}

/** There is something to ask for in this queue, after a while in which a better notification may come. */
function hint(turn: Turn, queue: Queue, afterMs: DurationMs, saidAt: EpochSeconds): void {
  const { state, now } = turn;
  if (state.request?.purpose.kind === 'ask' && state.request.purpose.queue === queue) {
    state.request.hintedAt = Math.max(saidAt, state.request.hintedAt ?? 0);
  }
  state.promised.add(queue);
  if (state.unasked.length === 0) state.askAt = now + afterMs;
  if (!state.unasked.includes(queue)) state.unasked.push(queue);
}
