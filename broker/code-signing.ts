/**
 * The key with which this rig signs firmware, in the place of AWS Signer: ECDSA on P-256 over SHA-256, as FreeRTOS's OTA
 * agents verify it, with a certificate of the rig's own authority that a device is given once. Kept beside the authority, and
 * made when it is first needed. Nothing that is signed here is worth anything elsewhere.
 * Source: reference streams-and-ota.md §2.1 and §3.
 */
import { createPrivateKey, createSign } from 'node:crypto';
import { join } from 'node:path';
import { OperationalError } from '../protocol/operational-error.ts';
import type { CertificateAuthority, IssuedCertificate } from './certificates.ts';
import { type KeyPairFiles, openKeyPair } from './key-pair-files.ts';
import { hintFor } from './store/system-refusal.ts';

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

function readOrMake(directory: string, authority: CertificateAuthority): Promise<IssuedCertificate> {
  const files: KeyPairFiles = {
    certFile: join(directory, codeSigningCertificateFile),
    keyFile: join(directory, codeSigningKeyFile),
    unusable,
  };
  return openKeyPair(files, 0o600, () => authority.issueCodeSigningCertificate());
}

function unusable(file: string, complaint: string, cause?: unknown): OperationalError {
  const hint = hintFor(
    cause,
    `Remove ${codeSigningKeyFile} and ${codeSigningCertificateFile} to have new ones made (devices must then be given the new certificate).`,
  );
  return new OperationalError('CODE_SIGNING_KEY_UNUSABLE', `${file} ${complaint}`, { hint, cause });
}
