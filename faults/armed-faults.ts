/**
 * Faults that wait for their occasion: each is injected so many times, or whenever it applies for so long. Asking counts. A
 * scenario arms them; the station and the service's doors ask.
 */
import type { DurationMs, EpochMs } from '../protocol/time.ts';

/** How long a fault lasts: so many times, or for so long; neither: once. */
export interface Extent {
  readonly times?: number;
  readonly forMs?: DurationMs;
}

interface Armed<Fault> {
  readonly fault: Fault;
  readonly until: EpochMs;
  timesLeft: number;
}

export class ArmedFaults<Fault> {
  #armed: Armed<Fault>[] = [];

  arm(fault: Fault, { times, forMs }: Extent, now: EpochMs): void {
    const until = forMs === undefined ? Infinity : now + forMs;
    this.#armed.push({ fault, until, timesLeft: times ?? (forMs === undefined ? 1 : Infinity) });
  }

  get isEmpty(): boolean {
    return this.#armed.length === 0;
  }

  /** The first fault that applies, which is used up by that once; `undefined`: none. */
  take(now: EpochMs, applies: (fault: Fault) => boolean): Fault | undefined {
    const found = this.#armed.find(({ fault, until, timesLeft }) => timesLeft > 0 && now < until && applies(fault));
    if (found === undefined) return undefined;
    found.timesLeft -= 1;
    this.#armed = this.#armed.filter(({ until, timesLeft }) => timesLeft > 0 && now < until);
    return found.fault;
  }

  clear(): void {
    this.#armed = [];
  }
}
