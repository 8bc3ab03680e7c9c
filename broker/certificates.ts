/**
 * The rig's own certificate authority: one CA (EC P-256), certificates for the service's listeners, and one per thing with
 * the thing's name as common name, which is how the MQTT door knows a device. Kept in a directory so that devices go on
 * trusting a service that is started again, or in memory. Nothing here is meant for a network: there is no revocation.
 */
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs it to be there before it is loaded
import 'reflect-metadata';
import { X509Certificate as NodeCertificate, createPrivateKey, webcrypto } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  AuthorityKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  type Extension,
  type JsonName,
} from '@peculiar/x509';
import { OperationalError } from '../protocol/operational-error.ts';
import { makeDirectory } from './store/make-directory.ts';

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

export const caCertificateFile = 'ca.pem';
export const caKeyFile = 'ca.key';

const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;
/** Before "now", because a device's clock may be behind. */
const backdatedMs = 24 * 60 * 60 * 1000;
const caLifeMs = 20 * 365 * 24 * 60 * 60 * 1000;
/** Under the 825 days beyond which Apple's TLS stack refuses a server certificate. */
const leafLifeMs = 800 * 24 * 60 * 60 * 1000;

interface Keeper {
  readonly certificate: X509Certificate;
  readonly privateKey: webcrypto.CryptoKey;
  readonly caFile?: string;
}

/** What a certificate of a node says, and no certificate of a device can: devices do not choose this part of theirs. */
export function nodeName(name: string): string {
  return `urn:jobrig:node:${name}`;
}

/** @param directory where the CA is kept; made when it is missing. */
export async function openCertificateAuthority(directory: string | 'memory'): Promise<CertificateAuthority> {
  const keeper = directory === 'memory' ? (await makeAuthority()).keeper : await openDirectory(directory);
  const { certificate, caFile } = keeper;
  return {
    ca: certificate.toString('pem'),
    ...(caFile === undefined ? {} : { caFile }),
    issueServerCertificate: (hosts) =>
      issue(keeper, 'jobrig service', [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(
          hosts.map((host) => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host })),
        ),
      ]),
    issueThingCertificate: (thingName) =>
      issue(keeper, thingName, [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])]),
    issueNodeCertificate: (name) =>
      issue(keeper, `jobrig node ${name}`, [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
        new SubjectAlternativeNameExtension([{ type: 'url', value: nodeName(name) }]),
      ]),
    issueCodeSigningCertificate: () =>
      issue(keeper, 'jobrig code signing', [new ExtendedKeyUsageExtension([ExtendedKeyUsage.codeSigning])]),
    certify: (publicKey, commonName) =>
      sign(keeper, publicKey, commonName, [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])]),
  };
}

async function openDirectory(directory: string): Promise<Keeper> {
  const caFile = join(directory, caCertificateFile);
  const keyFile = join(directory, caKeyFile);
  const [ca, key] = [await readIfThere(caFile), await readIfThere(keyFile)];
  if (ca !== undefined && key !== undefined) return readAuthority({ ca, key, caFile, keyFile });
  if (ca !== undefined) throw unusable(keyFile, 'is missing although its certificate is there');
  if (key !== undefined) throw unusable(caFile, 'is missing although its key is there');

  const made = await makeAuthority();
  makeRoom(directory);
  await writeNew(keyFile, made.key, 0o600);
  await writeNew(caFile, made.keeper.certificate.toString('pem'), 0o644);
  return { ...made.keeper, caFile };
}

async function makeAuthority(): Promise<{ readonly keeper: Keeper; readonly key: string }> {
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
  return { keeper: { certificate, privateKey: keys.privateKey }, key: await privateKeyPem(keys.privateKey) };
}

interface AuthorityFiles {
  readonly ca: string;
  readonly key: string;
  readonly caFile: string;
  readonly keyFile: string;
}

/** Reads what {@link openDirectory} wrote; torn, foreign and mismatched files are named. */
async function readAuthority({ ca, key, caFile, keyFile }: AuthorityFiles): Promise<Keeper> {
  const certificate = attempt(() => new X509Certificate(ca), caFile, 'is not a certificate');
  const nodeCertificate = attempt(() => new NodeCertificate(ca), caFile, 'is not a certificate');
  if (!nodeCertificate.ca) throw unusable(caFile, 'is not the certificate of an authority');
  const nodeKey = attempt(() => createPrivateKey(key), keyFile, 'is not a private key');
  if (!nodeCertificate.checkPrivateKey(nodeKey)) throw unusable(keyFile, `does not belong to ${caFile}`);
  const pkcs8 = nodeKey.export({ type: 'pkcs8', format: 'der' });
  try {
    const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, keyAlgorithm, true, ['sign']);
    return { certificate, privateKey, caFile };
  } catch (cause) {
    throw unusable(keyFile, 'is not a P-256 key', cause);
  }
}

async function issue(keeper: Keeper, commonName: string, extensions: readonly Extension[]): Promise<IssuedCertificate> {
  const keys = await makeKeys();
  const cert = await sign(keeper, keys.publicKey, commonName, extensions);
  return { cert, key: await privateKeyPem(keys.privateKey) };
}

async function sign(
  keeper: Keeper,
  publicKey: webcrypto.CryptoKey,
  commonName: string,
  extensions: readonly Extension[],
): Promise<string> {
  const now = Date.now();
  const subject: JsonName = [{ CN: [commonName] }];
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: keeper.certificate.subjectName,
    notBefore: new Date(now - backdatedMs),
    notAfter: new Date(now + leafLifeMs),
    publicKey,
    signingKey: keeper.privateKey,
    signingAlgorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      ...extensions,
      await AuthorityKeyIdentifierExtension.create(keeper.certificate),
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

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unusable(file, 'cannot be read', cause);
  }
}

function makeRoom(directory: string): void {
  try {
    makeDirectory(directory);
  } catch (cause) {
    throw unusable(directory, 'cannot be made', cause);
  }
}

async function writeNew(file: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(file, text, { mode, flag: 'wx' });
  } catch (cause) {
    throw unusable(file, 'cannot be written', cause);
  }
}

function attempt<Value>(read: () => Value, file: string, complaint: string): Value {
  try {
    return read();
  } catch (cause) {
    throw unusable(file, complaint, cause);
  }
}

function unusable(file: string, complaint: string, cause?: unknown): OperationalError {
  return new OperationalError('CERTIFICATES_UNUSABLE', `${file} ${complaint}`, {
    hint: 'Give another directory, or remove its ca.pem and ca.key to have new ones made (devices must then trust the new ca.pem).',
    cause,
  });
}
