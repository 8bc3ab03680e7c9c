/**
 * V5: a canary job after everything else completes without a power cycle. What the canary is and how it must end is an expected
 * ending of the scenario (expectations.ts); beside it, any later job that the device ended by itself speaks for the claim.
 */
import type { EpochMs } from '../../../protocol/time.ts';
import { type Claim, type ClaimContext, type ClaimDefinition, type Conclusion, notObserved, pass } from '../claim.ts';
import { waitingTooLong } from '../waiting.ts';

export class TakesTheNextJob implements Claim {
  static readonly definition: ClaimDefinition = {
    id: 'V5',
    name: 'takes the next job',
    statement: 'completes the job that follows, without a power cycle',
    needs: [],
  };
  readonly #context: ClaimContext;

  constructor(context: ClaimContext) {
    this.#context = context;
  }

  conclude(now: EpochMs): Conclusion {
    const ignored = waitingTooLong(this.#context, now).find(({ claim }) => claim === 'V5');
    if (ignored !== undefined) return { outcome: 'fail', ...ignored };
    const all = [...this.#context.record.remembered()];
    const later = all.findLast(
      (one, index) =>
        one.changed.by === 'device' &&
        one.endedAt !== undefined &&
        all.slice(0, index).some(({ endedAt }) => endedAt !== undefined && endedAt <= one.created.at),
    );
    if (later === undefined) return notObserved('no job followed');
    return pass(`ended ${later.identity.jobId}, which followed: ${later.status}`, [later.created, later.changed]);
  }
}
