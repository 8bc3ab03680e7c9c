/**
 * The handshake of MQTT 5: what a client asks for in its CONNECT, and the CONNACK with what AWS's broker allows. Pure.
 * Password and the wish for response information are dropped: nobody here looks at them.
 * Source: MQTT 5 §3.1 and §3.2, docs/reference/connection.md §2, docs/reference/limits.md §5.
 */
import type { IConnackPacket, IConnectPacket } from 'mqtt-packet';
import {
  maxPacketBytes,
  maxSessionExpirySeconds,
  maxTopicAliases,
  maxUnacknowledged,
  minClientPacketBytes,
} from '../../protocol/limits.ts';
import { type Reason, reasonCodes } from './disconnection.ts';
import { keepAliveOf } from './keep-alive.ts';

/** What client and service have agreed on for one connection. */
export interface Agreement {
  readonly clientId: string;
  /** The client has left it to us. */
  readonly clientIdAssigned: boolean;
  /** Clean Start: an earlier session of this client id is forgotten. */
  readonly startsAnew: boolean;
  /** How long the session outlives the connection. */
  readonly expirySeconds: number;
  readonly expiryShortened: boolean;
  readonly keepAliveSeconds: number;
  /** QoS 1 messages that the client takes without having acknowledged them. */
  readonly receiveMaximum: number;
  readonly maximumPacketBytes: number;
}

export function agreementOn(
  { clientId, clean, keepalive, properties }: IConnectPacket,
  assignClientId: () => string,
): Agreement {
  const asked = properties?.sessionExpiryInterval ?? 0;
  return {
    clientId: clientId === '' ? assignClientId() : clientId,
    clientIdAssigned: clientId === '',
    startsAnew: clean === true,
    expirySeconds: Math.min(asked, maxSessionExpirySeconds),
    expiryShortened: asked > maxSessionExpirySeconds,
    keepAliveSeconds: keepAliveOf(keepalive ?? 0),
    receiveMaximum: Math.min(properties?.receiveMaximum ?? maxUnacknowledged, maxUnacknowledged),
    maximumPacketBytes: properties?.maximumPacketSize ?? Infinity,
  };
}

/** Why a CONNECT cannot be taken at all, whoever it is. */
export function refusalOf({ properties = {} }: IConnectPacket): readonly [Reason, string] | undefined {
  const { authenticationMethod, authenticationData } = properties;
  const { receiveMaximum = 1, maximumPacketSize = minClientPacketBytes } = properties;
  if (authenticationMethod !== undefined) return ['badAuthenticationMethod', 'an authentication method'];
  if (authenticationData !== undefined) return ['protocolError', 'authentication data without a method'];
  if (receiveMaximum === 0) return ['protocolError', 'a Receive Maximum of 0'];
  if (maximumPacketSize < minClientPacketBytes) {
    return ['protocolError', `a Maximum Packet Size below ${minClientPacketBytes} bytes`];
  }
  return undefined;
}

export function connack5(agreement: Agreement, sessionPresent: boolean): IConnackPacket {
  const { clientId, clientIdAssigned, expirySeconds, expiryShortened, keepAliveSeconds } = agreement;
  return {
    cmd: 'connack',
    reasonCode: 0,
    sessionPresent,
    properties: {
      ...(clientIdAssigned && { assignedClientIdentifier: clientId }),
      ...(expiryShortened && { sessionExpiryInterval: expirySeconds }),
      serverKeepAlive: keepAliveSeconds,
      receiveMaximum: maxUnacknowledged,
      maximumPacketSize: maxPacketBytes,
      topicAliasMaximum: maxTopicAliases,
      maximumQoS: 1,
      retainAvailable: true,
      wildcardSubscriptionAvailable: true,
      subscriptionIdentifiersAvailable: false,
      sharedSubscriptionAvailable: true,
    },
  };
}

export function refusingConnack(reason: Reason): IConnackPacket {
  return { cmd: 'connack', reasonCode: reasonCodes[reason], sessionPresent: false };
}
