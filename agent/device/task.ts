/**
 * One operation of the hardware under way: when it began, when it ends, what has happened by then or by a power cut, and for
 * how long the CPU stands still in it. Erases come first in a write and one after another; between two of them a driver that
 * slices its work lets the CPU look up and feeds the watchdog, one that does not is bitten if it takes too long.
 */
import type { DurationMs, EpochMs } from '../../protocol/time.ts';

/** Erases in a row, each as long as the others, during which the CPU stands still. */
export interface Stall {
  readonly eachMs: DurationMs;
  readonly count: number;
  /** Whether the CPU looks up between two. */
  readonly isSliced: boolean;
}

export interface Task<OperationFailure> {
  readonly startedAt: EpochMs;
  readonly endsAt: EpochMs;
  /** How it ends; absent: well. */
  readonly failure: OperationFailure | undefined;
  /** What has happened by the end, or by the cut; absent: nothing that stays. */
  readonly settle: ((isWhole: boolean, elapsedMs: DurationMs) => void) | undefined;
  readonly stall: Stall | undefined;
  readonly ends: 'operation' | 'boot' | 'watchdog';
  /** It needs the network, and stands still without. */
  readonly isDownload: boolean;
  /** While it stands still, and may go on: what is left to do, and how it then ends. */
  readonly goesOn: { readonly leftMs: DurationMs; readonly failure: OperationFailure | undefined } | undefined;
}

/** Assumed: a download that gets no byte for so long has failed; TCP gives up after some minutes. */
const silenceMs: DurationMs = 300_000;

/** Nobody says so when bytes do not come any more: after a while the download has failed. */
export function standingStill<OperationFailure>(
  task: Task<OperationFailure>,
  now: EpochMs,
  failure: OperationFailure,
): Task<OperationFailure> {
  const goesOn = { leftMs: task.endsAt - now, failure: task.failure };
  return { ...task, goesOn, endsAt: now + silenceMs, failure };
}

/** The network is back: it goes on where it was, if it was going. */
export function goingOn<OperationFailure>(task: Task<OperationFailure>, now: EpochMs): Task<OperationFailure> {
  const { goesOn } = task;
  return goesOn === undefined
    ? task
    : { ...task, goesOn: undefined, endsAt: Math.ceil(now + goesOn.leftMs), failure: goesOn.failure };
}

/** The longest that the CPU stands still in one go. */
export function longestStallMs({ eachMs, count, isSliced }: Stall): DurationMs {
  return isSliced ? eachMs : eachMs * count;
}

/** When the CPU can next do something else, from this instant on. */
export function freeAt<OperationFailure>({ startedAt, stall }: Task<OperationFailure>, at: EpochMs): EpochMs {
  if (stall === undefined || stall.eachMs <= 0) return at;
  const { eachMs, count, isSliced } = stall;
  const stalledUntil = Math.ceil(startedAt + onGrain(eachMs * count));
  if (at >= stalledUntil) return at;
  if (!isSliced) return stalledUntil;
  const erased = Math.floor((at - startedAt) / eachMs);
  const lastEnd = Math.ceil(startedAt + onGrain(erased * eachMs));
  return erased > 0 && at === lastEnd ? at : Math.ceil(startedAt + onGrain((erased + 1) * eachMs));
}

/** To 1/4096 ms, as exact as an instant of today is: what is due when does not depend on when time began. */
function onGrain(ms: DurationMs): DurationMs {
  return Math.round(ms * 4096) / 4096;
}
