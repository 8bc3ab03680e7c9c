/**
 * The supply, and what sending does to it: a radio draws its current in bursts, and a supply that has not rested since the
 * last one sags further. Below the brown-out detector's level the device resets. A supply as its profile has it gives way to
 * no burst or to some; one that is weakened gives way sooner. Models the sag, not the charge. Source: recovery-bugs.md R72.
 */
import type { Chance } from '../../faults/chance.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { HardwareProfile } from './profile.ts';

export class PowerSupply {
  readonly #figures: HardwareProfile['power'];
  readonly #chance: Chance;
  #missingMv = 0;
  #sentAt: EpochMs = -Infinity;

  constructor({ power }: HardwareProfile, chance: Chance) {
    this.#figures = power;
    this.#chance = chance;
  }

  /** From now on it gives so much less than its figure. */
  weaken(byMv: number): void {
    this.#missingMv = byMv;
  }

  /** The radio sends. @returns whether the supply holds */
  holds(now: EpochMs): boolean {
    const { supplyMv, sagMv, burstSagMv, restMs, brownOutMv } = this.#figures;
    const headroomMv = supplyMv - this.#missingMv - brownOutMv;
    const isRested = now - this.#sentAt >= restMs;
    this.#sentAt = now;
    if (burstSagMv <= headroomMv) return true;
    return (isRested ? sagMv : this.#chance.between(sagMv, burstSagMv)) <= headroomMv;
  }
}
