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
  /** What has happened by the end, or by the cut. */
  readonly settle: (elapsedMs: DurationMs, isWhole: boolean) => OperationFailure | undefined;
  readonly stall: Stall | undefined;
  readonly ends: 'operation' | 'boot' | 'watchdog';
  /** It needs the network, and stands still without. */
  readonly isDownload?: true;
  /** While it stands still: what is left to do, and what then happens. */
  readonly leftMs?: DurationMs;
  readonly goesOn?: Task<OperationFailure>['settle'] | undefined;
}

/** Assumed: a download that gets no byte for so long has failed; TCP gives up after some minutes. */
const silenceMs: DurationMs = 300_000;

/** Nobody says so when bytes do not come any more: after a while the download has failed. */
export function standingStill<OperationFailure>(
  task: Task<OperationFailure>,
  now: EpochMs,
  failure: OperationFailure,
): Task<OperationFailure> {
  const { endsAt, settle } = task;
  return { ...task, leftMs: endsAt - now, goesOn: settle, endsAt: now + silenceMs, settle: () => failure };
}

/** The network is back: it goes on where it was, if it was going. */
export function goingOn<OperationFailure>(task: Task<OperationFailure>, now: EpochMs): Task<OperationFailure> {
  const { goesOn, leftMs = 0 } = task;
  return goesOn === undefined ? task : { ...task, endsAt: Math.ceil(now + leftMs), settle: goesOn };
}

/** The longest that the CPU stands still in one go. */
export function longestStallMs({ eachMs, count, isSliced }: Stall): DurationMs {
  return isSliced ? eachMs : eachMs * count;
}

/** When the CPU can next do something else, from this instant on. */
export function freeAt<OperationFailure>({ startedAt, stall }: Task<OperationFailure>, at: EpochMs): EpochMs {
  if (stall === undefined || stall.eachMs <= 0) return at;
  const { eachMs, count, isSliced } = stall;
  const stalledUntil = Math.ceil(startedAt + eachMs * count);
  if (at >= stalledUntil) return at;
  if (!isSliced) return stalledUntil;
  const erased = Math.floor((at - startedAt) / eachMs);
  const lastEnd = Math.ceil(startedAt + erased * eachMs);
  return erased > 0 && at === lastEnd ? at : Math.ceil(startedAt + (erased + 1) * eachMs);
}
