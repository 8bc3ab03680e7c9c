/** Certificates and signing requests that the rig has not made. */
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs it to be there before it is loaded
import 'reflect-metadata';
import { createPublicKey, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  PemConverter,
  Pkcs10CertificateRequestGenerator,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ec = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;
const day = 24 * 60 * 60 * 1000;

export interface ForeignCertificate {
  /** PEM, as is `key`. */
  readonly certificate: string;
  readonly key: string;
  /** Of the authority that has signed it. */
  readonly ca: string;
}

export async function foreignCertificate(commonName = 'foreign'): Promise<ForeignCertificate> {
  const [caKeys, keys] = [await makeKeys(), await makeKeys()];
  const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) };
  const ca = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=foreign CA',
    ...validity,
    keys: caKeys,
    signingAlgorithm,
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  });
  const certificate = await X509CertificateGenerator.create({
    serialNumber: '02',
    subject: [{ CN: [commonName] }],
    issuer: ca.subjectName,
    ...validity,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm,
  });
  return {
    certificate: certificate.toString('pem'),
    key: await privateKeyPem(keys.privateKey),
    ca: ca.toString('pem'),
  };
}

const kinds = {
  'P-256': { ...ec },
  'P-384': { ...ec, namedCurve: 'P-384' },
  'P-521': { ...ec, namedCurve: 'P-521' },
  'RSA-2048': rsa(2048),
  'RSA-1024': rsa(1024),
  tampered: { ...ec },
} as const;

function rsa(modulusLength: number) {
  return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength, publicExponent: new Uint8Array([1, 0, 1]) };
}

/** All PEM. The signature of a tampered request is not its own. */
export async function signingRequest(
  kind: keyof typeof kinds,
): Promise<{ readonly pem: string; readonly publicKey: string; readonly key: string }> {
  const algorithm = kinds[kind];
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=device',
    keys,
    signingAlgorithm: 'hash' in algorithm ? algorithm : signingAlgorithm,
  });
  const der = Buffer.from(request.rawData);
  if (kind === 'tampered') der[der.length - 1]! ^= 1;
  const spki = Buffer.from(await webcrypto.subtle.exportKey('spki', keys.publicKey));
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' }).export({ type: 'spki', format: 'pem' });
  return {
    pem: PemConverter.encode(der, PemConverter.CertificateRequestTag),
    publicKey: publicKey as string,
    key: await privateKeyPem(keys.privateKey),
  };
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ec, true, ['sign', 'verify']);
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), PemConverter.PrivateKeyTag);
}
