/** Certificates of one authority: of a server on this machine, and of a thing named lamp. */
import { type TLSSocket, type ConnectionOptions, connect } from 'node:tls';
import { once } from 'node:events';
import { openCertificateAuthority } from '../../broker/certificates.ts';

export async function testCertificates() {
  const authority = await openCertificateAuthority('memory');
  const certificates = { ...(await authority.issueServerCertificate(['localhost', '127.0.0.1'])), ca: authority.ca };
  const lamp = await authority.issueThingCertificate('lamp');
  const secureConnect = async (port: number, options: ConnectionOptions): Promise<TLSSocket> => {
    const socket = connect({ port, host: '127.0.0.1', ca: authority.ca, ...options });
    await once(socket, 'secureConnect');
    return socket;
  };
  return { authority, certificates, lamp, secureConnect };
}
