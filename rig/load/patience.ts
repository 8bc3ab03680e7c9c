/**
 * How long nothing may change in a run before nothing more is waited for: some time, beside what passes without a change as it
 * was asked for, such as the pause between two updates or the interval of a slow rate.
 */
import type { DurationMs } from '../../protocol/time.ts';
import type { LoadOptions } from './load-options.ts';

const stalledMs: DurationMs = 30_000;
/** A simulated board has steps of minutes. */
const stepsMs: DurationMs = 600_000;
/** For a job of whoever operates an endpoint, a person perhaps. */
const noJobMs: DurationMs = 600_000;

type Asked = Pick<LoadOptions, 'shape' | 'pacing' | 'hardware' | 'timeScale' | 'endpoint'>;

/** @param hasJob an execution has begun */
export function patienceOf({ shape, pacing, hardware, timeScale = 1, endpoint }: Asked, hasJob: boolean): DurationMs {
  const deeds = shape.script.flatMap((entry) => entry.deeds);
  const pauses = deeds.map((deed) => (deed.do === 'rollout' ? (deed.work.pauseMs ?? 0) : 0));
  const passesMs =
    Math.max(shape.given.work.pauseMs, ...pauses) +
    shape.given.reconnectMs +
    (pacing.kind === 'rate' ? 1000 / pacing.perSecond : 0) +
    (hardware === undefined ? 0 : stepsMs / timeScale);
  return passesMs + (endpoint !== undefined && !hasJob ? noJobMs : stalledMs);
}

export interface Standstill {
  /** When something changed last. */
  readonly changedAt: () => DurationMs;
  readonly patienceMs: () => DurationMs;
  /** Told again and again, with the patience that is over. */
  readonly lasts: (patienceMs: DurationMs) => void;
}

const lookEveryMs: DurationMs = 200;

/**
 * Looks on whether something changes, from now on: what stood still before was meant to. A look counts for the time to the next one,
 * however late it comes, so that time in which this process did not run is nobody's standstill.
 * @returns ends it
 */
export function watchStandstill({ changedAt, patienceMs, lasts }: Standstill): () => void {
  let lastChangeAt = changedAt();
  let stillMs = 0;
  const watch = setInterval(() => {
    const now = changedAt();
    stillMs = now === lastChangeAt ? stillMs + lookEveryMs : 0;
    lastChangeAt = now;
    const patience = patienceMs();
    if (stillMs >= patience) lasts(patience);
  }, lookEveryMs);
  return () => clearInterval(watch);
}
