/**
 * Makes certificates, for certificates.ts and certificate-issuer.ts, with the library for X.509, which takes as long to load as
 * everything else that a service is made of: imported only when one is wanted.
 */
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs it to be there before it is loaded
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  AuthorityKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  type Extension,
  type JsonName,
} from '@peculiar/x509';
import {
  type CertificateAuthority,
  type IssuedCertificate,
  type Keeper,
  keyAlgorithm,
  nodeName,
} from './certificate-authority.ts';

const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;
/** Before "now", because a device's clock may be behind. */
const backdatedMs = 24 * 60 * 60 * 1000;
const caLifeMs = 20 * 365 * 24 * 60 * 60 * 1000;
/** Under the 825 days beyond which Apple's TLS stack refuses a server certificate. */
const leafLifeMs = 800 * 24 * 60 * 60 * 1000;

/** What an authority signs. */
export function signingBy(keeper: Keeper): Omit<CertificateAuthority, 'ca' | 'caFile'> {
  const issuer = { certificate: new X509Certificate(keeper.ca), privateKey: keeper.privateKey };
  return {
    issueServerCertificate: (hosts) =>
      issue(issuer, 'jobrig service', [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(
          hosts.map((host) => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host })),
        ),
      ]),
    issueThingCertificate: (thingName) =>
      issue(issuer, thingName, [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])]),
    issueNodeCertificate: (name) =>
      issue(issuer, `jobrig node ${name}`, [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
        new SubjectAlternativeNameExtension([{ type: 'url', value: nodeName(name) }]),
      ]),
    issueCodeSigningCertificate: () =>
      issue(issuer, 'jobrig code signing', [new ExtendedKeyUsageExtension([ExtendedKeyUsage.codeSigning])]),
    certify: (publicKey, commonName) =>
      sign(issuer, publicKey, commonName, [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])]),
  };
}

export async function readSigningRequest(
  pem: string,
): Promise<{ readonly isSigned: boolean; readonly publicKeyPem: string }> {
  const request = new Pkcs10CertificateRequest(pem);
  return { isSigned: await request.verify(), publicKeyPem: request.publicKey.toString('pem') };
}

export async function makeAuthority(): Promise<{ readonly keeper: Keeper; readonly key: string }> {
  const keys = await makeKeys();
  const now = Date.now();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: ['jobrig CA'] }],
    notBefore: new Date(now - backdatedMs),
    notAfter: new Date(now + caLifeMs),
    keys,
    signingAlgorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const keeper = { ca: certificate.toString('pem'), privateKey: keys.privateKey };
  return { keeper, key: await privateKeyPem(keys.privateKey) };
}

interface Issuer extends Pick<Keeper, 'privateKey'> {
  readonly certificate: X509Certificate;
}

async function issue(issuer: Issuer, commonName: string, extensions: readonly Extension[]): Promise<IssuedCertificate> {
  const keys = await makeKeys();
  const cert = await sign(issuer, keys.publicKey, commonName, extensions);
  return { cert, key: await privateKeyPem(keys.privateKey) };
}

async function sign(
  issuer: Issuer,
  publicKey: webcrypto.CryptoKey,
  commonName: string,
  extensions: readonly Extension[],
): Promise<string> {
  const now = Date.now();
  const subject: JsonName = [{ CN: [commonName] }];
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: issuer.certificate.subjectName,
    notBefore: new Date(now - backdatedMs),
    notAfter: new Date(now + leafLifeMs),
    publicKey,
    signingKey: issuer.privateKey,
    signingAlgorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      ...extensions,
      await AuthorityKeyIdentifierExtension.create(issuer.certificate),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return certificate.toString('pem');
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), PemConverter.PrivateKeyTag);
}

/** 16 random bytes as hex, the first two bits 01: positive, and without a leading zero that DER would not allow. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}
