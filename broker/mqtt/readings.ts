/**
 * Where AWS is silent or contradicts itself about what goes over MQTT: one switch for each such row of the reference, with both
 * readings, as `broker/engine/profile.ts` has them for what the engine does. What is said of shadows holds over HTTP, too.
 * Source: reference ambiguities.md A5, A18, A19; streams-and-ota.md S2; shadow-and-provisioning.md S10.
 */
import type { InFlightScope } from '../net/shadows-in-flight.ts';

export interface DoorReadings {
  /** A5: where namespaced jobs are announced: as clients listen for them and as documented, or only as documented. */
  readonly namespacedNotify: 'every form' | 'documented form';
  /**
   * A18: a subscription that is not allowed, of MQTT 5: SUBACK 0x87, or the connection closed, as that of 3.1.1 always is. A
   * strict service always closes.
   */
  readonly forbiddenSubscribe: 'refused' | 'closed';
  /** A19: a request without any payload. */
  readonly emptyPayload: 'empty object' | 'InvalidJson';
  /**
   * S2 of streams: who hears what a stream answers. An example of FreeRTOS subscribes to nothing and was seen to download from
   * AWS, so that it is the connection that asked as well.
   */
  readonly streamReplies: 'asker and subscribers' | 'subscribers';
  /**
   * JSON that ends with a NUL, as AWS's own shadow demo in C sends it and goes on by the answers; Nordic has seen AWS not to
   * take such messages for JSON.
   */
  readonly finalNul: 'passed over' | 'part of the text';
  /**
   * S10 of shadows: of what at most ten requests are in flight, beyond which AWS answers 429. Its page of quotas says: of a
   * thing on a single connection; its page of errors: of a single connection.
   */
  readonly shadowsInFlight: InFlightScope;
}

export const doorReadings = {
  observed: {
    namespacedNotify: 'every form',
    forbiddenSubscribe: 'refused',
    emptyPayload: 'empty object',
    streamReplies: 'asker and subscribers',
    finalNul: 'passed over',
    shadowsInFlight: 'of a thing on a connection',
  },
  documented: {
    namespacedNotify: 'documented form',
    forbiddenSubscribe: 'closed',
    emptyPayload: 'InvalidJson',
    streamReplies: 'subscribers',
    finalNul: 'part of the text',
    shadowsInFlight: 'of a connection',
  },
} as const satisfies Readonly<Record<string, DoorReadings>>;
