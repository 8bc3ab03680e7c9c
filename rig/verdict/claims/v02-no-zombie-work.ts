/**
 * V2: once told that an execution is gone, the device stops working for it. One late update is nothing; updates without end,
 * bytes asked for, and steps of the work are. What it was told counts, not what it could have known.
 */
import { identityKey, type ExecutionIdentity, type Step } from '../../../observation/execution.ts';
import type { DeviceView } from '../../../observation/inside.ts';
import type { Observation, ObservationOf } from '../../../observation/observation.ts';
import type { DeviceMessage } from '../../../protocol/device-messages.ts';
import { isPending } from '../../../protocol/status.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import { type Claim, type ClaimContext, type ClaimDefinition, type Conclusion, pass, seconds } from '../claim.ts';
import { doubtedSince } from '../record.ts';
import type { ExecutionRecord } from '../execution-records.ts';
import { eachJobNamedBy, goneCodes } from '../told.ts';

type RejectedMessage = Extract<DeviceMessage, { readonly kind: 'reply'; readonly outcome: 'rejected' }>;

interface Refusals {
  count: number;
  readonly firstAt: EpochMs;
  code: string;
  readonly evidence: Observation[];
}

const workSteps: ReadonlySet<Step> = new Set(['receive', 'download', 'verify', 'write', 'activate']);
/** How often the inside is looked at while something is gone. */
const lookEveryMs = 1000;
/** Kept of the refusals of one job. */
const keptRefusals = 12;

export class NoZombieWork implements Claim {
  static readonly definition: ClaimDefinition = {
    id: 'V2',
    name: 'no zombie work',
    statement: 'stops working for an execution that it was told is gone',
    needs: [],
  };
  readonly #context: ClaimContext;
  /** Updates in a row that were refused as gone, by job; one that was answered twice counts once. */
  readonly #refusals = new Map<string, Refusals>();
  /** Jobs with an update that is not refused yet. */
  readonly #updating = new Set<string>();
  /** Requests for bytes of what the device had been told is gone. */
  readonly #askedFor = new Map<ExecutionRecord, number>();
  #refusedUpdates = 0;
  #lookedAt = 0;

  constructor(context: ClaimContext) {
    this.#context = context;
  }

  onSent(seen: ObservationOf<'sent'>): void {
    const { operation, jobId } = seen.request;
    if (operation !== 'UpdateJobExecution' || jobId === undefined) return;
    this.#updating.add(jobId);
    const refusal = this.#refusals.size === 0 ? undefined : this.#refusals.get(jobId);
    const { limits, broke } = this.#context;
    if (refusal === undefined || refusal.count < limits.refusedUpdates) return;
    // Several may have been in the air at once; not that many.
    if (seen.at - refusal.firstAt < limits.crossingMs && refusal.count < 3 * limits.refusedUpdates) return;
    broke('V2', {
      sign: refusal.code === 'ResourceNotFound' ? 'updates-what-is-not-found' : 'updates-what-has-ended',
      reason: `updates ${jobId} again, after ${refusal.count} refusals (${refusal.code}) that said it is gone`,
      evidence: [...refusal.evidence.slice(-keptRefusals + 1), seen],
    });
  }

  onReceived(seen: ObservationOf<'received'>): void {
    const { message } = seen;
    if (this.#refusals.size > 0) this.#forgetNamedBy(message);
    if (message.kind !== 'reply' || message.outcome === 'accepted' || message.jobId === undefined) return;
    if (message.operation === 'UpdateJobExecution' && isFinal(message)) {
      this.#refused(message.jobId, message.payload.code, seen);
    }
  }

  onDownload(seen: ObservationOf<'download'>): void {
    const { record, limits } = this.#context;
    if (seen.state !== 'asked' || record.taken.size === 0) return;
    const one = record.overOf(seen.jobId, seen.executionNumber);
    if (one === undefined || doubtedSince(record, limits, one, seen.at) === undefined) return;
    const count = (this.#askedFor.get(one) ?? 0) + 1;
    this.#askedFor.set(one, count);
    const what = `asks for bytes${seen.blocks === undefined ? '' : ` (block ${seen.blocks.join(', ')})`}`;
    if (this.#isZombie(one, seen.at)) this.#workBroke(one, seen, what, 'downloads-for-what-is-gone');
    else if (count > limits.askedForWhatIsGone)
      this.#workBroke(one, seen, `${what}, ${count} times`, 'downloads-for-what-is-gone');
  }

  onPower({ on }: ObservationOf<'power'>): void {
    if (!on) this.#forgetRefusals();
  }

  onProgram(seen: ObservationOf<'program'>): void {
    if (seen.event === 'exited' && seen.byRig) this.#forgetRefusals();
  }

  onCrash(): void {
    this.#forgetRefusals();
  }

  onStep(step: Step, execution: ExecutionIdentity, seen: Observation): void {
    const { record } = this.#context;
    if (record.taken.size === 0 || !workSteps.has(step)) return;
    const one = record.byKey(record.startedAs(identityKey(execution)));
    if (this.#isZombie(one, seen.at)) this.#workBroke(one, seen, `at ${step}`, 'works-for-what-is-gone');
  }

  onMoved(seen: ObservationOf<'moved'>): void {
    if (this.#context.record.taken.size === 0 || seen.at - this.#lookedAt < lookEveryMs) return;
    this.#lookedAt = seen.at;
    const view = seen.view();
    const one = this.#zombieIn(view, seen.at);
    if (one !== undefined) this.#workBroke(one, seen, `downloading at ${view.step}`, 'downloads-for-what-is-gone');
  }

  conclude(now: EpochMs): Conclusion {
    const { record } = this.#context;
    // Of a device that stands still nothing moves.
    const view = record.taken.size > 0 ? record.view() : undefined;
    const one = view && this.#zombieIn(view, now);
    if (view !== undefined && one !== undefined) {
      const told = one.known ?? one.hinted ?? one.changed;
      const reason = words(one, now, `downloading at ${view.step}`);
      return {
        outcome: 'fail',
        sign: 'downloads-for-what-is-gone',
        reason,
        evidence: [one.changed, told],
        since: told.at,
      };
    }
    return pass(
      this.#refusedUpdates === 0
        ? 'no work on anything that was gone'
        : `${this.#refusedUpdates} updates refused, then silence`,
    );
  }

  #refused(jobId: string, code: string, seen: ObservationOf<'received'>): void {
    if (!this.#updating.delete(jobId)) return;
    this.#refusedUpdates += 1;
    const known = this.#refusals.get(jobId);
    if (known === undefined)
      return void this.#refusals.set(jobId, { count: 1, firstAt: seen.at, code, evidence: [seen] });
    known.count += 1;
    known.code = code;
    if (known.evidence.length < keptRefusals) known.evidence.push(seen);
  }

  #forgetNamedBy(message: DeviceMessage): void {
    eachJobNamedBy(message, (named) => this.#refusals.delete(named));
  }

  /** What it was told last may not have got as far as non-volatile memory. */
  #forgetRefusals(): void {
    this.#refusals.clear();
    this.#updating.clear();
  }

  /** Told for longer than work that cannot be stopped takes. */
  #isZombie(one: ExecutionRecord | undefined, at: EpochMs): one is ExecutionRecord {
    const { record, limits } = this.#context;
    if (one === undefined || one.endedAt === undefined) return false;
    const since = doubtedSince(record, limits, one, at);
    return since !== undefined && at - since > limits.noticeMs;
  }

  #workBroke(
    one: ExecutionRecord,
    seen: Observation,
    what: string,
    sign: 'downloads-for-what-is-gone' | 'works-for-what-is-gone',
  ): void {
    const told = one.known ?? one.hinted;
    const evidence = [one.changed, told, seen];
    this.#context.broke('V2', { sign, reason: words(one, seen.at, what), evidence, since: told?.at ?? 0 });
  }

  /** What it downloads for, if that is gone for longer than a device may need to stop. */
  #zombieIn({ execution, openDownload }: DeviceView, at: EpochMs): ExecutionRecord | undefined {
    const { record } = this.#context;
    if (execution === undefined || !openDownload) return undefined;
    const one = record.byKey(record.startedAs(identityKey(execution)));
    return this.#isZombie(one, at) ? one : undefined;
  }
}

function words(one: ExecutionRecord, at: EpochMs, what: string): string {
  const since = (one.known ?? one.hinted)?.at ?? 0;
  return `still ${what} for ${one.identity.jobId}, ${seconds(at - since)} after it was told that it is gone`;
}

/** The refusal says that the execution is over, by its code or by the state that it carries. */
function isFinal({ payload }: RejectedMessage): boolean {
  if (goneCodes.has(payload.code)) return true;
  const state = payload.executionState?.status;
  return payload.code === 'VersionMismatch' && state !== undefined && !isPending(state);
}
