/** Clocks of two machines: nothing depends on them, but whoever compares logs, or signs requests, has to know that they differ. */
import type { DurationMs } from '../../protocol/time.ts';

/** Machines that ask a time server differ by less. */
const usualDifferenceMs = 60_000;

/** @param aheadMs how far the other clock is ahead of this one @param tell gets it in words, where it is much */
export function tellOfClock(aheadMs: DurationMs, tell: (difference: string) => void): void {
  const minutes = Math.round(Math.abs(aheadMs) / 60_000);
  if (Math.abs(aheadMs) < usualDifferenceMs) return;
  tell(`${minutes} min ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine's clock`);
}
