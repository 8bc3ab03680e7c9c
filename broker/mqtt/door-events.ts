/**
 * What happens at the MQTT door, for logs, metrics and dashboards: who connected with what proof, what was refused, why, and
 * what to do about it. Nothing is put together while nobody listens.
 */
import type { ClientPortrait, GrantedFilter } from '../../observation/observation.ts';
import type { Disconnection, Reason } from './disconnection.ts';
import type { IdentityRule, Principal } from './identity.ts';
import type { ReservedFeature } from './reserved-topics.ts';

/** Why something was refused, as MQTT 5 has it, in words, and what to do. */
export interface Refusal {
  readonly reason: Reason;
  readonly message: string;
  readonly advice?: string;
}

/**
 * `goodbye`: by its own DISCONNECT. `lost`: the network failed, or the client closed without a word. `cut-off`: the service
 * closed it, for the reason that the event has.
 */
export type Ending = 'goodbye' | 'lost' | 'taken-over' | 'cut-off' | 'shutdown';

export type Dropped =
  | { readonly what: 'queued message'; readonly clientId: string }
  | { readonly what: 'group message'; readonly group: string }
  | { readonly what: 'retained message' | 'announcement'; readonly topic: string };

export type MqttDoorEvent =
  | {
      readonly kind: 'connected';
      readonly clientId: string;
      /** A thing, `*` for all, `?` for the first that it will speak for, or nothing. */
      readonly principal: Principal;
      /** By which rule that is so. */
      readonly identity: IdentityRule;
      /** 3.1.1 is 4, 3.1 is 3. */
      readonly protocolVersion: number;
      readonly sessionPresent: boolean;
      /** What it says of itself, and what it has proved. */
      readonly client: ClientPortrait;
      /** Host name or address by which the client has reached this door, as far as that can be seen. */
      readonly address?: string;
    }
  /** A client has spoken for a thing for the first time, and is that thing from now on. */
  | { readonly kind: 'identified'; readonly clientId: string; readonly thingName: string; readonly address?: string }
  /** A connection was refused before it was let in, or never got that far. */
  | ({ readonly kind: 'refused'; readonly clientId?: string } & Refusal)
  /** One SUBSCRIBE that was answered; a filter without a QoS was denied, which has been told. */
  | { readonly kind: 'subscribed'; readonly clientId: string; readonly filters: readonly GrantedFilter[] }
  | { readonly kind: 'unsubscribed'; readonly clientId: string; readonly filters: readonly string[] }
  /** `closes`: the connection with it. */
  | ({
      readonly kind: 'subscription-denied';
      readonly clientId: string;
      readonly filter: string;
      readonly closes: boolean;
    } & Refusal)
  /** The connection is closed with it, unless it is a last will. */
  | ({ readonly kind: 'publish-refused'; readonly clientId: string; readonly topic: string } & Refusal)
  /** A request whose payload is no JSON object. It was answered with InvalidJson. */
  | { readonly kind: 'malformed-json'; readonly clientId: string; readonly topic: string; readonly message: string }
  | ({ readonly kind: 'disconnected'; readonly clientId: string; readonly how: Ending } & Partial<Refusal>)
  /** The first publication on a reserved topic of a feature that this service does not have; it was accepted and dropped. */
  | {
      readonly kind: 'not-answered';
      readonly feature: ReservedFeature;
      readonly clientId: string;
      readonly topic: string;
    }
  /** The process has no descriptor left for a further connection, which was closed. */
  | { readonly kind: 'out-of-descriptors'; readonly connections: number }
  /** What was kept of a session or a message is damaged. A session's key is its client id. */
  | { readonly kind: 'forgotten'; readonly what: 'session' | 'message' | 'retained message'; readonly key: string }
  /** There was no room for a message: its queue, all queues together or retained messages have too much. */
  | ({ readonly kind: 'dropped' } & Dropped)
  /** A bug, which has cost a client its connection. `stack` is for whoever mends it. */
  | { readonly kind: 'connection-failed'; readonly clientId: string; readonly stack: string };

export type EventListener = (event: MqttDoorEvent) => void;

export function refusalIn({ reason, message, advice }: Disconnection): Refusal {
  return { reason, message, ...(advice !== undefined && { advice }) };
}
