/**
 * The sleep of a cellular radio (eDRX, PSM): quiet for a while, it sleeps in cycles, and what arrives meanwhile is heard at
 * the end of one. The CPU sleeps along. A sleep that outlasts the service's patience with a silent client costs the
 * connection, and with it every notification of that time. Rate and loss of messages are the link's matter (`faults/`).
 */
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { HardwareProfile } from './profile.ts';

/** Keep-alive periods of silence after which a service hangs up. Source: MQTT 3.1.1 section 3.1.2.10. */
const patience = 1.5;

export class Radio {
  readonly #activeMs: DurationMs;
  readonly #cycleMs: DurationMs;
  readonly outsleepsConnection: boolean;
  #sleepsAt: EpochMs | undefined;
  #isAsleep = false;

  constructor({ link }: HardwareProfile) {
    this.#activeMs = link.activeMs;
    this.#cycleMs = link.sleepMs;
    this.outsleepsConnection = link.sleepMs > patience * link.keepAliveMs;
  }

  get isAsleep(): boolean {
    return this.#isAsleep;
  }

  /** When it falls asleep, if nothing happens before. */
  nextDeadline(): EpochMs | undefined {
    return this.#isAsleep ? undefined : this.#sleepsAt;
  }

  fallAsleep(): void {
    this.#isAsleep = true;
  }

  /** Something happened on the device. @returns for how long it had slept before, if it had */
  wake(now: EpochMs, mayRest: boolean): DurationMs | undefined {
    const sleptMs = this.#isAsleep ? now - (this.#sleepsAt ?? now) : undefined;
    this.#isAsleep = false;
    this.#sleepsAt = mayRest && this.#cycleMs > 0 ? now + this.#activeMs : undefined;
    return sleptMs;
  }

  /** When what arrives at this instant is heard. */
  hearsAt(at: EpochMs): EpochMs {
    const from = this.#sleepsAt;
    if (from === undefined || at < from) return at;
    return from + Math.max(1, Math.ceil((at - from) / this.#cycleMs)) * this.#cycleMs;
  }
}
