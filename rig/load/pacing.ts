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
  /** Open loop: by how much the next beginning is late. */
  readonly lateMs: DurationMs;
  /** Open loop, once none begins any more: they took longer than they were meant to. */
  readonly fellBehind: boolean;
}

export interface FlightOptions {
  readonly pacing: Exclude<Pacing, { readonly kind: 'service' }>;
  /** May be infinite: until {@link Flights.stop}. */
  readonly total: number;
  /** When the first is meant to begin; default now. */
  readonly fromMs?: DurationMs;
  /** @returns false when it cannot begin yet and is to be asked again */
  readonly begin: (index: number) => boolean;
  readonly now: () => DurationMs;
}

const tickMs = 5;
/** Begun in one turn, so that whoever serves them gets turns in between. */
const mostAtOnce = 200;
/** So much longer than it was meant to, a loop was not as open as was asked for; a few ticks are nothing. */
const tooLongBy = 0.1;
const someTicksMs = 25;

export function startFlights({ pacing, total, begin, now, fromMs: startedAt = now() }: FlightOptions): Flights {
  let begun = 0;
  let landed = 0;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let lastLateMs = 0;
  let fellBehind = false;

  function dueNow(): number {
    if (pacing.kind === 'window') return landed + pacing.window;
    return 1 + Math.floor(((now() - startedAt) * pacing.perSecond) / 1000);
  }

  /** Begins what is due. A closed loop that has begun it all waits for the next landing. */
  function beginDue(): void {
    const due = Math.min(dueNow(), total);
    const last = Math.min(due, begun + mostAtOnce);
    while (begun < last) {
      if (isStopped || !begin(begun)) break;
      lastLateMs = lateMs();
      begun += 1;
    }
    clearTimeout(timer);
    if (begun >= total) end();
    else if (!isStopped && (pacing.kind === 'rate' || begun < due)) timer = setTimeout(beginDue, tickMs);
  }

  /** Of the next one that begins. */
  function lateMs(): DurationMs {
    return pacing.kind === 'rate' ? Math.max(0, now() - startedAt - (begun * 1000) / pacing.perSecond) : 0;
  }

  function end(): void {
    if (isStopped) return;
    isStopped = true;
    clearTimeout(timer);
    if (begun < total) lastLateMs = lateMs();
    fellBehind = lastLateMs > Math.max(someTicksMs, tooLongBy * (now() - startedAt - lastLateMs));
  }

  beginDue();
  return {
    landed(count) {
      landed += count;
      if (pacing.kind === 'window' && begun < Math.min(landed + pacing.window, total)) beginDue();
    },
    stop: end,
    get lateMs() {
      return isStopped ? 0 : lateMs();
    },
    get fellBehind() {
      return fellBehind;
    },
  };
}

/** For people. */
export function paceOf(pacing: Pacing): string {
  switch (pacing.kind) {
    case 'rate':
      return `${pacing.perSecond}/s`;
    case 'window':
      return `window ${pacing.window}`;
    case 'service':
      return 'at the pace of AWS';
  }
}
