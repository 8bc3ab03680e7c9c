/**
 * V2: once told that an execution is gone, the device stops working for it. One late update is nothing; updates without end,
 * bytes asked for, and steps of the work are. What it was told counts, not what it could have known.
 */
import { identityKey, type Step } from '../../../observation/execution.ts';
import type { DeviceView } from '../../../observation/inside.ts';
import type { Observation, ObservationOf } from '../../../observation/observation.ts';
import type { DeviceMessage } from '../../../protocol/device-messages.ts';
import { isPending } from '../../../protocol/status.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import { type ClaimDefinition, pass, seconds } from '../claim.ts';
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

export const noZombieWork: ClaimDefinition = {
  id: 'V2',
  name: 'no zombie work',
  statement: 'stops working for an execution that it was told is gone',
  needs: [],
  begin(context) {
    const { record, limits, broke } = context;
    /** Updates in a row that were refused as gone, by job; one that was answered twice counts once. */
    const refusals = new Map<string, Refusals>();
    /** Jobs with an update that is not refused yet. */
    const updating = new Set<string>();
    /** Requests for bytes of what the device had been told is gone. */
    const askedFor = new Map<ExecutionRecord, number>();
    let refusedUpdates = 0;
    let lookedAt = 0;

    function refused(jobId: string, code: string, seen: ObservationOf<'received'>): void {
      if (!updating.delete(jobId)) return;
      refusedUpdates += 1;
      const known = refusals.get(jobId);
      if (known === undefined) return void refusals.set(jobId, { count: 1, firstAt: seen.at, code, evidence: [seen] });
      known.count += 1;
      known.code = code;
      if (known.evidence.length < keptRefusals) known.evidence.push(seen);
    }

    /** What it was told last may not have got as far as non-volatile memory. */
    function forgetRefusals(): void {
      refusals.clear();
      updating.clear();
    }

    /** Told for longer than work that cannot be stopped takes. */
    function isZombie(one: ExecutionRecord | undefined, at: EpochMs): one is ExecutionRecord {
      if (one === undefined || one.endedAt === undefined) return false;
      const since = doubtedSince(record, limits, one, at);
      return since !== undefined && at - since > limits.noticeMs;
    }

    function workBroke(
      one: ExecutionRecord,
      seen: Observation,
      what: string,
      sign: 'downloads-for-what-is-gone' | 'works-for-what-is-gone',
    ): void {
      const told = one.known ?? one.hinted;
      const evidence = [one.changed, told, seen];
      broke({ sign, reason: words(one, seen.at, what), evidence, since: told?.at ?? 0 });
    }

    /** What it downloads for, if that is gone for longer than a device may need to stop. */
    function zombieIn({ execution, openDownload }: DeviceView, at: EpochMs): ExecutionRecord | undefined {
      if (execution === undefined || !openDownload) return undefined;
      const one = record.byKey(record.startedAs(identityKey(execution)));
      return isZombie(one, at) ? one : undefined;
    }

    return {
      observer: {
        sent(seen) {
          const { operation, jobId } = seen.request;
          if (operation !== 'UpdateJobExecution' || jobId === undefined) return;
          updating.add(jobId);
          const refusal = refusals.get(jobId);
          if (refusal === undefined || refusal.count < limits.refusedUpdates) return;
          // Several may have been in the air at once; not that many.
          if (seen.at - refusal.firstAt < limits.crossingMs && refusal.count < 3 * limits.refusedUpdates) return;
          broke({
            sign: refusal.code === 'ResourceNotFound' ? 'updates-what-is-not-found' : 'updates-what-has-ended',
            reason: `updates ${jobId} again, after ${refusal.count} refusals (${refusal.code}) that said it is gone`,
            evidence: [...refusal.evidence.slice(-keptRefusals + 1), seen],
          });
        },
        received(seen) {
          const { message } = seen;
          if (refusals.size > 0) eachJobNamedBy(message, (named) => refusals.delete(named));
          if (message.kind !== 'reply' || message.outcome === 'accepted' || message.jobId === undefined) return;
          if (message.operation === 'UpdateJobExecution' && isFinal(message)) {
            refused(message.jobId, message.payload.code, seen);
          }
        },
        download(seen) {
          if (seen.state !== 'asked' || record.taken.size === 0) return;
          const one = record.overOf(seen.jobId, seen.executionNumber);
          if (one === undefined || doubtedSince(record, limits, one, seen.at) === undefined) return;
          const count = (askedFor.get(one) ?? 0) + 1;
          askedFor.set(one, count);
          const what = `asks for bytes${seen.blocks === undefined ? '' : ` (block ${seen.blocks.join(', ')})`}`;
          if (isZombie(one, seen.at)) workBroke(one, seen, what, 'downloads-for-what-is-gone');
          else if (count > limits.askedForWhatIsGone)
            workBroke(one, seen, `${what}, ${count} times`, 'downloads-for-what-is-gone');
        },
        power({ on }) {
          if (!on) forgetRefusals();
        },
        program(seen) {
          if (seen.event === 'exited' && seen.byRig) forgetRefusals();
        },
        'traced crash': forgetRefusals,
        'traced step'(seen) {
          const { step, execution } = seen.trace;
          if (record.taken.size === 0 || !workSteps.has(step)) return;
          const one = record.byKey(record.startedAs(identityKey(execution)));
          if (isZombie(one, seen.at)) workBroke(one, seen, `at ${step}`, 'works-for-what-is-gone');
        },
        moved(seen) {
          if (record.taken.size === 0 || seen.at - lookedAt < lookEveryMs) return;
          lookedAt = seen.at;
          const view = seen.view();
          const one = zombieIn(view, seen.at);
          if (one !== undefined) workBroke(one, seen, `downloading at ${view.step}`, 'downloads-for-what-is-gone');
        },
      },
      conclude(now) {
        // Of a device that stands still nothing moves.
        const view = record.taken.size > 0 ? record.view() : undefined;
        const one = view && zombieIn(view, now);
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
          refusedUpdates === 0
            ? 'no work on anything that was gone'
            : `${refusedUpdates} updates refused, then silence`,
        );
      },
    };
  },
};

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
