/**
 * How many executions a rollout may release in a minute: a constant rate, or one that grows by a factor each time a counter
 * reaches the next multiple of a threshold. Minutes are counted from the beginning of the rollout; the counter is read when a
 * minute begins, the configuration whenever it is asked for, so that UpdateJob takes effect at once. A service that was away
 * does not make up for the minutes it missed.
 * Source: reference configs.md §1.
 */
import type { ExponentialRolloutRate } from '../../../protocol/aws/iot.ts';
import { maxRolloutPerMinute } from '../../../protocol/limits.ts';
import { msPerMinute, type EpochMs } from '../../../protocol/time.ts';
import type { RolloutMinute } from '../rows.ts';
import type { Job } from '../state.ts';

/** The minute that `now` lies in, given the last one. */
export function minuteAt(last: RolloutMinute | undefined, { counts }: Job, now: EpochMs): RolloutMinute {
  if (last !== undefined && now < endOf(last)) return last;
  const releasedBefore = last === undefined ? 0 : last.releasedBefore + last.released;
  return { startedAt: now, released: 0, releasedBefore, succeededBefore: counts.SUCCEEDED };
}

/** How many more executions may be released in this minute. */
export function allowance(job: Job, minute: RolloutMinute): number {
  return Math.max(0, ratePerMinute(job, minute) - minute.released);
}

/** When the next execution may be released. */
export function nextReleaseAt(job: Job, minute: RolloutMinute, now: EpochMs): EpochMs {
  return allowance(job, minute) > 0 ? now : endOf(minute);
}

function ratePerMinute({ row }: Job, minute: RolloutMinute): number {
  const { maximumPerMinute = maxRolloutPerMinute, exponentialRate } = row.jobExecutionsRolloutConfig ?? {};
  if (exponentialRate === undefined) return maximumPerMinute;
  const { baseRatePerMinute, incrementFactor } = exponentialRate;
  const rate = baseRatePerMinute * incrementFactor ** increases(exponentialRate, minute);
  return Math.min(maximumPerMinute, Math.floor(rate));
}

function increases({ rateIncreaseCriteria }: ExponentialRolloutRate, minute: RolloutMinute): number {
  const { numberOfNotifiedThings, numberOfSucceededThings } = rateIncreaseCriteria;
  if (numberOfNotifiedThings !== undefined) return Math.floor(minute.releasedBefore / numberOfNotifiedThings);
  return numberOfSucceededThings === undefined ? 0 : Math.floor(minute.succeededBefore / numberOfSucceededThings);
}

function endOf({ startedAt }: RolloutMinute): EpochMs {
  return startedAt + msPerMinute;
}
