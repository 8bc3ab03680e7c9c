/**
 * What firmware knows of the time: how long it has been up, and, from the time sync on, what time it is. Until then its wall
 * clock counts from 1970, as a clock without a battery does after every boot, and then it leaps by half a century. A deadline
 * kept in one of the two is only right in the same one.
 */
import type { DurationMs, EpochMs } from '../../protocol/time.ts';

/** Whose minutes the firmware counts its pauses in. */
export type TimeBase = 'uptime' | 'wall-clock';

export class FirmwareClock {
  readonly #base: TimeBase;
  #bootedAt: EpochMs = 0;
  #setAt: EpochMs = 0;

  constructor(base: TimeBase) {
    this.#base = base;
  }

  /** The application starts. */
  start(now: EpochMs, timeSyncMs: DurationMs): void {
    this.#bootedAt = now;
    this.#setAt = now + timeSyncMs;
  }

  get setAt(): EpochMs {
    return this.#setAt;
  }

  isSet(now: EpochMs): boolean {
    return now >= this.#setAt;
  }

  /** What the firmware takes this instant for. */
  read(now: EpochMs): EpochMs {
    return now - this.#behindMs(now);
  }

  /** When the firmware, as it reads its clock now, thinks that this time has come. */
  instantOf(time: EpochMs, now: EpochMs): EpochMs {
    return time + this.#behindMs(now);
  }

  #behindMs(now: EpochMs): DurationMs {
    return this.#base === 'wall-clock' && this.isSet(now) ? 0 : this.#bootedAt;
  }
}
