/**
 * Carries the recovery table out: interrupts the execution at work, undoes its holdings one after another as
 * operations on the hardware, and goes where the table says. Decides nothing itself. Also what makes a suspicion into a
 * pull: only an answer to a question asked after the suspicion, because a notification may be late or a duplicate.
 */
import type { PullSign } from '../../observation/inside.ts';
import { abortable } from './contract.ts';
import { type Holding, type Interruption, type Resort, reasons } from './recovery.ts';
import { advance, becomeIdle, begin, enter, stepOf } from './stages.ts';
import { type PendingRequest, type Turn, type Work, keep, operate, trace, effect } from './turn.ts';

/** Something happened to the execution at work. A flash operation ends first; everything else is stopped. */
export function interrupt(turn: Turn, work: Work, interruption: Interruption, by?: PullSign): void {
  if (work.undoing !== undefined || work.orphaned || work.interrupted === 'pulled') return;
  const { state, behaviour } = turn;
  if (by !== undefined) trace(turn, { kind: 'pulled', step: stepOf(work), execution: work.execution, by });
  if (behaviour.recovery[stepOf(work)][interruption].undo.length > 0 && state.busy !== undefined) {
    if (state.busy === 'keep' || !abortable.has(state.busy)) {
      work.interrupted = interruption;
      return;
    }
    effect(turn, { kind: 'abort' });
    state.busy = undefined;
  }
  recover(turn, work, interruption);
}

/** Recovers now; nothing is under way, or nothing needs to be undone. */
export function recover(turn: Turn, work: Work, interruption: Interruption): void {
  const { undo, next } = turn.behaviour.recovery[stepOf(work)][interruption];
  work.interrupted = undefined;
  turn.state.request = undefined;
  if (undo.length === 0) return resort(turn, work, interruption, next);
  work.undoing = { interruption, remaining: [...undo], next };
  undoNext(turn, work);
}

/** One holding after another; called again when each is given back. */
export function undoNext(turn: Turn, work: Work): void {
  const { undoing } = work;
  if (undoing === undefined) return;
  for (;;) {
    const holding = undoing.remaining.shift();
    if (holding === undefined) break;
    if (giveBack(turn, work, holding)) return;
  }
  work.undoing = undefined;
  resort(turn, work, undoing.interruption, undoing.next);
}

/** Starts to give a holding back. @returns false when there is nothing to wait for */
function giveBack(turn: Turn, work: Work, holding: Holding): boolean {
  switch (holding) {
    case 'handler':
      return false; // stopped when it was interrupted
    case 'download':
      operate(turn, work, { kind: 'close-download' });
      return true;
    case 'memory':
      operate(turn, work, { kind: 'release' });
      return true;
    case 'slot':
      if (work.plan.kind !== 'firmware') return false;
      operate(turn, work, { kind: 'discard' });
      return true;
    case 'checkpoint':
      keep(turn, undefined);
      return true;
  }
}

function resort(turn: Turn, work: Work, interruption: Interruption, next: Resort): void {
  switch (next) {
    case 'next-job':
      becomeIdle(turn);
      if (interruption === 'pulled') trace(turn, { kind: 'recovered', execution: work.execution });
      return;
    case 'resume':
      // What was in RAM is gone: the document after a power cut, a segment not yet written after a lost link.
      if (interruption === 'power-cut') work.stage = 'reserve';
      else if (work.stage === 'verify' || work.stage === 'write') work.stage = 'download';
      work.held = true;
      return;
    case 'report-failed':
      work.report = { status: 'FAILED', details: { reason: turn.behaviour.detail(reasons[interruption]) } };
      return enter(turn, work, 'remember-report');
    case 'finish':
      work.orphaned = true;
      return;
    case 'roll-back':
      return enter(turn, work, 'reset');
  }
}

/** Only what the table undoes is touched; all else goes on and meets the service again when it needs it. */
export function loseLink(turn: Turn, work: Work): void {
  if (turn.behaviour.recovery[stepOf(work)]['link-lost'].undo.length > 0) interrupt(turn, work, 'link-lost');
}

/** The doubt is settled: the execution is ours, as of the asking. */
export function foundOurs(turn: Turn, work: Work, versionNumber: number, { stage, suspect }: PendingRequest): void {
  work.versionNumber = turn.behaviour.versionOf(work.versionNumber, versionNumber);
  work.doubt = suspect && { by: suspect, ask: 'own' };
  if (work.doubt !== undefined) return;
  if (work.held) {
    work.held = false;
    begin(turn, work);
  } else if (work.stage === 'permission' && stage === 'permission') {
    advance(turn, work);
  } else if (work.stage === 'depart' && turn.state.busy === undefined) {
    begin(turn, work);
  }
}

/** The doubt is settled: the execution is gone. `found` names what settled it, when nothing had raised it before. */
export function foundGone(turn: Turn, work: Work, found: PullSign): void {
  const by = work.doubt === undefined || work.doubt.by === 'connection' ? found : work.doubt.by;
  work.doubt = undefined;
  interrupt(turn, work, 'pulled', by);
}
