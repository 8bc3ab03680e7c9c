/**
 * One direction of one connection: when what is sent now arrives. An MQTT connection keeps its order, so a message never
 * overtakes an earlier one unless a fault makes that one late. A blocked link (partition) holds everything back, as TCP does,
 * until it heals. A link never breaks: whoever ends a connection makes a new link for the next one.
 */
import type { Chance } from './chance.ts';
import type { MessageFault } from './thing-faults.ts';

export interface LinkConditions {
  readonly latencyMs: number;
  /** Added to the latency: a whole number from 0 to this, drawn for each message. */
  readonly jitterMs: number;
}

export interface Link {
  /** The instant at which a message without a fault arrives that is sent now. */
  arrival(now: number): number;
  /** The instants at which a message sent now arrives: none when lost, two when duplicated. */
  arrivals(now: number, fault: MessageFault): readonly number[];
  /** Nothing arrives before `until`. */
  block(until: number): void;
}

export function createLink(conditions: LinkConditions, chance: Chance): Link {
  return new OrderedLink(conditions, chance);
}

class OrderedLink implements Link {
  readonly #conditions: LinkConditions;
  readonly #chance: Chance;
  #notBefore = 0;

  constructor(conditions: LinkConditions, chance: Chance) {
    this.#conditions = conditions;
    this.#chance = chance;
  }

  arrival(now: number): number {
    const { latencyMs, jitterMs } = this.#conditions;
    const jittered = jitterMs > 0 ? this.#chance.between(0, jitterMs) : 0;
    return (this.#notBefore = Math.max(this.#notBefore, now + latencyMs + jittered));
  }

  arrivals(now: number, { effect, lateMs }: MessageFault): readonly number[] {
    switch (effect) {
      case 'lost':
        return [];
      case 'duplicate':
        return [this.arrival(now), this.arrival(now) + lateMs];
      case 'late':
        return [Math.max(this.#notBefore, now + this.#conditions.latencyMs) + lateMs];
    }
  }

  block(until: number): void {
    this.#notBefore = Math.max(this.#notBefore, until);
  }
}
