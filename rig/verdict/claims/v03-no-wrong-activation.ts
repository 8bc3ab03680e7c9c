/**
 * V3: an image for an execution that is gone is never activated before the point of no return, which is the reboot into it;
 * past it, the device ends with exactly one bootable, confirmed image. Seen inside, or told by the firmware's own witness.
 */
import { identityKey, type ExecutionIdentity, type Step } from '../../../observation/execution.ts';
import type { DeviceView } from '../../../observation/inside.ts';
import type { Observation } from '../../../observation/observation.ts';
import { type Break, type ClaimDefinition, notObserved, pass } from '../claim.ts';
import { doubtedSince } from '../record.ts';

export const noWrongActivation: ClaimDefinition = {
  id: 'V3',
  name: 'no wrong activation',
  statement: 'activates no image of an execution that is gone, and ends with exactly one confirmed image',
  needs: ['inside', 'witness'],
  begin(context) {
    const { record, limits, broke, sights } = context;
    /** Executions that were gone already when the device began to activate them, the last moment to ask. */
    const goneBefore = new Set<string>();
    /** The execution that the device activates. */
    let activating: string | undefined;
    let witnessed: Observation | undefined;
    let quietTimes = 0;

    function atStep(step: Step, execution: ExecutionIdentity, seen: Observation): void {
      const key = identityKey(execution);
      const started = record.startedAs(key);
      if (step === 'activate') {
        activating = key;
        if (record.pendingOf(execution.jobId, execution.executionNumber)?.key === started) goneBefore.delete(key);
        else goneBefore.add(key);
        return;
      }
      // Any other reboot leads back to the image that ran before.
      if (activating !== key) return;
      const one = record.byKey(started);
      if (one?.endedAt === undefined) return;
      const told = one.known ?? one.hinted;
      if (told === undefined && !goneBefore.has(key)) return;
      const reason =
        told === undefined
          ? 'which was gone before it asked for the last time'
          : 'of which it was told that it is gone';
      broke({
        sign: 'reboots-for-what-is-gone',
        reason: `reboots into the image of ${execution.jobId}, ${reason}`,
        evidence: [one.changed, told, seen],
      });
    }

    return {
      observer: {
        'traced step'(seen) {
          const { step, execution } = seen.trace;
          if (step !== 'reboot') activating = undefined;
          if (step === 'receive') goneBefore.delete(identityKey(execution));
          else if (step === 'activate' || step === 'reboot') atStep(step, execution, seen);
        },
        witness(seen) {
          if (seen.effect !== 'activated') return;
          witnessed = seen;
          const { jobId, executionNumber } = seen;
          const one = jobId === undefined ? undefined : record.overOf(jobId, executionNumber);
          if (one?.isTaken !== true) return;
          const since = doubtedSince(record, limits, one, seen.at);
          if (since === undefined || seen.at - since <= limits.crossingMs) return;
          broke({
            sign: 'activates-for-what-is-gone',
            reason: `activated the image of ${jobId}, of which it was told that it is gone`,
            evidence: [one.changed, one.known ?? one.hinted, seen],
          });
        },
      },
      quiet(view, seen) {
        quietTimes += 1;
        const wrong = slotsWrong(view);
        if (wrong !== undefined) broke({ ...wrong, evidence: [seen] });
      },
      conclude() {
        if (quietTimes > 0)
          return pass('runs from exactly one confirmed slot, and rebooted into nothing that was gone');
        if (sights.has('witness') && witnessed !== undefined)
          return pass('activated nothing that was gone', [witnessed]);
        return notObserved(
          sights.has('inside')
            ? 'the device was never idle'
            : 'the slots of this device cannot be seen, and no witness told of an activation',
        );
      },
    };
  },
};

function slotsWrong({ slots, activeSlot, runningVersion }: DeviceView): Pick<Break, 'sign' | 'reason'> | undefined {
  const active = slots[activeSlot];
  if (active?.state !== 'confirmed')
    return { sign: 'image-not-confirmed', reason: `the active slot is ${active?.state ?? 'missing'}` };
  if (active.version !== runningVersion)
    return {
      sign: 'wrong-slot',
      reason: `runs ${runningVersion}, and the active slot holds ${String(active.version)}`,
    };
  const pending = slots.find(({ state }) => state === 'pending-verify');
  if (pending !== undefined)
    return { sign: 'image-not-confirmed', reason: `${String(pending.version)} was never confirmed` };
  const confirmed = slots.filter(({ state }) => state === 'confirmed').length;
  return confirmed === 1 ? undefined : { sign: 'wrong-slot', reason: `${confirmed} slots are confirmed at once` };
}
