/**
 * The agent's side of the connection: connects, subscribes before anything else, waits a bounded time for each, and comes
 * back after growing pauses with chance in them, so that a fleet does not return in step (performance.md: the MQTT client
 * has no jitter of its own). A clean session every time: subscriptions are always asked for again (recovery-bugs.md R41).
 */
import { queues } from './queues.ts';
import { loseLink } from './recover.ts';
import { stepOf } from './stages.ts';
import { type Turn, pause, effect } from './turn.ts';

export function connect(turn: Turn): void {
  turn.state.link = 'connecting';
  turn.state.linkDeadline = turn.now + turn.behaviour.patience.connectMs;
  effect(turn, { kind: 'connect' });
}

/** Stays off the air for a pause. */
export function rest(turn: Turn, failures: number): void {
  turn.state.linkDeadline = pause(turn, failures);
}

export function onConnected(turn: Turn): void {
  const { state, options, behaviour } = turn;
  if (state.link !== 'connecting') return;
  state.link = 'subscribing';
  state.linkDeadline = turn.now + behaviour.patience.connectMs;
  state.connections += 1;
  const filters = behaviour.filters(options.thingName, options.namespaces, state.connections);
  effect(turn, { kind: 'subscribe', filters });
}

/**
 * From here on no notification is missed, so now is the time to ask (recovery-bugs.md R40). A refused filter ends the
 * connection: an agent that cannot hear must not believe that it can.
 */
export function onSubscribed(turn: Turn, refused: readonly string[]): void {
  const { state, behaviour } = turn;
  if (state.link !== 'subscribing') return;
  if (refused.length > 0) return giveUpConnection(turn);
  state.link = 'up';
  state.linkFailures = 0;
  state.linkDeadline = undefined;
  state.askAt = undefined;
  if (behaviour.asksOnConnect) state.unasked = queues(turn.options);
  // Whatever was said meanwhile was not heard. A report needs no question first: its answer says all.
  if (state.work !== undefined && stepOf(state.work) !== 'report') {
    state.work.doubt = { by: 'connection', ask: state.work.stage === 'self-test' ? 'own' : 'head' };
  }
}

export function onDisconnected(turn: Turn): void {
  const { state } = turn;
  if (state.link === 'down') return;
  state.link = 'down';
  state.linkFailures += 1;
  state.linkDeadline = pause(turn, state.linkFailures);
  // What was asked may have been heard; asking again from the state is right either way.
  state.request = undefined;
  if (state.work !== undefined) loseLink(turn, state.work);
}

export function onLinkDeadline(turn: Turn): void {
  if (turn.state.link === 'down') return connect(turn);
  giveUpConnection(turn);
}

function giveUpConnection(turn: Turn): void {
  effect(turn, { kind: 'disconnect' });
  onDisconnected(turn);
}
