/**
 * The rig's own certificate authority: one CA (EC P-256), certificates for the service's listeners, and one per thing with
 * the thing's name as common name, which is how the MQTT door knows a device. Kept in a directory so that devices go on
 * trusting a service that is started again, or in memory. Nothing here is meant for a network: there is no revocation.
 * What makes certificates (certificate-signing.ts) is loaded when the first one is wanted.
 */
import { X509Certificate, createPrivateKey, webcrypto } from 'node:crypto';
import { join } from 'node:path';
import { OperationalError } from '../protocol/operational-error.ts';
import { type CertificateAuthority, type Keeper, keyAlgorithm } from './certificate-authority.ts';
import { readIfThere } from './read-if-there.ts';
import { makeDirectory } from './store/make-directory.ts';
import { writeNew } from './store/whole-file.ts';

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
  const keyFile = join(directory, caKeyFile);
  const [ca, key] = [await readIfThere(caFile, unusable), await readIfThere(keyFile, unusable)];
  if (ca !== undefined && key !== undefined) return readAuthority({ ca, key, caFile, keyFile });
  if (ca !== undefined) throw unusable(keyFile, 'is missing although its certificate is there');
  if (key !== undefined) throw unusable(caFile, 'is missing although its key is there');

  const made = await makeAuthority();
  makeRoom(directory);
  writeNew(
    [
      { file: keyFile, content: made.key, mode: 0o600 },
      { file: caFile, content: made.keeper.ca, mode: 0o644 },
    ],
    unwritten,
  );
  return { ...made.keeper, caFile };
}

async function makeAuthority(): Promise<{ readonly keeper: Keeper; readonly key: string }> {
  return (await import('./certificate-signing.ts')).makeAuthority();
}

interface AuthorityFiles {
  readonly ca: string;
  readonly key: string;
  readonly caFile: string;
  readonly keyFile: string;
}

/** Reads what {@link openDirectory} wrote; torn, foreign and mismatched files are named. */
async function readAuthority({ ca, key, caFile, keyFile }: AuthorityFiles): Promise<Keeper> {
  const certificate = attempt(() => new X509Certificate(ca), caFile, 'is not a certificate');
  if (!certificate.ca) throw unusable(caFile, 'is not the certificate of an authority');
  const nodeKey = attempt(() => createPrivateKey(key), keyFile, 'is not a private key');
  if (!certificate.checkPrivateKey(nodeKey)) throw unusable(keyFile, `does not belong to ${caFile}`);
  const pkcs8 = nodeKey.export({ type: 'pkcs8', format: 'der' });
  try {
    const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, keyAlgorithm, true, ['sign']);
    return { ca: certificate.toString().trim(), privateKey, caFile };
  } catch (cause) {
    throw unusable(keyFile, 'is not a P-256 key', cause);
  }
}

function makeRoom(directory: string): void {
  try {
    makeDirectory(directory);
  } catch (cause) {
    throw unusable(directory, 'cannot be made', cause);
  }
}

function unwritten(file: string, cause: unknown): Error {
  return unusable(file, `cannot be written: ${(cause as Error).message}`, cause);
}

function attempt<Value>(read: () => Value, file: string, complaint: string): Value {
  try {
    return read();
  } catch (cause) {
    throw unusable(file, complaint, cause);
  }
}

function unusable(file: string, complaint: string, cause?: unknown): OperationalError {
  return new OperationalError('CERTIFICATES_UNUSABLE', `${file} ${complaint}`, {
    hint: 'Give another directory, or remove its ca.pem and ca.key to have new ones made (devices must then trust the new ca.pem).',
    cause,
  });
}
