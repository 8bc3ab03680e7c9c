/**
 * What a door does for the operations that make or read a certificate: the engine knows no cryptography, so it is given the
 * certificate with the request, and the keys, which nobody keeps, are put into the answer here.
 * Source: reference shadow-and-provisioning.md §2 and §4.
 */
import { fillCertificate, readTemplateBody } from '../../protocol/provisioning-template.ts';
import { rejections } from '../../protocol/rejections.ts';
import type { CertificateFacts, KeyPair } from '../engine/provisioning/certificate-facts.ts';
import { type AwsError, invalidRequest } from './aws-error.ts';
import type { Members } from './request-members.ts';

/** What the door is given to make and read certificates with. */
export interface CertificateIssuer {
  createWithKeys(): Promise<{ readonly certificate: CertificateFacts; readonly keyPair: KeyPair }>;
  /** @returns what is wrong with the request, in words. */
  issueFor(certificateSigningRequest: string): Promise<CertificateFacts | { readonly problem: string }>;
  /**
   * @param caCertificatePem has to have signed it; absent: the rig's own CA has to. `none`: any certificate will do.
   * @returns what is wrong with it, in words.
   */
  read(certificatePem: string, caCertificatePem?: string | 'none'): CertificateFacts | { readonly problem: string };
}

/** What was made or read for a request. */
export interface Prepared {
  /** Absent: the request names one that is there, or none. */
  readonly certificate?: CertificateFacts;
  /** For the answer. */
  readonly keyPair?: KeyPair;
}

type Preparation = (issuer: CertificateIssuer, members: Members) => Promise<Prepared | { readonly error: AwsError }>;

const notRegistered = rejections.ResourceRegistrationFailure.control;
const notValid = { exception: 'CertificateValidationException', status: 400 };

const preparations: ReadonlyMap<string, Preparation> = new Map<string, Preparation>([
  ['CreateKeysAndCertificate', (issuer) => issuer.createWithKeys()],
  ['CreateProvisioningClaim', (issuer) => issuer.createWithKeys()],
  [
    'CreateCertificateFromCsr',
    async (issuer, { certificateSigningRequest }) =>
      prepared(await issuer.issueFor(certificateSigningRequest as string), invalidRequest),
  ],
  [
    'RegisterCertificate',
    async (issuer, { certificatePem, caCertificatePem }) =>
      prepared(issuer.read(certificatePem as string, caCertificatePem as string | undefined), notValid),
  ],
  [
    'RegisterCertificateWithoutCA',
    async (issuer, { certificatePem }) => prepared(issuer.read(certificatePem as string, 'none'), notValid),
  ],
  ['RegisterThing', byTemplate],
]);

/** @returns `undefined` for an operation that needs no certificate. */
export function preparationFor(operationName: string): Preparation | undefined {
  return preparations.get(operationName);
}

/** What is wrong with the template itself, the engine says. */
async function byTemplate(
  issuer: CertificateIssuer,
  members: Members,
): Promise<Prepared | { readonly error: AwsError }> {
  const body = readTemplateBody(members['templateBody'] as string);
  if ('problem' in body) return {};
  const given = Object.entries((members['parameters'] ?? {}) as Readonly<Record<string, string>>);
  const filled = fillCertificate(body, new Map(given));
  if ('problem' in filled || filled.certificate === undefined) return {};
  const { certificateSigningRequest, certificatePem, caCertificatePem } = filled.certificate;
  if (certificateSigningRequest !== undefined) {
    return prepared(await issuer.issueFor(certificateSigningRequest), notRegistered);
  }
  return certificatePem === undefined ? {} : prepared(issuer.read(certificatePem, caCertificatePem), notRegistered);
}

function prepared(
  certificate: CertificateFacts | { readonly problem: string },
  kind: Pick<AwsError, 'exception' | 'status'>,
): Prepared | { readonly error: AwsError } {
  return 'problem' in certificate ? { error: { ...kind, message: certificate.problem } } : { certificate };
}
