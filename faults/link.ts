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

export function createLink({ latencyMs, jitterMs }: LinkConditions, chance: Chance): Link {
  let notBefore: number = 0;
  const inOrder = (now: number): number => {
    notBefore = Math.max(notBefore, now + latencyMs + (jitterMs > 0 ? chance.between(0, jitterMs) : 0));
    return notBefore;
  };
  return {
    arrival: inOrder,
    arrivals(now, fault) {
      switch (fault.effect) {
        case 'lost':
          return [];
        case 'duplicate':
          return [inOrder(now), inOrder(now) + fault.lateMs];
        case 'late':
          return [Math.max(notBefore, now + latencyMs) + fault.lateMs];
      }
    },
    block(until) {
      notBefore = Math.max(notBefore, until);
    },
  };
}
