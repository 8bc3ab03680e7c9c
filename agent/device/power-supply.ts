/**
 * The supply, and what sending does to it: a radio draws its current in bursts, and a weak battery that has not rested since
 * the last one may sag below the brown-out detector's level, which resets the device. Models the sag, not the charge: a
 * supply that is strong enough for any burst never gives way. Source: recovery-bugs.md R72.
 */
import type { Chance } from '../../faults/chance.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { HardwareProfile } from './profile.ts';

export class PowerSupply {
  readonly #figures: HardwareProfile['power'];
  readonly #chance: Chance;
  readonly #isWeak: boolean;
  #sentAt: EpochMs = -Infinity;

  constructor({ power }: HardwareProfile, chance: Chance) {
    this.#figures = power;
    this.#chance = chance;
    this.#isWeak = power.supplyMv - power.burstSagMv < power.brownOutMv;
  }

  /** The radio sends. @returns whether the supply holds */
  holds(now: EpochMs): boolean {
    if (!this.#isWeak) return true;
    const { supplyMv, sagMv, burstSagMv, restMs, brownOutMv } = this.#figures;
    const isRested = now - this.#sentAt >= restMs;
    this.#sentAt = now;
    return isRested || supplyMv - this.#chance.between(sagMv, burstSagMv) >= brownOutMv;
  }
}
