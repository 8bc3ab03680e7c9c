/**
 * A job as a row of stages: what each starts, and where it goes when that has ended well. A stage ends with one event: its
 * operation is done, its checkpoint is kept, or the service has answered. What happens when it does not end well is
 * recovery.ts; who hears the events is agent.ts. Every stage belongs to one step, the unit that the recovery table knows.
 */
import type { Checkpoint, Stretch } from './contract.ts';
import type { Step } from '../../observation/execution.ts';
import type { Plan } from './plan.ts';
import { type Stage, type Turn, type Work, keep, operate, trace } from './turn.ts';
import { queues } from './queues.ts';

interface StageRow {
  readonly step: Step;
  begin(turn: Turn, work: Work): void;
  /** Accounts for what was done and names the next stage; `end` when the job is over. */
  next(turn: Turn, work: Work): Stage | 'end';
}

type FirmwarePlan = Extract<Plan, { kind: 'firmware' }>;

const stages: Readonly<Record<Stage, StageRow>> = {
  reserve: {
    step: 'receive',
    begin: (turn, work) => operate(turn, work, { kind: 'reserve', bytes: work.documentBytes }),
    next: () => 'remember',
  },
  /** Nothing of a job is begun before its checkpoint is durable. */
  remember: {
    step: 'receive',
    begin: (turn, work) => keep(turn, checkpointOf(work)),
    next: firstStage,
  },
  download: {
    step: 'download',
    begin(turn, work) {
      work.held = turn.state.link !== 'up';
      if (work.held) return;
      const { image, offset, bytes } = segment(turn, work);
      operate(turn, work, { kind: 'download', image, offset, bytes });
    },
    next: () => 'verify',
  },
  verify: {
    step: 'verify',
    begin(turn, work) {
      const { image, offset, bytes } = segment(turn, work);
      operate(turn, work, { kind: 'verify', image, offset, bytes });
    },
    next: () => 'write',
  },
  write: {
    step: 'write',
    begin(turn, work) {
      const { image, offset, bytes } = segment(turn, work);
      operate(turn, work, { kind: 'write', image, offset, bytes, erasesAhead: turn.behaviour.erasesAhead });
    },
    next: afterSegment,
  },
  'remember-progress': {
    step: 'write',
    begin: (turn, work) => keep(turn, checkpointOf(work)),
    next(_turn, work) {
      work.keptBytes = work.writtenBytes;
      return 'download';
    },
  },
  close: {
    step: 'write',
    begin: (turn, work) => operate(turn, work, { kind: 'close-download' }),
    next: () => 'check',
  },
  check: {
    step: 'activate',
    begin: (turn, work) => operate(turn, work, { kind: 'check', image: firmware(work).image }),
    next: () => 'intend',
  },
  /** What cannot be undone is written down before it is done, so that it is never done twice. */
  intend: {
    step: 'activate',
    begin: (turn, work) => keep(turn, checkpointOf(work)),
    next: ({ behaviour }, work) => (behaviour.asksBeforeNoReturn ? 'permission' : intended(work)),
  },
  /** The last check before it (recovery-bugs.md R08, R09): requests.ts asks, answers.ts hears. */
  permission: { step: 'activate', begin: () => {}, next: (_turn, work) => intended(work) },
  select: {
    step: 'activate',
    begin(turn, work) {
      const { image, version } = firmware(work);
      operate(turn, work, { kind: 'select', image, version });
    },
    next: () => 'depart',
  },
  /** Waits for a doubt that came up since the permission. */
  depart: {
    step: 'activate',
    begin(turn, work) {
      if (work.doubt === undefined) advance(turn, work);
    },
    next: () => 'reset',
  },
  run: {
    step: 'activate',
    begin(turn, work) {
      const { program, durationMs } = handlerRuns(work)[work.handler]!;
      operate(turn, work, { kind: 'run', handler: program, part: work.handler, durationMs });
    },
    next(turn, work) {
      work.handler += 1;
      return work.handler < handlerRuns(work).length ? 'intend' : succeeded(turn, work);
    },
  },
  reset: {
    step: 'reboot',
    begin: (turn, work) => operate(turn, work, { kind: 'reset', asked: work.plan.kind === 'reboot' }),
    next: () => 'reset',
  },
  'self-test': {
    step: 'self-test',
    begin: (turn, work) => operate(turn, work, { kind: 'self-test' }),
    next: () => 'confirm',
  },
  confirm: {
    step: 'confirm',
    begin: (turn, work) => operate(turn, work, { kind: 'confirm' }),
    next: (turn, work) => (work.orphaned ? 'forget' : succeeded(turn, work)),
  },
  'remember-report': {
    step: 'report',
    begin(turn, work) {
      if (turn.behaviour.keepsReports) return keep(turn, checkpointOf(work));
      advance(turn, work);
    },
    next: () => 'report',
  },
  /** requests.ts sends the report, again and again if need be; answers.ts hears that it was taken. */
  report: { step: 'report', begin: () => {}, next: () => 'forget' },
  forget: { step: 'report', begin: (turn) => keep(turn, undefined), next: () => 'release' },
  release: {
    step: 'report',
    begin: (turn, work) => operate(turn, work, { kind: 'release' }),
    next: () => 'end',
  },
};

export function stepOf({ stage }: Work): Step {
  return stages[stage].step;
}

/** The stage has ended well: begins the next one. */
export function advance(turn: Turn, work: Work): void {
  const next = stages[work.stage].next(turn, work);
  if (next === 'end') return conclude(turn, work);
  enter(turn, work, next);
}

/** The stage has ended well, but something else comes first: only notes where to go on. */
export function account(turn: Turn, work: Work): void {
  const next = stages[work.stage].next(turn, work);
  if (next !== 'end') work.stage = next;
}

export function enter(turn: Turn, work: Work, stage: Stage): void {
  work.stage = stage;
  begin(turn, work);
}

export function begin(turn: Turn, work: Work): void {
  const row = stages[work.stage];
  const { step } = row;
  if (step !== work.traced) {
    work.traced = step;
    trace(turn, { kind: 'step', step, execution: work.execution, percent: percentOf(work) });
  }
  row.begin(turn, work);
}

/** Nothing at work any more: the next thing is to ask. */
export function becomeIdle(turn: Turn): void {
  const { state } = turn;
  state.settled = state.work?.execution;
  state.work = undefined;
  state.request = undefined;
  state.unasked = queues(turn.options);
  state.askAt = undefined;
}

export function percentOf({ plan, writtenBytes, stage }: Work): number {
  if (plan.kind !== 'firmware') return stages[stage].step === 'report' ? 100 : 0;
  return Math.floor((100 * writtenBytes) / plan.image.sizeBytes);
}

function conclude(turn: Turn, work: Work): void {
  const { execution, report } = work;
  becomeIdle(turn);
  if (work.orphaned || report === undefined) return trace(turn, { kind: 'recovered', execution });
  trace(turn, { kind: 'finished', execution, status: report.status });
}

function checkpointOf(work: Work): Checkpoint {
  const { execution, versionNumber, stage, plan, writtenBytes, handler, report } = work;
  return {
    execution,
    versionNumber,
    step: stages[stage].step,
    plan,
    writtenBytes,
    ...(stage === 'intend' && plan.kind === 'handlers' && { handler }),
    ...(report !== undefined && { report }),
  };
}

function firstStage(turn: Turn, work: Work): Stage {
  const { plan } = work;
  if (plan.kind !== 'firmware') return 'intend';
  // What already runs is not flashed again (recovery-bugs.md R55).
  if (plan.version === turn.options.boot.running.version) {
    work.report = { status: 'SUCCEEDED', details: { version: plan.version, note: 'This version was running already' } };
    return 'remember-report';
  }
  work.keptBytes = work.writtenBytes;
  return work.writtenBytes < plan.image.sizeBytes ? 'download' : 'close';
}

function afterSegment(turn: Turn, work: Work): Stage {
  work.writtenBytes += segment(turn, work).bytes;
  const percent = percentOf(work);
  if (percent < 100 && percent - work.reachedPercent >= turn.behaviour.progressEveryPercent) {
    work.reachedPercent = percent;
    work.progressDue = true;
  }
  if (work.writtenBytes >= firmware(work).image.sizeBytes) return 'close';
  return work.writtenBytes - work.keptBytes >= turn.behaviour.checkpointEveryBytes ? 'remember-progress' : 'download';
}

/** Ends with the segment after which the agent tells its progress, makes a checkpoint or has the whole image. */
export function stretchOf({ behaviour, options }: Turn, work: Work): Stretch | undefined {
  const { stage, plan, writtenBytes, keptBytes, reachedPercent, interrupted, undoing } = work;
  if (stage !== 'download' && stage !== 'verify' && stage !== 'write') return undefined;
  if (plan.kind !== 'firmware' || behaviour.erasesAhead || interrupted !== undefined || undoing !== undefined)
    return undefined;
  // Every block of a stream is asked for by a message.
  if (plan.image.stream !== undefined) return undefined;
  const { image } = plan;
  const { segmentBytes } = options.boot.capacity;
  const tellsAt = (image.sizeBytes * (reachedPercent + behaviour.progressEveryPercent)) / 100;
  const aim = Math.min(image.sizeBytes, keptBytes + behaviour.checkpointEveryBytes, tellsAt);
  const segments = Math.max(1, Math.ceil((aim - writtenBytes) / segmentBytes));
  const end = Math.min(image.sizeBytes, writtenBytes + segments * segmentBytes);
  return { image, offset: writtenBytes, end, segmentBytes, doing: stage };
}

function intended(work: Work): Stage {
  switch (work.plan.kind) {
    case 'firmware':
      return 'select';
    case 'handlers':
      return 'run';
    case 'reboot':
      return 'depart';
  }
}

function succeeded(turn: Turn, work: Work): Stage {
  work.report = { status: 'SUCCEEDED', details: { version: turn.options.boot.running.version } };
  return 'remember-report';
}

function segment({ options }: Turn, work: Work) {
  const { image } = firmware(work);
  const offset = work.writtenBytes;
  return { image, offset, bytes: Math.min(options.boot.capacity.segmentBytes, image.sizeBytes - offset) };
}

/** The stages of a plan are only entered with that plan. */
function firmware({ plan }: Work): FirmwarePlan {
  return plan as FirmwarePlan;
}

function handlerRuns({ plan }: Work): Extract<Plan, { kind: 'handlers' }>['runs'] {
  return (plan as Extract<Plan, { kind: 'handlers' }>).runs;
}
