/**
 * The certificates of the registry, by their id. What they are attached to is attachments.ts.
 * Source: reference shadow-and-provisioning.md §2.
 */
import { formatCertificateArn } from '../../../protocol/names.ts';
import type { Rejected } from '../contract.ts';
import { alreadyExists, certificateNotFound, invalidRequest } from '../refusals.ts';
import type { CertificateRow } from '../rows.ts';
import type { Certificate, State } from '../state.ts';
import { localName } from '../targets.ts';
import type { Turn } from '../turn.ts';
import type { CertificateFacts, CertificateStatus } from './certificate-facts.ts';

export function holdCertificate(state: State, row: CertificateRow): Certificate {
  const certificate: Certificate = { sequence: row.sequence, row };
  state.certificates.set(row.certificateId, certificate);
  state.certificateList.append(certificate);
  if (row.ownership !== undefined) state.unprovisioned.add(certificate);
  return certificate;
}

/** Puts a certificate that is in no registry into this one. */
export function addCertificate(
  turn: Turn,
  facts: CertificateFacts,
  status: CertificateStatus,
  more: Pick<CertificateRow, 'sniOnly' | 'ownership' | 'claim'> = {},
): CertificateRow {
  const { certificateId, certificatePem, notBefore, notAfter, caCertificateId } = facts;
  const row: CertificateRow = {
    sequence: turn.createSequence(),
    certificateId,
    certificatePem,
    notBefore,
    notAfter,
    ...(caCertificateId !== undefined && { caCertificateId }),
    status,
    version: 1,
    createdAt: turn.now,
    lastModifiedAt: turn.now,
    ...more,
    policies: [],
    things: [],
  };
  holdCertificate(turn.state, row);
  turn.put('certificate', certificateId, row);
  turn.principal(certificateId);
  return row;
}

export function replaceCertificate(turn: Turn, certificate: Certificate, row: CertificateRow): void {
  const { state } = turn;
  certificate.row = row;
  if (row.ownership === undefined) state.unprovisioned.delete(certificate);
  turn.put('certificate', row.certificateId, row);
  turn.principal(row.certificateId);
}

/** @param certificate is attached to nothing any more. */
export function dropCertificate(turn: Turn, certificate: Certificate): void {
  const { state } = turn;
  const { certificateId } = certificate.row;
  state.certificates.delete(certificateId);
  state.certificateList.remove(certificate);
  state.unprovisioned.delete(certificate);
  turn.drop('certificate', certificateId);
  turn.principal(certificateId);
}

export function alreadyRegistered(state: State, { certificateId }: CertificateFacts): Rejected | undefined {
  if (!state.certificates.has(certificateId)) return undefined;
  // AWS's words, as far as they are known: the certificate, not its kind, is named.
  const arn = formatCertificateArn(state.identity, certificateId);
  return alreadyExists('Certificate', certificateId, certificateId, arn);
}

/** @param principal the ARN of a certificate; other principals (Amazon Cognito identities) are not in this registry. */
export function certificateOf(state: State, principal: string): Certificate | Rejected {
  const local = localName(state, principal);
  if (local !== undefined && local.resource !== 'cert') {
    return invalidRequest(`Principal ${principal} is not a certificate.`);
  }
  const certificate = local && state.certificates.get(local.name);
  return certificate ?? certificateNotFound(principal);
}

/** What an operator may set; the other statuses are AWS's to give. */
const settable: ReadonlySet<CertificateStatus> = new Set(['ACTIVE', 'INACTIVE', 'REVOKED']);

export function refuseStatus(status: CertificateStatus): Rejected | undefined {
  return settable.has(status) ? undefined : invalidRequest(`Certificate status ${status} cannot be set.`);
}
