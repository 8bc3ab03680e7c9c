/**
 * DeleteCertificate: not while it is ACTIVE or attached to a thing; `forceDelete` detaches its policies.
 * Source: reference shadow-and-provisioning.md §2.
 */
import type { DeleteCertificateRequest } from '../../../protocol/aws/iot.ts';
import { formatCertificateArn } from '../../../protocol/names.ts';
import type { Reply } from '../contract.ts';
import { certificateInState, certificateNotFound, deleteConflict } from '../refusals.ts';
import { acceptedNothing } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { setPolicies } from './attachments.ts';
import { dropCertificate } from './certificates.ts';

export function deleteCertificate(
  turn: Turn,
  { certificateId, forceDelete }: DeleteCertificateRequest,
): Reply<undefined> {
  const { state } = turn;
  const certificate = state.certificates.get(certificateId);
  if (certificate === undefined) return certificateNotFound(certificateId);
  const { status, things, policies } = certificate.row;
  const arn = formatCertificateArn(state.identity, certificateId);
  if (status === 'ACTIVE') {
    return certificateInState(`Certificate must be deactivated (not ACTIVE) before deletion. Id: ${certificateId}`);
  }
  if (things.length > 0) return deleteConflict(`Things must be detached before deletion (arn: ${arn})`);
  if (policies.length > 0) {
    if (forceDelete !== true)
      return deleteConflict(`Certificate policies must be detached before deletion (arn: ${arn})`);
    setPolicies(turn, { arn, certificate }, []);
  }
  dropCertificate(turn, certificate);
  return acceptedNothing;
}
