/**
 * Device certificates in a folder, as `jobrig certs` writes them: `ca.pem`, and `NAME.cert.pem` with `NAME.key.pem` for each thing
 * or, for all that have none of their own, `any.cert.pem` with `any.key.pem`.
 */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeviceCredentials } from '../../agent/mqtt/device-connection.ts';
import { OperationalError } from '../../protocol/operational-error.ts';
import { mustEnd, whyUnreadable } from './named-file.ts';

export const caFileName = 'ca.pem';
/** Of the certificate that may act for any thing. */
export const anyFileName = 'any';

export function certificateFileNames(name: string): { readonly cert: string; readonly key: string } {
  return { cert: `${name}.cert.pem`, key: `${name}.key.pem` };
}

/**
 * @returns by thing name; things that share a certificate have the same object
 * @throws {OperationalError} `CERTIFICATE_UNREADABLE`, naming the file
 */
export async function readCredentials(
  directory: string,
  thingNames: readonly string[],
): Promise<ReadonlyMap<string, DeviceCredentials>> {
  const ca = await read(join(directory, caFileName));
  madeOf(join(directory, caFileName), () => new X509Certificate(ca));
  const pairOf = async (name: string): Promise<DeviceCredentials> => {
    const files = certificateFileNames(name);
    const [cert, key] = await Promise.all([read(join(directory, files.cert)), read(join(directory, files.key))]);
    const certificate = madeOf(join(directory, files.cert), () => new X509Certificate(cert));
    const privateKey = madeOf(join(directory, files.key), () => createPrivateKey(key));
    if (certificate.checkPrivateKey(privateKey)) return { ca, cert, key };
    throw unreadable(join(directory, files.key), 'it is not the key of the certificate beside it');
  };
  const isThere = (name: string): boolean => existsSync(join(directory, certificateFileNames(name).cert));
  const shared = isThere(anyFileName) ? await pairOf(anyFileName) : undefined;
  const credentials = new Map<string, DeviceCredentials>();
  for (const thingName of thingNames) {
    credentials.set(thingName, shared === undefined || isThere(thingName) ? await pairOf(thingName) : shared);
  }
  return credentials;
}

async function read(file: string): Promise<string> {
  try {
    mustEnd(file);
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw unreadable(file, whyUnreadable(cause), cause);
  }
}

function madeOf<Made>(file: string, make: () => Made): Made {
  try {
    return make();
  } catch (cause) {
    throw unreadable(file, 'it is not what it should be, in PEM', cause);
  }
}

function unreadable(file: string, reason: string, cause?: unknown): OperationalError {
  return new OperationalError('CERTIFICATE_UNREADABLE', `--certs: ${file} cannot be read: ${reason}`, { cause });
}
