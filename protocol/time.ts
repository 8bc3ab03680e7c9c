/**
 * Time units. Inside jobrig every instant is epoch milliseconds and every span is milliseconds; AWS's doors differ:
 * MQTT and the Jobs data plane write whole epoch seconds, the control plane writes seconds with milliseconds as a
 * fraction (reference: mqtt-api.md §1, http-api.md §1, ambiguities.md A1).
 */

/** An instant: milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

/** A span of time in milliseconds. */
export type DurationMs = number;

/** Whole seconds since 1970, as MQTT and the data plane write them. */
export type EpochSeconds = number;

export const msPerSecond = 1000;
export const msPerMinute = 60_000;
export const msPerDay = 86_400_000;

/** The longest that a timer waits; one that is set to more rings at once. Some 24.8 days. */
export const longestTimerMs: DurationMs = 2 ** 31 - 1;

/** An instant as MQTT and the data plane write it: rounded down to whole seconds. */
export function toEpochSeconds(at: EpochMs): EpochSeconds {
  return Math.floor(at / msPerSecond);
}

/** An instant as the control plane writes it: seconds, milliseconds as a fraction. */
export function toFractionalEpochSeconds(at: EpochMs): number {
  return at / msPerSecond;
}

/**
 * `approximateSecondsBeforeTimedOut`: the whole seconds that end before the deadline.
 * Observed: 599 right after a start with ten minutes (reference mqtt-api.md §4).
 */
export function secondsBefore(deadline: EpochMs, at: EpochMs): number {
  return Math.max(0, Math.ceil((deadline - at) / msPerSecond) - 1);
}
