/**
 * One direction of one connection: when what is sent now arrives. An MQTT connection keeps its order, so a message never
 * overtakes an earlier one unless its fate says that it is late; a blocked link (partition) holds everything back, as TCP
 * does, until it heals. Connections that break are not its matter: whoever breaks one makes a new link.
 */
import type { Chance } from './chance.ts';
import type { MessageFate } from './misfortunes.ts';

export interface LinkConditions {
  readonly latencyMs: number;
  /** Added to the latency: a whole number from 0 to this, drawn for each message. */
  readonly jitterMs: number;
}

export interface Link {
  /** The instants at which a message sent now arrives: none when lost, two when duplicated. */
  arrivals(now: number, fate: MessageFate | undefined): readonly number[];
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
    arrivals(now, fate) {
      switch (fate?.fate) {
        case undefined:
          return [inOrder(now)];
        case 'lost':
          return [];
        case 'duplicate':
          return [inOrder(now), inOrder(now) + fate.lateMs];
        case 'late':
          return [Math.max(notBefore, now + latencyMs) + fate.lateMs];
      }
    },
    block(until) {
      notBefore = Math.max(notBefore, until);
    },
  };
}
