/**
 * The ten claims that make up "recovered to a valid state", each as a function from what followed the pull to a finding.
 * What cannot be seen is not observed, never passed. Figures that AWS does not give are in {@link tolerance}.
 * Source: docs/recovery.md.
 */
import { steps, type Step } from '../../../observation/execution.ts';
import type { DeviceEvent } from '../../../agent/device-events.ts';
import { msPerMinute } from '../../../protocol/time.ts';
import type { DurationMs, EpochMs } from '../../../protocol/time.ts';
import { isQuiet, quietDeviceBreaks } from './quiet-device.ts';
import { deviceClaims } from '../../virtual/violation.ts';
import type { DeviceClaim } from '../../virtual/violation.ts';
import { asksForWork, deadUpdates, rejectedUpdates, workAt } from './aftermath.ts';
import type { Aftermath } from './aftermath.ts';
import { evidenceOf } from './wire-words.ts';
import type { Evidence } from './wire-words.ts';

export const claims = deviceClaims;
export type ClaimId = DeviceClaim;

export interface Finding {
  readonly claim: ClaimId;
  readonly outcome: 'pass' | 'fail' | 'not-observed';
  readonly reason: string;
  readonly evidence: readonly Evidence[];
}

/** What the verdict tolerates. Assumed: AWS gives no figures; these are generous for a device that is well. */
export const tolerance = {
  rejectedUpdates: 3,
  /** How long work may go on once the pull is beyond doubt: a flash operation under way cannot be stopped. */
  noticeMs: 10_000,
  requestsPerMinute: 30,
  boots: 3,
} as const;

type Judge = (story: Aftermath, claim: ClaimId) => Finding;

export const judges: Record<ClaimId, Judge> = {
  V1: (story, claim) => {
    const asked = asksForWork(story);
    const { settled } = story.views;
    const dead = story.pull.execution;
    if (settled !== undefined && settled.step !== 'idle' && settled.execution?.queuedAt === dead.queuedAt) {
      return fail(story, claim, `still at ${settled.step} of the dead execution`, asked);
    }
    if (story.recoveredAt === undefined)
      return fail(story, claim, `not idle ${seconds(story.settleMs)} after the pull`, asked);
    if (asked.length === 0) return fail(story, claim, 'never asked for the next job', []);
    return pass(story, claim, `idle and asking after ${seconds(story.recoveredAt - story.pull.at)}`, asked.slice(0, 1));
  },

  V2: (story, claim) => {
    const rejected = rejectedUpdates(story);
    const last = rejected[tolerance.rejectedUpdates - 1];
    const stubborn = last === undefined ? [] : deadUpdates(story).filter(({ at }) => at > last.at);
    if (stubborn.length > 0) {
      return fail(
        story,
        claim,
        `went on updating a dead execution after ${tolerance.rejectedUpdates} rejections, ${stubborn.length} times`,
        stubborn,
      );
    }
    const noticed = (story.knewAt ?? Infinity) + tolerance.noticeMs;
    const zombie = workAt(story, ['receive', 'download', 'verify', 'write']).filter(({ at }) => at > noticed);
    if (zombie.length > 0) return fail(story, claim, 'went on working for a dead execution', zombie);
    return pass(story, claim, `${rejected.length} rejected updates, then silence`, rejected);
  },

  V3: (story, claim) => {
    const reboots = workAt(story, ['reboot']).filter(({ at }) => at > (story.toldAt ?? Infinity));
    if (isUndoable(story.pull.step) && reboots.length > 0) {
      return fail(story, claim, 'rebooted into the image of a dead execution', reboots);
    }
    const view = story.views.settled;
    if (view === undefined) return notObserved(claim, 'the slots of this device cannot be seen');
    const broken = quietDeviceBreaks(view, undefined).find(({ broke }) => broke === claim);
    if (broken !== undefined) return fail(story, claim, broken.message, []);
    return pass(story, claim, `runs version ${view.runningVersion} from a confirmed slot`, []);
  },

  V4: (story, claim) => {
    const twice = Object.entries(story.views.after?.sideEffects ?? {}).filter(([, count]) => count > 1);
    if (twice.length > 0) return fail(story, claim, `done more than once: ${twice.map(([key]) => key).join(', ')}`, []);
    const { again } = story;
    if (again === undefined) return notObserved(claim, 'no job was created again under the same id');
    if (again.ended !== 'SUCCEEDED') {
      return fail(story, claim, `the re-created job ${again.jobId} ended ${again.ended ?? 'never'}`, []);
    }
    return pass(story, claim, `the re-created job ran as execution ${again.executionNumber ?? '?'}`, []);
  },

  V5: (story, claim) => {
    const { canary } = story;
    if (canary === undefined) return notObserved(claim, 'no canary job was given');
    if (canary.ended === 'FAILED' && canary.interrupted) {
      return notObserved(claim, 'the device reset while it ran the canary job');
    }
    if (canary.ended !== 'SUCCEEDED') return fail(story, claim, `the canary job ended ${canary.ended ?? 'never'}`, []);
    return pass(story, claim, 'the canary job succeeded', []);
  },

  V6: (story, claim) => {
    const sent = story.after.filter(({ kind }) => kind === 'sent');
    const busiest = busiestMinute(sent.map(({ at }) => at));
    const outcome = busiest > tolerance.requestsPerMinute ? fail : pass;
    return outcome(story, claim, `${busiest} requests in the busiest minute after the pull`, []);
  },

  V7: (story, claim) => {
    const { settled, afterPowerCut } = story.views;
    if (settled === undefined) return notObserved(claim, 'the memory of this device cannot be seen');
    if (settled.checkpoint !== undefined) return fail(story, claim, 'a checkpoint of the dead execution is left', []);
    if (afterPowerCut === undefined) return pass(story, claim, 'no checkpoint is left', []);
    if (afterPowerCut.checkpoint !== undefined || afterPowerCut.step !== 'idle') {
      return fail(story, claim, `a ghost job after a power cut, at ${afterPowerCut.step}`, []);
    }
    return pass(story, claim, 'no checkpoint is left, and none came back after a power cut', []);
  },

  V8: (story, claim) => {
    const boots = story.after.filter((event) => event.kind === 'trace' && event.trace.kind === 'boot');
    const powerCuts = story.after.filter((event) => event.kind === 'power' && event.on).length;
    const outcome = boots.length - powerCuts > tolerance.boots ? fail : pass;
    const explained = powerCuts === 0 ? '' : `, ${powerCuts} of them after a power cut`;
    return outcome(story, claim, `${boots.length} boots after the pull${explained}`, boots);
  },

  V9: (story, claim) => {
    const { after } = story.views;
    if (after === undefined || story.expectedVersion === undefined || story.again?.ended !== 'SUCCEEDED') {
      return notObserved(claim, 'no later job reported a version');
    }
    if (after.runningVersion !== story.expectedVersion) {
      return fail(story, claim, `reported ${story.expectedVersion}, runs ${after.runningVersion}`, []);
    }
    return pass(story, claim, `both say ${after.runningVersion}`, []);
  },

  V10: (story, claim) => {
    const { before, after } = story.views;
    if (before === undefined || after === undefined) return notObserved(claim, 'the RAM of this device cannot be seen');
    if (after.step !== 'idle') return fail(story, claim, `not idle at the end but at ${after.step}`, []);
    // A connection has its buffers.
    if (!isQuiet(before) || !after.connected) {
      return notObserved(claim, 'the device was not connected both before and after');
    }
    const left = quietDeviceBreaks(after, before.ram.usedBytes).find(({ broke }) => broke === claim);
    if (left !== undefined) return fail(story, claim, left.message, []);
    return pass(story, claim, `idle with ${after.ram.usedBytes} bytes of RAM in use, as before`, []);
  },
};

/** Before the reboot into the new image a pull must be undone; from it on, finished to one confirmed image. */
function isUndoable(step: Step): boolean {
  return steps.indexOf(step) < steps.indexOf('reboot');
}

/** The largest number of instants in any span of one minute. */
function busiestMinute(instants: readonly EpochMs[]): number {
  let busiest = 0;
  let first = 0;
  instants.forEach((at, index) => {
    while (at - instants[first]! >= msPerMinute) first += 1;
    busiest = Math.max(busiest, index - first + 1);
  });
  return busiest;
}

/** Enough to see what happened; a device gone mad sends thousands. */
const evidenceShown = 12;

function found(outcome: 'pass' | 'fail') {
  return (story: Aftermath, claim: ClaimId, reason: string, events: readonly DeviceEvent[]): Finding => ({
    claim,
    outcome,
    reason,
    evidence: events.slice(0, evidenceShown).map((event) => evidenceOf(story.thingName, event)),
  });
}
const pass = found('pass');
const fail = found('fail');

function notObserved(claim: ClaimId, reason: string): Finding {
  return { claim, outcome: 'not-observed', reason, evidence: [] };
}

function seconds(ms: DurationMs): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
