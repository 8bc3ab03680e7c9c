/**
 * V3: an image for an execution that is gone is never activated before the point of no return, which is the reboot into it;
 * past it, the device ends with exactly one bootable, confirmed image. Seen inside, or told by the firmware's own witness.
 */
import { identityKey, type ExecutionIdentity, type Step } from '../../../observation/execution.ts';
import type { DeviceView } from '../../../observation/inside.ts';
import type { Observation, ObservationOf } from '../../../observation/observation.ts';
import {
  type Break,
  type Claim,
  type ClaimContext,
  type ClaimDefinition,
  type Conclusion,
  notObserved,
  pass,
} from '../claim.ts';
import { doubtedSince } from '../record.ts';

export class NoWrongActivation implements Claim {
  static readonly definition: ClaimDefinition = {
    id: 'V3',
    name: 'no wrong activation',
    statement: 'activates no image of an execution that is gone, and ends with exactly one confirmed image',
    needs: ['inside', 'witness'],
  };
  readonly #context: ClaimContext;
  /** Executions that were gone already when the device began to activate them, the last moment to ask. */
  readonly #goneBefore = new Set<string>();
  /** The execution that the device activates. */
  #activating: string | undefined;
  #witnessed: Observation | undefined;
  #quietTimes = 0;

  constructor(context: ClaimContext) {
    this.#context = context;
  }

  onStep(step: Step, execution: ExecutionIdentity, seen: Observation): void {
    if (step !== 'reboot') this.#activating = undefined;
    if (step === 'receive') {
      if (this.#goneBefore.size > 0) this.#goneBefore.delete(identityKey(execution));
    } else if (step === 'activate') this.#activates(execution);
    // Any other reboot leads back to the image that ran before.
    else if (step === 'reboot' && this.#activating !== undefined) this.#reboots(this.#activating, execution, seen);
  }

  #activates(execution: ExecutionIdentity): void {
    const { record } = this.#context;
    const key = identityKey(execution);
    this.#activating = key;
    if (record.pendingOf(execution.jobId, execution.executionNumber)?.key === record.startedAs(key))
      this.#goneBefore.delete(key);
    else this.#goneBefore.add(key);
  }

  #reboots(activating: string, execution: ExecutionIdentity, seen: Observation): void {
    const { record, broke } = this.#context;
    const key = identityKey(execution);
    if (activating !== key) return;
    const one = record.byKey(record.startedAs(key));
    if (one?.endedAt === undefined) return;
    const told = one.known ?? one.hinted;
    if (told === undefined && !this.#goneBefore.has(key)) return;
    const reason =
      told === undefined ? 'which was gone before it asked for the last time' : 'of which it was told that it is gone';
    broke('V3', {
      sign: 'reboots-for-what-is-gone',
      reason: `reboots into the image of ${execution.jobId}, ${reason}`,
      evidence: [one.changed, told, seen],
    });
  }

  onWitness(seen: ObservationOf<'witness'>): void {
    const { record, limits, broke } = this.#context;
    if (seen.effect !== 'activated') return;
    this.#witnessed = seen;
    const { jobId, executionNumber } = seen;
    const one = jobId === undefined ? undefined : record.overOf(jobId, executionNumber);
    if (one?.isTaken !== true) return;
    const since = doubtedSince(record, limits, one, seen.at);
    if (since === undefined || seen.at - since <= limits.crossingMs) return;
    broke('V3', {
      sign: 'activates-for-what-is-gone',
      reason: `activated the image of ${jobId}, of which it was told that it is gone`,
      evidence: [one.changed, one.known ?? one.hinted, seen],
    });
  }

  onQuiet(view: DeviceView, seen: Observation | undefined): void {
    this.#quietTimes += 1;
    const wrong = slotsWrong(view);
    if (wrong !== undefined) this.#context.broke('V3', { ...wrong, evidence: [seen] });
  }

  conclude(): Conclusion {
    const { sights } = this.#context;
    if (this.#quietTimes > 0)
      return pass('runs from exactly one confirmed slot, and rebooted into nothing that was gone');
    if (sights.has('witness') && this.#witnessed !== undefined)
      return pass('activated nothing that was gone', [this.#witnessed]);
    return notObserved(
      sights.has('inside')
        ? 'the device was never idle'
        : 'the slots of this device cannot be seen, and no witness told of an activation',
    );
  }
}

function slotsWrong({ slots, activeSlot, runningVersion }: DeviceView): Pick<Break, 'sign' | 'reason'> | undefined {
  const active = slots[activeSlot];
  if (active?.state !== 'confirmed')
    return { sign: 'image-not-confirmed', reason: `the active slot is ${active?.state ?? 'missing'}` };
  if (active.version !== runningVersion)
    return {
      sign: 'wrong-slot',
      reason: `runs ${runningVersion}, and the active slot holds ${String(active.version)}`,
    };
  let confirmed = 0;
  for (const { state, version } of slots) {
    if (state === 'pending-verify')
      return { sign: 'image-not-confirmed', reason: `${String(version)} was never confirmed` };
    if (state === 'confirmed') confirmed += 1;
  }
  return confirmed === 1 ? undefined : { sign: 'wrong-slot', reason: `${confirmed} slots are confirmed at once` };
}
