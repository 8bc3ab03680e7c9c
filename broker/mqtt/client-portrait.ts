/** Who a client is, for those who look at the service and for those who are told of its coming and going. */
import type { IConnectPacket } from 'mqtt-packet';
import type { ClientPortrait } from '../../observation/observation.ts';
import type { ConnectionProof } from './access-control.ts';
import { remoteAddressOf } from './admission.ts';
import type { ClientIdentity } from './client-identity.ts';
import type { PresentClient } from './presence.ts';

/** What it shows of itself in its CONNECT. */
export function portraitOf(
  clientId: string,
  { clean, keepalive = 0, will, protocolVersion }: IConnectPacket,
  { certificate, kind = certificate === undefined ? 'none' : 'certificate' }: ConnectionProof,
): ClientPortrait {
  return {
    clientId,
    protocol: protocolVersion === 5 ? 'MQTT 5' : protocolVersion === 3 ? 'MQTT 3.1' : 'MQTT 3.1.1',
    cleanSession: clean !== false,
    keepAliveSeconds: keepalive,
    hasWill: will !== undefined,
    proof: kind,
  };
}

/** As lifecycle events have it. */
export function presenceOf(
  clientId: string,
  { registered }: Pick<ClientIdentity, 'registered'>,
  proof: ConnectionProof,
): PresentClient {
  return {
    clientId,
    thingName: registered?.exclusiveThing,
    principalIdentifier: proof.certificate?.id ?? clientId,
    ipAddress: remoteAddressOf(proof)?.replace(/^::ffff:/, ''),
  };
}
