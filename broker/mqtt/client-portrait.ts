/** What a client shows of itself in its CONNECT, for those who look at the service. */
import type { IConnectPacket } from 'mqtt-packet';
import type { ClientPortrait } from '../../observation/observation.ts';
import type { ConnectionProof } from './access-control.ts';

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
