/**
 * What is known of a certificate once a door has made or read it; the engine knows no cryptography. Source: reference shadow-and-provisioning.md §2.
 */
import type { Certificate } from '../../../protocol/aws/iot.ts';
import type { EpochMs } from '../../../protocol/time.ts';

export type CertificateStatus = NonNullable<Certificate['status']>;

export interface CertificateFacts {
  /** SHA-256 of the certificate's DER, 64 lowercase hexadecimal digits. */
  readonly certificateId: string;
  readonly certificatePem: string;
  readonly notBefore: EpochMs;
  readonly notAfter: EpochMs;
  /** SHA-256 of its CA's certificate, where that came along. */
  readonly caCertificateId?: string;
}

/** Both PEM. */
export interface KeyPair {
  readonly PublicKey: string;
  readonly PrivateKey: string;
}
