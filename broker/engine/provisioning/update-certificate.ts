/**
 * UpdateCertificate: ACTIVE, INACTIVE or REVOKED. Whoever is connected by a certificate that is ACTIVE no more is cut off at
 * once, where AWS takes minutes. Source: reference shadow-and-provisioning.md §2, open point S8.
 */
import type { UpdateCertificateRequest } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { certificateInState, certificateNotFound } from '../refusals.ts';
import { acceptedNothing } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { refuseStatus, replaceCertificate } from './certificates.ts';

export function updateCertificate(
  turn: Turn,
  { certificateId, newStatus }: UpdateCertificateRequest,
): Reply<undefined> {
  const certificate = turn.state.certificates.get(certificateId);
  if (certificate === undefined) return certificateNotFound(certificateId);
  const refusal = refuseStatus(newStatus);
  if (refusal !== undefined) return refusal;
  const { row } = certificate;
  // Assumed: the text; that only provisioning ends this status is documented.
  if (row.ownership !== undefined) return certificateInState(`Certificate ${certificateId} waits to be provisioned.`);
  const updated = { ...row, status: newStatus, version: row.version + 1, lastModifiedAt: turn.now };
  replaceCertificate(turn, certificate, updated);
  return acceptedNothing;
}
