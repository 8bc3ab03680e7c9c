/** How often a device fails over the time of the pull, and between which rates the true one lies. */
import type { DurationMs } from '../../protocol/time.ts';

/** A stretch of the update with how often the device did not survive a pull in it. */
interface FailureRate {
  readonly fromMs: DurationMs;
  readonly toMs: DurationMs;
  readonly pulls: number;
  readonly failed: number;
  /** Of the true rate, with 95 % confidence (Wilson). */
  readonly low: number;
  readonly high: number;
}

/** The failure rate over the time of the pull, in bins of equal length; empty bins are left out. */
export function failureRates(
  points: readonly { readonly atMs: DurationMs; readonly failed: boolean }[],
  bins: number,
): readonly FailureRate[] {
  const last = Math.max(1, ...points.map(({ atMs }) => atMs));
  const width = last / bins;
  return Array.from({ length: bins }, (_, index) => {
    const fromMs = index * width;
    const toMs = index === bins - 1 ? last : fromMs + width;
    const inside = points.filter(({ atMs }) => atMs >= fromMs && (atMs < toMs || (index === bins - 1 && atMs <= toMs)));
    const failed = inside.filter((point) => point.failed).length;
    return { fromMs, toMs, pulls: inside.length, failed, ...wilson(failed, inside.length) };
  }).filter(({ pulls }) => pulls > 0);
}

const z = 1.96;

/** Wilson's score interval: right for few trials and for rates near 0 and 1, where the plain one is not. */
export function wilson(failed: number, trials: number): { readonly low: number; readonly high: number } {
  if (trials === 0) return { low: 0, high: 1 };
  const rate = failed / trials;
  const centre = rate + (z * z) / (2 * trials);
  const spread = z * Math.sqrt((rate * (1 - rate)) / trials + (z * z) / (4 * trials * trials));
  const scale = 1 + (z * z) / trials;
  return { low: Math.max(0, (centre - spread) / scale), high: Math.min(1, (centre + spread) / scale) };
}
