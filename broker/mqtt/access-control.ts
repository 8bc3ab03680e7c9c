/**
 * Whether a client is let in: its CONNECT is one that AWS takes, and it shows what the rule of its door asks for. What it may
 * do then is decided by permissions.ts.
 * Source: docs/reference/connection.md §2 and §4, docs/reference/limits.md §5; MQTT 3.1.1 §3.1.2 and §3.1.3.1.
 */
import type { Duplex } from 'node:stream';
import type { IConnectPacket } from 'mqtt-packet';
import type { ClientPortrait } from '../../observation/observation.ts';
import { maxClientIdBytes } from '../../protocol/limits.ts';
import { Disconnection } from './disconnection.ts';
import { type IdentityRule, type Principal, identify } from './identity.ts';
import { refusalOf } from './mqtt5-connect.ts';
import type { ProtocolVersion } from './packet-writer.ts';
import type { RegisteredAccess, ShownCertificate } from './registered-principals.ts';
import { topicFault } from './topic-rules.ts';

/** What a transport has found out about who is coming. */
export interface ConnectionProof {
  readonly identity: IdentityRule;
  /** One of our CA, or one that is registered. */
  readonly certificate?: ShownCertificate | undefined;
  /** Host name or address by which it has come. */
  readonly address?: string | undefined;
  /** Of who it is; absent: none. */
  readonly kind?: ClientPortrait['proof'];
  /** What it comes in by; absent where that is no socket of ours. */
  readonly socket?: Duplex;
}

/**
 * @param access by its certificate, if that is one of the registry.
 * @returns which thing it is, or why it is refused.
 */
export function admit(
  packet: IConnectPacket,
  version: ProtocolVersion,
  { identity, certificate }: ConnectionProof,
  access?: RegisteredAccess,
): Principal | Disconnection {
  const { clientId, clean, username, password, will, protocolId, protocolVersion } = packet;
  if ((protocolId === 'MQIsdp') !== (protocolVersion === 3)) {
    return refused('unsupportedVersion', 'a version of MQTT that there is not');
  }
  if (version === 5) {
    const refusal = refusalOf(packet);
    if (refusal !== undefined) return refused(...refusal);
  } else if (clientId === '' && clean !== true) {
    return refused('clientIdInvalid', 'an empty client id without a clean session');
  } else if (password !== undefined && username === undefined) {
    return refused('malformedPacket', 'a password without a user name');
  }
  if (Buffer.byteLength(clientId) > maxClientIdBytes) {
    return refused('clientIdInvalid', `a client id above ${maxClientIdBytes} bytes`);
  }
  if (Number(will?.qos) > 2) return refused('malformedPacket', 'a last will with QoS 3');
  if (will?.qos === 2) return refused('qosNotSupported', 'a last will with QoS 2', 'AWS has QoS 0 and 1.');
  const fault = will === undefined ? undefined : topicFault(will.topic);
  if (fault !== undefined) return refused('topicNameInvalid', `${fault} in the topic of a last will`);
  if (access !== undefined) return access.principal;
  const principal = identify(identity, { clientId, username, certificateName: certificate?.name });
  if (principal !== undefined) return principal;
  return refused('notAuthorized', `no ${identity} to tell who this is`, adviceFor(identity));
}

function adviceFor(identity: IdentityRule): string {
  return identity === 'certificate'
    ? 'This door asks for a certificate; jobrig certs --thing NAME makes one.'
    : `With --identity ${identity} every client has to show one.`;
}

function refused(reason: Disconnection['reason'], what: string, advice?: string): Disconnection {
  return new Disconnection(reason, `connection refused: ${what}`, advice);
}
