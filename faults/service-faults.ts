/**
 * Service faults: asked once for each request of a device, where the service's answer leaves (the MQTT door, the data-plane
 * HTTP door, the service in virtual time). Decides only; the door carries the fault out. Of a request that is refused or not
 * answered because of a fault, the engine never hears.
 */
import { ArmedFaults, type Extent } from './armed-faults.ts';
import type { Chance } from './chance.ts';
import type { FaultPlan, Operation } from './plan.ts';
import { type ServiceFault, type ThingFaults, faultsOf } from './thing-faults.ts';
import type { EpochMs } from '../protocol/time.ts';

interface Armed {
  readonly fault: ServiceFault;
  readonly thingName: string;
  /** Absent: all. */
  readonly operations: readonly Operation[] | undefined;
}

export class ServiceFaults {
  readonly #plan: FaultPlan;
  readonly #chance: Chance;
  readonly #since: EpochMs;
  readonly #byThing = new Map<string, ThingFaults>();
  readonly #armed = new ArmedFaults<Armed>();
  #hasEnded = false;

  /** @param since the plan's times count from then */
  constructor(plan: FaultPlan, chance: Chance, since: EpochMs) {
    this.#plan = plan;
    this.#chance = chance;
    this.#since = since;
  }

  arm(
    fault: ServiceFault,
    thingName: string,
    operations: readonly Operation[] | undefined,
    extent: Extent,
    now: EpochMs,
  ): void {
    this.#armed.arm({ fault, thingName, operations }, extent, now);
  }

  /** What to do with this request instead of answering it once, rightly and at once; `undefined`: just that. */
  of(thingName: string, operation: Operation, now: EpochMs): ServiceFault | undefined {
    if (this.#hasEnded) return undefined;
    const armed = this.#armed.take(
      now,
      (one) => one.thingName === thingName && (one.operations?.includes(operation) ?? true),
    );
    return armed?.fault ?? this.#faultsOf(thingName).ofAnswer(operation, now - this.#since);
  }

  end(): void {
    this.#hasEnded = true;
    this.#armed.clear();
  }

  #faultsOf(thingName: string): ThingFaults {
    const known = this.#byThing.get(thingName);
    if (known !== undefined) return known;
    const drawn = faultsOf(this.#plan, thingName, this.#chance);
    this.#byThing.set(thingName, drawn);
    return drawn;
  }
}
