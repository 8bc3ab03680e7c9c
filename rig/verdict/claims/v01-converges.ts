/**
 * V1: after whatever happened the device ends idle, or runs what `$next` returns. On the wire: nothing waits for it longer than
 * a device may let it wait. Inside: it is at no step, and holds nothing.
 */
import type { ObservationOf } from '../../../observation/observation.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import {
  type Claim,
  type ClaimContext,
  type ClaimDefinition,
  type Conclusion,
  notObserved,
  pass,
  seconds,
} from '../claim.ts';
import { isQuiet } from '../quiet.ts';
import type { ExecutionRecord } from '../execution-records.ts';
import { waitingTooLong } from '../waiting.ts';

export class Converges implements Claim {
  static readonly definition: ClaimDefinition = {
    id: 'V1',
    name: 'converges',
    statement: 'ends idle, or running what `$next` returns',
    needs: [],
  };
  readonly #context: ClaimContext;

  constructor(context: ClaimContext) {
    this.#context = context;
  }

  onHung(seen: ObservationOf<'hung'>): void {
    const { record, broke } = this.#context;
    broke('V1', {
      sign: 'call-not-returned',
      reason: `hangs after ${seen.after}: the call did not return, and was cut`,
      evidence: [record.lastReceived, seen],
    });
  }

  conclude(now: EpochMs): Conclusion {
    const { record, limits } = this.#context;
    const waiting = waitingTooLong(this.#context, now).find(({ claim }) => claim === 'V1');
    if (waiting !== undefined) return { outcome: 'fail', ...waiting };
    const view = record.view();
    if (view !== undefined && record.isPowered && record.pending.length === 0 && !isQuiet(view)) {
      const since = Math.max(record.lastEndAt, record.disturbedAt);
      const at =
        view.step === 'idle' ? (view.connected ? 'with a download open' : 'and not connected') : `at ${view.step}`;
      if (now - since > limits.settleMs) {
        const reason = `not idle but ${at}, ${seconds(now - since)} after everything was over`;
        return {
          outcome: 'fail',
          sign: 'not-idle',
          reason,
          since,
          evidence: [record.lastReceived, record.lastSent],
        };
      }
      return {
        outcome: 'inconclusive',
        reason: `not idle yet but ${at}, ${seconds(now - since)} after the last job ended`,
      };
    }
    if (record.executions === 0) return notObserved('the device was given no job');
    const [taken] = [...record.remembered()].filter(({ isTaken }) => isTaken).slice(-1);
    if (taken === undefined) return pass('every job came to an end', [record.lastSent]);
    return this.#afterPull(taken);
  }

  #afterPull(taken: ExecutionRecord): Conclusion {
    const { record } = this.#context;
    const since = taken.known?.at ?? taken.hinted?.at ?? taken.endedAt ?? 0;
    const asked = record.lastSent !== undefined && record.lastSent.at >= (taken.endedAt ?? 0);
    const later = [...record.remembered()].some(
      ({ created, startedAt }) =>
        created.at >= taken.created.at && startedAt !== undefined && startedAt >= (taken.endedAt ?? 0),
    );
    if (!asked && !later && record.view() === undefined) {
      return notObserved('the device said nothing after the pull, and was given no other job');
    }
    return pass(`went on ${seconds(Math.max(0, (record.lastSent?.at ?? since) - since))} after it knew of the pull`, [
      taken.changed,
      record.lastSent,
    ]);
  }
}
