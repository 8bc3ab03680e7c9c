/**
 * The job agent: takes what happened, lets the files of this room deal with it, then asks the service for whatever the
 * state needs next. One agent lives from one boot to the next. See contract.ts for its shape, recovery.ts for its promise.
 */
import type { EpochMs } from '../../protocol/time.ts';
import { onOversizeReply, onReply } from './answers.ts';
import { onBooted } from './boot.ts';
import { onConnected, onDisconnected, onLinkDeadline, onSubscribed } from './connection.ts';
import type {
  Agent,
  AgentInput,
  AgentOutcome,
  IncomingMessage,
  OperationFailure,
  OversizeMessage,
  Stretch,
} from './contract.ts';
import { onNotify, onNotifyNext, onOversizeNotification } from './notifications.ts';
import { queues } from './queues.ts';
import { recover, undoNext } from './recover.ts';
import { ask, onRequestDeadline } from './requests.ts';
import { account, advance, stepOf, stretchOf } from './stages.ts';
import { type AgentOptions, type AgentState, type Turn, type Work, newState, none, unchanged } from './turn.ts';

export function createAgent(options: AgentOptions): Agent {
  return new JobAgent(options);
}

class JobAgent implements Agent {
  readonly #turn: Turn;

  constructor(options: AgentOptions) {
    const { behaviour } = options;
    this.#turn = { options, behaviour, state: newState(), now: 0, changes: unchanged, effects: none };
  }

  apply(input: AgentInput, now: EpochMs): AgentOutcome {
    const turn = this.#turn;
    turn.now = now;
    turn.changes = unchanged;
    turn.effects = none;
    take(turn, input);
    ask(turn);
    return { changes: turn.changes, effects: turn.effects };
  }

  nextDeadline(): EpochMs | undefined {
    return nextDeadline(this.#turn.state);
  }

  stretch(): Stretch | undefined {
    const { work } = this.#turn.state;
    return work && stretchOf(this.#turn, work);
  }

  work(): ReturnType<Agent['work']> {
    const { work } = this.#turn.state;
    return work && { execution: work.execution, step: stepOf(work) };
  }

  isIdle(): boolean {
    const { state } = this.#turn;
    return isIdle(state) && state.unasked.length === 0;
  }
}

function take(turn: Turn, input: AgentInput): void {
  switch (input.kind) {
    case 'booted':
      return onBooted(turn);
    case 'connected':
      return onConnected(turn);
    case 'subscribed':
      return onSubscribed(turn, input.refused);
    case 'disconnected':
      return onDisconnected(turn);
    case 'message':
      return hears(turn, input.message) ? onMessage(turn, input.message) : undefined;
    case 'oversize':
      return hears(turn, input.message) ? onOversize(turn, input.message) : undefined;
    case 'done':
    case 'kept':
      return onDone(turn, input.kind === 'done' ? input.failure : undefined);
    case 'wake':
      return onWake(turn);
  }
}

function hears({ state, behaviour }: Turn, message: IncomingMessage): boolean {
  return state.link === 'up' && behaviour.listensTo(message, state.work && stepOf(state.work));
}

function onOversize(turn: Turn, message: OversizeMessage): void {
  if (message.kind === 'reply') onOversizeReply(turn, message);
  else onOversizeNotification(turn, message);
}

function onMessage(turn: Turn, message: Extract<AgentInput, { kind: 'message' }>['message']): void {
  if (message.kind === 'reply') return onReply(turn, message);
  if (message.name === 'JobExecutionsChanged') return onNotify(turn, message);
  onNotifyNext(turn, message);
}

/** What was under way has ended: undo on, recover from what waited for the end, or go on. */
function onDone(turn: Turn, failure: OperationFailure | undefined): void {
  const { state } = turn;
  const { work } = state;
  const wasTesting = state.busy === 'self-test';
  state.busy = undefined;
  if (work === undefined) return;
  if (work.undoing !== undefined) return undoNext(turn, work);
  if (failure !== undefined && !isForgiven(work, failure)) return recover(turn, work, work.interrupted ?? failure);
  if (work.interrupted !== undefined) {
    account(turn, work);
    return recover(turn, work, work.interrupted);
  }
  if (wasTesting) {
    work.tested = true;
    if (!work.reached) return;
  }
  advance(turn, work);
}

/** A job may say that it goes on without one of its handlers. */
function isForgiven({ plan, handler }: Work, failure: OperationFailure): boolean {
  return failure === 'handler-failed' && plan.kind === 'handlers' && plan.runs[handler]?.mayFail === true;
}

function onWake(turn: Turn): void {
  const { state, now } = turn;
  const { work, request } = state;
  if (work?.selfTestEnds !== undefined && work.selfTestEnds <= now) {
    work.selfTestEnds = undefined;
    if (work.stage === 'self-test') recover(turn, work, 'self-test-failed');
  }
  if (state.linkDeadline !== undefined && state.linkDeadline <= now) onLinkDeadline(turn);
  if (request !== undefined && request === state.request && request.deadline <= now) onRequestDeadline(turn, request);
  if (isIdle(state) && state.askAt !== undefined && state.askAt <= now && state.unasked.length === 0) {
    state.unasked = queues(turn.options);
  }
}

function isIdle(state: AgentState): boolean {
  return state.link === 'up' && state.request === undefined && state.work === undefined;
}

function nextDeadline(state: AgentState): EpochMs | undefined {
  let earliest = Infinity;
  if (state.linkDeadline !== undefined) earliest = state.linkDeadline;
  if (state.request !== undefined) earliest = Math.min(earliest, state.request.deadline);
  if (state.work?.selfTestEnds !== undefined) earliest = Math.min(earliest, state.work.selfTestEnds);
  if (state.askAt !== undefined && isIdle(state)) earliest = Math.min(earliest, state.askAt);
  return earliest === Infinity ? undefined : earliest;
}
