/**
 * Disturbs a job at one instant after another and judges how each run ends. The instants come from an undisturbed run: each
 * at which anything happened, and each middle between two, so that every message, operation and boot is met before, during
 * and after. Claims V1–V10 of the recovery design, as far as one board shows them.
 */
import type { EpochMs } from '../../protocol/time.ts';
import { VirtualWorld, type WorldOptions, firmwareDocument, thingName } from './virtual-world.ts';

export interface Subject {
  readonly name: string;
  readonly document: object;
  readonly namespaceId?: string;
  /** What has to be there before the job is created. */
  readonly prepare?: (world: VirtualWorld) => void;
  readonly world?: WorldOptions;
}

export const pulls = {
  none: () => {},
  'delete the execution': (world: VirtualWorld, subject: Subject) => {
    world.operate('iot:DeleteJobExecution', {
      jobId,
      thingName,
      executionNumber: 1,
      force: true,
      ...namespaceOf(subject),
    });
  },
  'delete the job': (world: VirtualWorld, subject: Subject) => {
    world.operate('iot:DeleteJob', { jobId, force: true, ...namespaceOf(subject) });
  },
  'cancel by force': (world: VirtualWorld) => {
    world.operate('iot:CancelJobExecution', { jobId, thingName, force: true });
  },
  'delete and create again': (world: VirtualWorld, subject: Subject) => {
    world.operate('iot:DeleteJob', { jobId, force: true, ...namespaceOf(subject) });
    world.operate('jobrig:Wake', {});
    world.createJob(jobId, subject.document, subject.namespaceId);
  },
} as const satisfies Record<string, (world: VirtualWorld, subject: Subject) => void>;
export type Pull = keyof typeof pulls;

export const faults = {
  none: () => {},
  'power cut': (world: VirtualWorld) => {
    world.powerCut();
    world.later(500, () => world.powerOn());
  },
  'link lost': (world: VirtualWorld) => {
    world.cutLink();
    world.later(700, () => world.restoreLink());
  },
} as const satisfies Record<string, (world: VirtualWorld) => void>;
export type Fault = keyof typeof faults;

const jobId = 'job-1';
const settleMs = 1_200_000;

function namespaceOf({ namespaceId }: Subject): { readonly namespaceId?: string } {
  return namespaceId === undefined ? {} : { namespaceId };
}

/** A world whose device has just been given the job. */
export function begin(subject: Subject): VirtualWorld {
  const world = new VirtualWorld({
    ...(subject.namespaceId !== undefined && { namespaces: [subject.namespaceId] }),
    ...subject.world,
  });
  subject.prepare?.(world);
  world.powerOn();
  world.run(5000);
  world.createJob(jobId, subject.document, subject.namespaceId);
  return world;
}

/** Instants of an undisturbed run, from the job's creation to a little after its end, and the middles between them. */
export function pointsOf(subject: Subject): readonly EpochMs[] {
  const world = begin(subject);
  const from = world.now;
  world.runUntil(() => isOver(world));
  world.run(200);
  const instants = [...world.instants].filter((instant) => instant >= from);
  return instants.flatMap((instant, index) => {
    const next = instants[index + 1];
    return next === undefined || next - instant < 2 ? [instant] : [instant, Math.floor((instant + next) / 2)];
  });
}

function isOver(world: VirtualWorld): boolean {
  return world.traces('finished').length > 0;
}

/** The end of a run whose disturbances are over. @returns what is wrong with it; empty when the device recovered */
export function judgeEnd(world: VirtualWorld, pull: Pull): string[] {
  world.runUntil(() => isSettled(world), settleMs);
  return [...judge(world, pull), ...judgeCanary(world)];
}

/** One disturbed run. @returns what is wrong with its end; empty when the device recovered */
export function disturb(subject: Subject, point: EpochMs, pull: Pull, fault: Fault): string[] {
  const world = begin(subject);
  world.at(point, () => {
    pulls[pull](world, subject);
    faults[fault](world);
  });
  world.run(point - world.now);
  return judgeEnd(world, pull);
}

function isSettled(world: VirtualWorld): boolean {
  const last = world.happenings.at(-1);
  if (last?.kind !== 'received' || last.message.kind !== 'reply' || last.message.jobId !== '$next') return false;
  const { connected, step } = world.board.view();
  if (!connected || step !== 'idle') return false;
  return world.statusOf(jobId) !== 'IN_PROGRESS' && world.statusOf(jobId) !== 'QUEUED';
}

function judge(world: VirtualWorld, pull: Pull): string[] {
  const view = world.board.view();
  const wrong: string[] = [];
  const claim = (holds: boolean, text: string) => {
    if (!holds) wrong.push(text);
  };
  const active = view.slots[view.activeSlot];
  const again = pull === 'delete and create again';
  claim(view.connected && view.step === 'idle', `V1: at ${view.step}, connected ${view.connected}`);
  claim(rejectedUpdates(world) <= 3, `V2: ${rejectedUpdates(world)} rejected updates`);
  claim(active?.state === 'confirmed', `V3: runs from a slot that is ${active?.state}`);
  claim(active?.version === view.runningVersion, 'V3: the running version is not that of the active slot');
  const other = view.slots[1 - view.activeSlot]?.state;
  claim(other === 'empty' || other === 'invalid', `V3: the other slot is ${other}`);
  for (const [key, count] of Object.entries(view.sideEffects)) {
    // Created again within the same second, two executions have the same name.
    claim(count <= (again ? 2 : 1), `V4: ${key} done ${count} times`);
  }
  claim(again || repeatedWork(world).length === 0, `V4: ${repeatedWork(world).join()} worked after it was found gone`);
  claim(world.sent().length < 60, `V6: ${world.sent().length} requests`);
  claim(view.checkpoint === undefined, `V7: checkpoint ${JSON.stringify(view.checkpoint)}`);
  const resets = view.boots - world.powerOns;
  claim(resets <= (again ? 4 : 2), `V8: ${resets} resets of its own`);
  claim(!view.openDownload, 'V10: a download is open');
  claim(view.ram.usedBytes === 163_840 + 20_480 + 8192, `V10: ${view.ram.usedBytes} bytes of RAM in use`);
  const status = world.statusOf(jobId);
  if (pull === 'none') claim(status === 'SUCCEEDED' || status === 'FAILED', `the job is ${status}`);
  if (again) claim(status === 'SUCCEEDED' || status === 'FAILED', `V4: the job created again is ${status}`);
  return wrong;
}

/** Updates of something that is gone, however often each was delivered. */
function rejectedUpdates(world: VirtualWorld): number {
  const tokens = world.happenings.flatMap((event) => {
    if (event.kind !== 'received' || event.message.kind !== 'reply' || event.message.outcome !== 'rejected') return [];
    const { operation, payload } = event.message;
    return operation === 'UpdateJobExecution' && payload.code !== 'VersionMismatch' ? [payload.clientToken] : [];
  });
  return new Set(tokens).size;
}

/** Executions that were worked on, before the point of no return, after the device knew that they were gone. */
function repeatedWork(world: VirtualWorld): string[] {
  const gone = new Set<string>();
  return world.happenings.flatMap((event) => {
    if (event.kind !== 'trace' || !('execution' in event.trace)) return [];
    const { trace } = event;
    const key = JSON.stringify(trace.execution);
    if (trace.kind === 'pulled') gone.add(key);
    const early = trace.kind === 'step' && !['self-test', 'confirm', 'report'].includes(trace.step);
    return early && gone.has(key) ? [`${key} ${trace.step}`] : [];
  });
}

function judgeCanary(world: VirtualWorld): string[] {
  world.run(1000);
  world.createJob('canary', firmwareDocument('9.0.0', 16_384));
  world.runUntil(() => world.traces('finished').some(({ execution }) => execution.jobId === 'canary'), 120_000);
  const status = world.statusOf('canary');
  return status === 'SUCCEEDED' && world.board.view().runningVersion === '9.0.0' ? [] : [`V5: the canary is ${status}`];
}
