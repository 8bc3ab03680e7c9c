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
