/**
 * The first turn after a boot: compares what the checkpoint says with the image that runs, because each alone may lie
 * (recovery-bugs.md R51, R57, R61), and continues, finishes or gives up what was under way. Connects at once, but for a pause
 * after a crash: what crashed it may have been the connecting (R72).
 */
import type { Checkpoint } from './contract.ts';
import { connect, rest } from './connection.ts';
import type { Step } from '../../observation/execution.ts';
import { newWork } from './heads.ts';
import { recover } from './recover.ts';
import { begin, enter } from './stages.ts';
import { type Stage, type Turn, type Work, effect } from './turn.ts';

/** A stage of each step, to find its row in the recovery table. */
const stageOf: Readonly<Record<Step, Stage>> = {
  receive: 'reserve',
  download: 'download',
  verify: 'verify',
  write: 'write',
  activate: 'intend',
  reboot: 'reset',
  'self-test': 'self-test',
  confirm: 'confirm',
  report: 'report',
};

export function onBooted(turn: Turn): void {
  const { checkpoint, running, crashes } = turn.options.boot;
  if (crashes > 0 && turn.behaviour.restsAfterCrash) rest(turn, crashes);
  else connect(turn);
  if (checkpoint !== undefined) return reconcile(turn, checkpoint);
  if (!running.confirmed) giveUpImage(turn);
}

function reconcile(turn: Turn, checkpoint: Checkpoint): void {
  const { state, behaviour, options } = turn;
  const finding = behaviour.foundAtBoot(checkpoint, options.boot);
  const work = remembered(checkpoint);
  state.work = work;
  if (finding.kind === 'self-test') {
    work.selfTestEnds = turn.now + behaviour.patience.selfTestMs;
    return enter(turn, work, 'self-test');
  }
  if (!options.boot.running.confirmed) return giveUpImage(turn);
  switch (finding.kind) {
    case 'undelivered':
      work.stage = 'report';
      return begin(turn, work);
    case 'succeeded':
      work.report = { status: 'SUCCEEDED', details: { version: options.boot.running.version } };
      return enter(turn, work, 'remember-report');
    case 'interrupted':
      return recover(turn, work, finding.by);
  }
}

function remembered(checkpoint: Checkpoint): Work {
  const { execution, versionNumber, plan, step, writtenBytes, handler, report } = checkpoint;
  const work = newWork(execution, versionNumber, plan, 0);
  work.stage = stageOf[step];
  work.writtenBytes = writtenBytes;
  work.keptBytes = writtenBytes;
  work.handler = handler ?? 0;
  work.report = report;
  return work;
}

/** An unconfirmed image that no checkpoint accounts for: the boot loader returns to the old one. */
function giveUpImage(turn: Turn): void {
  turn.state.busy = 'reset';
  effect(turn, { kind: 'operate', operation: { kind: 'reset', asked: false } });
}
