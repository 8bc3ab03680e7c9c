/**
 * Lets executions begin: in a closed loop so many are in flight and the next begins when one is done; in an open loop they begin at
 * instants that were fixed before. Counts only; what a beginning is, is its caller's business.
 */
import type { DurationMs } from '../../protocol/time.ts';
import type { Pacing } from './contract.ts';

export interface Flights {
  /** So many of those in flight are over, or do not count any more. */
  landed(count: number): void;
  /** None begins any more. */
  stop(): void;
  /** Open loop: the most by which a beginning was late. */
  readonly latestMs: DurationMs;
}

export interface FlightOptions {
  readonly pacing: Exclude<Pacing, { readonly kind: 'service' }>;
  /** May be infinite: until {@link Flights.stop}. */
  readonly total: number;
  /** @returns false when it cannot begin yet and is to be asked again */
  readonly begin: (index: number) => boolean;
  readonly now: () => DurationMs;
}

const tickMs = 5;
/** Begun in one turn, so that whoever serves them gets turns in between. */
const mostAtOnce = 200;

export function startFlights({ pacing, total, begin, now }: FlightOptions): Flights {
  const startedAt = now();
  let begun = 0;
  let landed = 0;
  let isStopped = false;
  let latestMs = 0;

  function due(): number {
    if (pacing.kind === 'window') return landed + pacing.window;
    return 1 + Math.floor(((now() - startedAt) * pacing.perSecond) / 1000);
  }

  function beginDue(): void {
    const last = Math.min(due(), total, begun + mostAtOnce);
    while (begun < last) {
      if (isStopped || !begin(begun)) break;
      if (pacing.kind === 'rate') latestMs = Math.max(latestMs, now() - startedAt - (begun * 1000) / pacing.perSecond);
      begun += 1;
    }
    if (isStopped || begun >= total) clearInterval(timer);
  }

  const timer = setInterval(beginDue, tickMs);
  beginDue();
  return {
    landed(count) {
      landed += count;
      if (pacing.kind === 'window' && begun < Math.min(landed + pacing.window, total)) beginDue();
    },
    stop() {
      isStopped = true;
      clearInterval(timer);
    },
    get latestMs() {
      return latestMs;
    },
  };
}
