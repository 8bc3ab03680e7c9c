/**
 * The key with which this rig signs firmware, in the place of AWS Signer: ECDSA on P-256 over SHA-256, as FreeRTOS's OTA
 * agents verify it, with a certificate of the rig's own authority that a device is given once. Kept beside the authority, and
 * made when it is first needed. Nothing that is signed here is worth anything elsewhere.
 * Source: reference streams-and-ota.md §2.1 and §3.
 */
import { type KeyObject, X509Certificate, createPrivateKey, createSign } from 'node:crypto';
import { join } from 'node:path';
import { OperationalError } from '../protocol/operational-error.ts';
import type { CertificateAuthority, IssuedCertificate } from './certificates.ts';
import { readIfThere } from './read-if-there.ts';
import { writeNew } from './store/whole-file.ts';

export const codeSigningKeyFile = 'code-signing.key';
export const codeSigningCertificateFile = 'code-signing.pem';

export interface CodeSigner extends IssuedCertificate {
  /** @returns Base64 of the signature in DER. */
  sign(image: AsyncIterable<Uint8Array>): Promise<string>;
}

/** @param directory exists, and is that of the authority. */
export async function openCodeSigner(
  directory: string | 'memory',
  authority: CertificateAuthority,
): Promise<CodeSigner> {
  const { cert, key } =
    directory === 'memory' ? await authority.issueCodeSigningCertificate() : await readOrMake(directory, authority);
  const privateKey = createPrivateKey(key);
  return {
    cert,
    key,
    async sign(image) {
      const signature = createSign('sha256');
      for await (const chunk of image) signature.update(chunk);
      return signature.sign(privateKey, 'base64');
    },
  };
}

async function readOrMake(directory: string, authority: CertificateAuthority): Promise<IssuedCertificate> {
  const certFile = join(directory, codeSigningCertificateFile);
  const keyFile = join(directory, codeSigningKeyFile);
  const [cert, key] = [await readIfThere(certFile, unusable), await readIfThere(keyFile, unusable)];
  if (cert !== undefined && key !== undefined) return checked({ cert, key }, certFile, keyFile);
  if (cert !== undefined) throw unusable(keyFile, 'is missing although its certificate is there');
  if (key !== undefined) throw unusable(certFile, 'is missing although its key is there');
  const made = await authority.issueCodeSigningCertificate();
  writeNew(
    [
      { file: keyFile, content: made.key, mode: 0o600 },
      { file: certFile, content: made.cert, mode: 0o600 },
    ],
    (file, cause) => unusable(file, `cannot be written: ${(cause as Error).message}`, cause),
  );
  return made;
}

/** What is there may be torn, or somebody else's. */
function checked(files: IssuedCertificate, certFile: string, keyFile: string): IssuedCertificate {
  const certificate = attempt(() => new X509Certificate(files.cert), certFile, 'is not a certificate');
  const key: KeyObject = attempt(() => createPrivateKey(files.key), keyFile, 'is not a private key');
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw unusable(keyFile, 'is not a P-256 key');
  if (!certificate.checkPrivateKey(key)) throw unusable(keyFile, `does not belong to ${certFile}`);
  return files;
}

function attempt<Value>(read: () => Value, file: string, complaint: string): Value {
  try {
    return read();
  } catch (cause) {
    throw unusable(file, complaint, cause);
  }
}

function unusable(file: string, complaint: string, cause?: unknown): OperationalError {
  const hint = `Remove ${codeSigningKeyFile} and ${codeSigningCertificateFile} to have new ones made (devices must then be given the new certificate).`;
  return new OperationalError('CODE_SIGNING_KEY_UNUSABLE', `${file} ${complaint}.`, { hint, cause });
}
