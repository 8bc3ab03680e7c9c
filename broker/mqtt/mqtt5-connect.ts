/**
 * The handshake of MQTT 5 in terms of 3.1.1: what a client asks for in its CONNECT, the CONNECT that aedes understands, and
 * the CONNACK with what AWS's broker allows. Pure. Password, will properties and the wish for response information are
 * dropped: nobody here looks at them. Source: MQTT 5 §3.1 and §3.2, reference connection.md §2, limits.md §5.
 */
import { randomUUID } from 'node:crypto';
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

export function agreementOn({ clientId, clean, keepalive, properties }: IConnectPacket): Agreement {
  const asked = properties?.sessionExpiryInterval ?? 0;
  return {
    clientId: clientId === '' ? randomUUID() : clientId,
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
export function refusalOf({ will, properties = {} }: IConnectPacket): Reason | undefined {
  const { authenticationMethod, receiveMaximum = 1, maximumPacketSize = minClientPacketBytes } = properties;
  if (authenticationMethod !== undefined) return 'badAuthenticationMethod';
  if (receiveMaximum === 0 || maximumPacketSize < minClientPacketBytes) return 'protocolError';
  return will?.qos === 2 ? 'qosNotSupported' : undefined;
}

/** aedes keeps a session unless it is clean from beginning to end. */
export function connectFor311({ username, will }: IConnectPacket, agreement: Agreement): IConnectPacket {
  const { clientId, startsAnew, expirySeconds, keepAliveSeconds: keepalive } = agreement;
  const clean = startsAnew && expirySeconds === 0;
  return {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clientId,
    clean,
    keepalive,
    ...(username !== undefined && { username }),
    ...(will && { will: { topic: will.topic, payload: will.payload, qos: will.qos, retain: will.retain } }),
  };
}

/** By the return code of 3.1.1 §3.2.2.3. */
const refusals: readonly Reason[] = [
  'unspecified',
  'unsupportedVersion',
  'clientIdInvalid',
  'serverUnavailable',
  'badCredentials',
  'notAuthorized',
];

export function connack5({ returnCode = 0, sessionPresent }: IConnackPacket, agreement: Agreement): IConnackPacket {
  if (returnCode !== 0) return refusingConnack(refusals[returnCode] ?? 'unspecified');
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
      // AWS has them; aedes grants and never serves them, so this door refuses them (permissions.ts).
      sharedSubscriptionAvailable: false,
    },
  };
}

export function refusingConnack(reason: Reason): IConnackPacket {
  return { cmd: 'connack', reasonCode: reasonCodes[reason], sessionPresent: false };
}
