/**
 * The rig's own certificate authority: one CA (EC P-256), certificates for the service's listeners, and one per thing with
 * the thing's name as common name, which is how the MQTT door knows a device. Kept in a directory so that devices go on
 * trusting a service that is started again, or in memory. Nothing here is meant for a network: there is no revocation.
 * What makes certificates (certificate-signing.ts) is loaded when the first one is wanted.
 */
import { webcrypto } from 'node:crypto';
import { join } from 'node:path';
import { OperationalError } from '../protocol/operational-error.ts';
import { type CertificateAuthority, type Keeper, keyAlgorithm } from './certificate-authority.ts';
import { type KeyPairFiles, openKeyPair } from './key-pair-files.ts';
import { hintFor } from './store/system-refusal.ts';
import { makeDirectory } from './store/make-directory.ts';

export type { CertificateAuthority, IssuedCertificate } from './certificate-authority.ts';

export const caCertificateFile = 'ca.pem';
export const caKeyFile = 'ca.key';

/** @param directory where the CA is kept; made when it is missing. */
export async function openCertificateAuthority(directory: string | 'memory'): Promise<CertificateAuthority> {
  const keeper = directory === 'memory' ? (await makeAuthority()).keeper : await openDirectory(directory);
  const { ca, caFile } = keeper;
  const signing = async (): Promise<Omit<CertificateAuthority, 'ca'>> =>
    (await import('./certificate-signing.ts')).signingBy(keeper);
  return {
    ca,
    ...(caFile === undefined ? {} : { caFile }),
    issueServerCertificate: async (hosts) => (await signing()).issueServerCertificate(hosts),
    issueThingCertificate: async (thingName) => (await signing()).issueThingCertificate(thingName),
    issueNodeCertificate: async (name) => (await signing()).issueNodeCertificate(name),
    issueCodeSigningCertificate: async () => (await signing()).issueCodeSigningCertificate(),
    certify: async (publicKey, commonName) => (await signing()).certify(publicKey, commonName),
  };
}

async function openDirectory(directory: string): Promise<Keeper> {
  const caFile = join(directory, caCertificateFile);
  const files: KeyPairFiles = {
    certFile: caFile,
    keyFile: join(directory, caKeyFile),
    unusable,
    complaintOf: ({ ca }) => (ca ? undefined : 'is not the certificate of an authority'),
  };
  const pair = await openKeyPair(files, 0o644, async () => {
    const { keeper, key } = await makeAuthority();
    makeRoom(directory);
    return { cert: keeper.ca, key };
  });
  const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'der' });
  const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, keyAlgorithm, true, ['sign']);
  return { ca: pair.certificate.toString().trim(), privateKey, caFile };
}

async function makeAuthority(): Promise<{ readonly keeper: Keeper; readonly key: string }> {
  return (await import('./certificate-signing.ts')).makeAuthority();
}

function makeRoom(directory: string): void {
  try {
    makeDirectory(directory);
  } catch (cause) {
    throw unusable(directory, `cannot be made: ${(cause as Error).message}`, cause);
  }
}

function unusable(file: string, complaint: string, cause?: unknown): OperationalError {
  return new OperationalError('CERTIFICATES_UNUSABLE', `${file} ${complaint}`, {
    hint: hintFor(
      cause,
      'Give another directory, or remove its ca.pem and ca.key to have new ones made (devices must then trust the new ca.pem).',
    ),
    cause,
  });
}
