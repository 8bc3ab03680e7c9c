/**
 * Why a connection is closed or refused, as MQTT 5 tells its client; MQTT 3.1.1 has a few codes for CONNACK and else just
 * closes. Errors of this door carry their reason, one of aedes is known by its text. Nothing here closes anything.
 * Source: MQTT 5 §2.4, MQTT 3.1.1 §3.2.2.3, docs/reference/connection.md §2–§4 and limits.md §5 for which of them AWS uses.
 */
export const reasonCodes = {
  noSubscriptionExisted: 0x11,
  unspecified: 0x80,
  malformedPacket: 0x81,
  protocolError: 0x82,
  unsupportedVersion: 0x84,
  clientIdInvalid: 0x85,
  badCredentials: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  serverShuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  sessionTakenOver: 0x8e,
  topicFilterInvalid: 0x8f,
  topicNameInvalid: 0x90,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  quotaExceeded: 0x97,
  retainNotSupported: 0x9a,
  qosNotSupported: 0x9b,
  subscriptionIdentifiersNotSupported: 0xa1,
} as const;

export type Reason = keyof typeof reasonCodes;

/** Closes the connection that it is thrown at. */
export class Disconnection extends Error {
  readonly reason: Reason;
  /** What the client's owner can do about it. */
  readonly advice: string | undefined;

  /** @param cause an error of this service's own, which is told */
  constructor(reason: Reason, message: string, advice?: string, cause?: Error) {
    super(message, { cause });
    this.reason = reason;
    this.advice = advice;
  }
}

/** For whatever was thrown while a client's packets were dealt with: a bug costs that client its connection, and nobody else's. */
export function disconnectionFor(error: unknown): Disconnection {
  if (error instanceof Disconnection) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  return new Disconnection('unspecified', 'an error of the service', undefined, cause);
}

/** The bug that a connection has ended with. */
export function bugIn(error: Error | null): Error | undefined {
  return error instanceof Disconnection && error.cause instanceof Error ? error.cause : undefined;
}

export function reasonOf(error: Error): Reason {
  if (error instanceof Disconnection) return error.reason;
  return error.message === 'drain timeout' ? 'quotaExceeded' : 'unspecified'; // of aedes
}

const returnCodes: { readonly [R in Reason]?: number } = {
  unsupportedVersion: 1,
  clientIdInvalid: 2,
  serverUnavailable: 3,
  badCredentials: 4,
  notAuthorized: 5,
};

/** Of CONNACK in MQTT 3.1.1; absent: the connection is closed without one. */
export function returnCodeOf(reason: Reason): number | undefined {
  return returnCodes[reason];
}
