/** The certificate of a node, as `jobrig certs --node` has put it into a data directory. What is torn or does not go together is named. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationalError } from '../../protocol/operational-error.ts';
import { caCertificateFile } from '../certificates.ts';
import { readKeyPair } from '../key-pair-files.ts';
import { hintFor } from '../store/system-refusal.ts';

/** What a node proves itself with; PEM. */
export interface NodeCertificate {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export const nodeCertificateFiles = { cert: 'node.cert.pem', key: 'node.key.pem' } as const;

/** @returns `undefined` where there is none. @throws {OperationalError} `CERTIFICATE_UNREADABLE` */
export async function readNodeCertificate(directory: string): Promise<NodeCertificate | undefined> {
  const [certFile, keyFile, caFile] = [nodeCertificateFiles.cert, nodeCertificateFiles.key, caCertificateFile].map(
    (name) => join(directory, name),
  ) as [string, string, string];
  const pair = await readKeyPair({ certFile, keyFile, unusable });
  if (pair === undefined) return undefined;
  const ca = await readFile(caFile, 'utf8').catch((cause: unknown) => {
    throw unusable(caFile, `cannot be read: ${(cause as Error).message}`, cause);
  });
  const authority = certificateIn(caFile, ca);
  if (!pair.certificate.verify(authority.publicKey)) throw unusable(certFile, `is not of the authority in ${caFile}`);
  const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  return { ca: authority.toString(), cert: pair.certificate.toString(), key };
}

function certificateIn(file: string, text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (cause) {
    throw unusable(file, 'is not a certificate', cause);
  }
}

function unusable(file: string, complaint: string, cause?: unknown): OperationalError {
  const hint = hintFor(
    cause,
    'Make the folder anew with `jobrig certs --node NAME --out DIR` where the certificate authority is.',
  );
  return new OperationalError('CERTIFICATE_UNREADABLE', `${file} ${complaint}`, { hint, cause });
}
