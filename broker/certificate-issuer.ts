/**
 * Makes and reads the certificates of the registry: signs them by the rig's own authority, with 2048-bit RSA keys where AWS
 * makes the keys, and knows each by the SHA-256 of its DER. Nothing is kept here, private keys least of all.
 * Source: reference shadow-and-provisioning.md §2.
 */
import {
  X509Certificate as NodeCertificate,
  createHash,
  createPublicKey,
  generateKeyPair,
  webcrypto,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { CertificateAuthority } from './certificates.ts';
import type { CertificateFacts } from './engine/provisioning/certificate-facts.ts';
import type { CertificateIssuer } from './http/certificate-members.ts';

/** As AWS names the holder of a certificate that it has made. */
const commonName = 'AWS IoT Certificate';
const minRsaBits = 2048;
const rsaAlgorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;
/** By OpenSSL's names, as Node tells them. */
const curves: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

type Problem = { readonly problem: string };

export function createCertificateIssuer(authority: CertificateAuthority): CertificateIssuer {
  const ownCa = new NodeCertificate(authority.ca);
  return {
    async createWithKeys() {
      const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: minRsaBits });
      const PublicKey = publicKey.export({ type: 'spki', format: 'pem' }) as string;
      const PrivateKey = privateKey.export({ type: 'pkcs1', format: 'pem' }) as string;
      const key = await imported(PublicKey);
      if ('problem' in key) throw new Error(key.problem);
      const pem = await authority.certify(key, commonName);
      return { certificate: factsOf(new NodeCertificate(pem)), keyPair: { PublicKey, PrivateKey } };
    },

    async issueFor(certificateSigningRequest) {
      const key = await keyOf(certificateSigningRequest);
      if ('problem' in key) return key;
      return factsOf(new NodeCertificate(await authority.certify(key, commonName)));
    },

    read(certificatePem, caCertificatePem) {
      const certificate = parsed(certificatePem);
      if (certificate === undefined) return { problem: 'The certificate is not a PEM-encoded X.509 certificate.' };
      if (caCertificatePem === 'none') return factsOf(certificate);
      const ca = caCertificatePem === undefined ? ownCa : parsed(caCertificatePem);
      if (ca === undefined) return { problem: 'The CA certificate is not a PEM-encoded X.509 certificate.' };
      if (!certificate.verify(ca.publicKey)) return { problem: 'The certificate is not signed by its CA certificate.' };
      return { ...factsOf(certificate), ...(caCertificatePem !== undefined && { caCertificateId: idOf(ca) }) };
    },
  };
}

function factsOf(certificate: NodeCertificate): CertificateFacts {
  return {
    certificateId: idOf(certificate),
    certificatePem: certificate.toString(),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
  };
}

function idOf({ raw }: NodeCertificate): string {
  return createHash('sha256').update(raw).digest('hex');
}

function parsed(pem: string): NodeCertificate | undefined {
  try {
    return new NodeCertificate(pem);
  } catch {
    return undefined;
  }
}

/** The key for which a request asks, which has to have signed it. */
async function keyOf(certificateSigningRequest: string): Promise<webcrypto.CryptoKey | Problem> {
  const { readSigningRequest } = await import('./certificate-signing.ts');
  try {
    const { isSigned, publicKeyPem } = await readSigningRequest(certificateSigningRequest);
    if (!isSigned) return { problem: 'The certificate signing request has a wrong signature.' };
    return await imported(publicKeyPem);
  } catch {
    return { problem: 'The certificate signing request is not a PEM-encoded PKCS #10 request.' };
  }
}

async function imported(spkiPem: string): Promise<webcrypto.CryptoKey | Problem> {
  const key = createPublicKey(spkiPem);
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  const curve = curves[namedCurve];
  const isRsa = key.asymmetricKeyType === 'rsa' && modulusLength >= minRsaBits;
  if (!isRsa && curve === undefined) {
    return { problem: `The key must be RSA of at least ${minRsaBits} bits, or ECC of P-256, P-384 or P-521.` };
  }
  const der = key.export({ type: 'spki', format: 'der' });
  const algorithm = isRsa ? rsaAlgorithm : { name: 'ECDSA', namedCurve: curve };
  return webcrypto.subtle.importKey('spki', der, algorithm, true, ['verify']);
}
