/**
 * A certificate and its private key (EC P-256) as two files of the data directory: both are there, or neither. What is torn, foreign or does
 * not go together is named by file, as an error of whoever wants them, since each says what to do about it. Several processes that want
 * them made have those of the first.
 */
import { type KeyObject, X509Certificate, createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { OperationalError } from '../protocol/operational-error.ts';
import type { IssuedCertificate } from './certificate-authority.ts';
import { writeNew } from './store/whole-file.ts';

export interface KeyPairFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly unusable: (file: string, complaint: string, cause?: unknown) => OperationalError;
  /** Why this certificate is of no use, though it is one. */
  readonly complaintOf?: (certificate: X509Certificate) => string | undefined;
}

/** As it is in the files, and as what it is. */
export interface KeyPair extends IssuedCertificate {
  readonly certificate: X509Certificate;
  readonly privateKey: KeyObject;
}

const halfThereMs = 500;
const lookEveryMs = 20;

/** @param certMode of the file of the certificate @throws {OperationalError} what `unusable` makes of what is wrong */
export async function openKeyPair(
  files: KeyPairFiles,
  certMode: number,
  make: () => Promise<IssuedCertificate>,
): Promise<KeyPair> {
  const kept = await patiently(() => readKeyPair(files));
  if (kept !== undefined) return kept;
  const made = await make();
  const lost = failureOf(() => writeKeyPair(files, made, certMode));
  if (lost !== undefined && !isThereAlready(lost)) throw lost;
  const written = await patiently(() => readKeyPair(files));
  if (written === undefined) throw lost ?? files.unusable(files.keyFile, 'has gone again');
  return written;
}

function failureOf(attempt: () => void): unknown {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Of an error of {@link writeKeyPair} or of a single key: another process was faster. */
export function isThereAlready(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  return cause?.code === 'EEXIST';
}

/** What another process is writing is half there for a moment. @throws what `read` throws for longer than that */
export async function patiently<Value>(read: () => Promise<Value>): Promise<Value> {
  for (const since = performance.now(); ; await wait(lookEveryMs)) {
    try {
      return await read();
    } catch (error) {
      if (performance.now() - since > halfThereMs) throw error;
    }
  }
}

/** @returns `undefined` where there is neither @throws {OperationalError} what `unusable` makes of what is wrong */
export async function readKeyPair(files: KeyPairFiles): Promise<KeyPair | undefined> {
  const { certFile, keyFile, unusable, complaintOf } = files;
  const [cert, key] = [await readIfThere(certFile, unusable), await readIfThere(keyFile, unusable)];
  if (cert === undefined && key === undefined) return undefined;
  if (key === undefined) throw unusable(keyFile, 'is missing although its certificate is there');
  if (cert === undefined) throw unusable(certFile, 'is missing although its key is there');
  const attempt = <Value>(read: () => Value, file: string, complaint: string): Value => {
    try {
      return read();
    } catch (cause) {
      throw unusable(file, complaint, cause);
    }
  };
  const certificate = attempt(() => new X509Certificate(cert), certFile, 'is not a certificate');
  const complaint = complaintOf?.(certificate);
  if (complaint !== undefined) throw unusable(certFile, complaint);
  const privateKey = attempt(() => createPrivateKey(key), keyFile, 'is not a private key');
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw unusable(keyFile, 'is not a P-256 key');
  if (!certificate.checkPrivateKey(privateKey)) throw unusable(keyFile, `does not belong to ${certFile}`);
  return { cert, key, certificate, privateKey };
}

/** Both, or neither. @param certMode of the file of the certificate @throws {OperationalError} what `unusable` makes of it */
function writeKeyPair(
  { certFile, keyFile, unusable }: KeyPairFiles,
  { cert, key }: IssuedCertificate,
  certMode: number,
): void {
  writeNew(
    [
      { file: keyFile, content: key, mode: 0o600 },
      { file: certFile, content: cert, mode: certMode },
    ],
    (file, cause) => unusable(file, `cannot be written: ${(cause as Error).message}`, cause),
  );
}

async function readIfThere(file: string, unusable: KeyPairFiles['unusable']): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unusable(file, `cannot be read: ${(cause as Error).message}`, cause);
  }
}
