/** What a certificate authority is for, and what certificates.ts, which keeps one, and certificate-signing.ts both know of it. */
import type { webcrypto } from 'node:crypto';

/** A certificate and its private key, both PEM. */
export interface IssuedCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateAuthority {
  /** The CA's certificate, PEM: what devices have to trust. */
  readonly ca: string;
  /** Where {@link ca} lies; absent in memory. */
  readonly caFile?: string;
  /** @param hosts DNS names and IP addresses under which the service is reached. */
  issueServerCertificate(hosts: readonly string[]): Promise<IssuedCertificate>;
  /** @param thingName the thing to act for, or `*` for a bench certificate that may act for any. */
  issueThingCertificate(thingName: string): Promise<IssuedCertificate>;
  /** For a process of the rig on another machine: proves it to the others. */
  issueNodeCertificate(name: string): Promise<IssuedCertificate>;
  /** For the key that signs firmware. */
  issueCodeSigningCertificate(): Promise<IssuedCertificate>;
  /** For keys that somebody else has. @returns the certificate of a device, PEM. */
  certify(publicKey: webcrypto.CryptoKey, commonName: string): Promise<string>;
}

/** Of the keys of the authority and of those that it makes. */
export const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** An authority as it is kept. */
export interface Keeper {
  /** PEM. */
  readonly ca: string;
  readonly privateKey: webcrypto.CryptoKey;
  readonly caFile?: string;
}

/** What a certificate of a node says, and no certificate of a device can: devices do not choose this part of theirs. */
export function nodeName(name: string): string {
  return `urn:jobrig:node:${name}`;
}
