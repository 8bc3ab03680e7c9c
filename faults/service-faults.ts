/**
 * Service faults: asked once for each request of a device, where the service's answer leaves (the MQTT door, the data-plane
 * HTTP door, the service in virtual time). Decides only; the door carries the fault out. Of a request that is refused or not
 * answered because of a fault, the engine never hears.
 */
import { ArmedFaults, type Extent } from './armed-faults.ts';
import type { Chance } from './chance.ts';
import { type FaultPlan, type Operation, noFaults } from './plan.ts';
import { type ServiceFault, type ThingFaults, faultsOf } from './thing-faults.ts';
import type { DurationMs, EpochMs } from '../protocol/time.ts';

interface Armed {
  readonly fault: ServiceFault;
  readonly thingName: string;
  /** Absent: all. */
  readonly operations: readonly Operation[] | undefined;
}

/** What a door asks before a device's request goes to the engine. */
export interface AnswerFaults {
  /** See {@link ServiceFaults.of}; asked once a request. */
  of(thingName: string, operation: Operation, asksNext: boolean): ServiceFault | undefined;
  /** Nothing would be wrong with any answer now; absent: it has to be asked. */
  readonly isIdle?: boolean;
  /** Lets an answer wait; when the service closes, it never comes. */
  later(lateMs: DurationMs, answer: () => void): void;
}

export class ServiceFaults {
  #plan: FaultPlan;
  readonly #chance: Chance;
  readonly #since: EpochMs;
  readonly #byThing = new Map<string, ThingFaults>();
  readonly #armed = new ArmedFaults<Armed>();

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

  /**
   * What to do with this request instead of answering it once, rightly and at once; `undefined`: just that.
   * @param asksNext whether it is for the next execution, whichever that is
   */
  of(thingName: string, operation: Operation, asksNext: boolean, now: EpochMs): ServiceFault | undefined {
    const armed = this.#armed.isEmpty ? undefined : this.#armedFor(thingName, operation, asksNext, now);
    return armed ?? this.#faultsOf(thingName).ofAnswer(operation, asksNext, now - this.#since);
  }

  #armedFor(thingName: string, operation: Operation, asksNext: boolean, now: EpochMs): ServiceFault | undefined {
    return this.#armed.take(
      now,
      ({ fault, ...of }) =>
        of.thingName === thingName &&
        (of.operations?.includes(operation) ?? true) &&
        (asksNext || fault.answer !== 'empty-next'),
    )?.fault;
  }

  /** Every fault ends, the plan's too; more may be armed after that. */
  end(): void {
    this.#plan = noFaults;
    this.#byThing.clear();
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
