/** Device certificates in a folder: `ca.pem`, and `NAME.cert.pem` with `NAME.key.pem` for each thing. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeviceCredentials } from '../agent/mqtt/device-connection.ts';
import { OperationalError } from '../protocol/operational-error.ts';
import { mustEnd } from '../rig/files/written-file.ts';

export const caFileName = 'ca.pem';

export function certificateFileNames(name: string): { readonly cert: string; readonly key: string } {
  return { cert: `${name}.cert.pem`, key: `${name}.key.pem` };
}

/** @throws {OperationalError} `CERTIFICATE_UNREADABLE`, naming the file */
export async function readCredentials(
  directory: string,
  thingNames: readonly string[],
): Promise<ReadonlyMap<string, DeviceCredentials>> {
  const ca = await read(join(directory, caFileName));
  const credentials = new Map<string, DeviceCredentials>();
  for (const thingName of thingNames) {
    const files = certificateFileNames(thingName);
    const [cert, key] = await Promise.all([read(join(directory, files.cert)), read(join(directory, files.key))]);
    credentials.set(thingName, { ca, cert, key });
  }
  return credentials;
}

async function read(file: string): Promise<string> {
  try {
    mustEnd(file);
    return await readFile(file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new OperationalError('CERTIFICATE_UNREADABLE', `--certs: ${file} cannot be read: ${reason}`, { cause });
  }
}
