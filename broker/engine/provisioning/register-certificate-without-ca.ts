/**
 * RegisterCertificateWithoutCA: any certificate, whoever has signed it.
 * Source: reference shadow-and-provisioning.md §2.
 */
import type { RegisterCertificateWithoutCAResponse } from '../../../protocol/aws/iot.ts';
import type { Reply, RequestOf } from '../contract.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { addCertificate, alreadyRegistered, refuseStatus } from './certificates.ts';
import { certificateArnAndId } from './describe-certificate.ts';

export function registerCertificateWithoutCA(
  turn: Turn,
  { certificate, status = 'INACTIVE' }: RequestOf<'iot:RegisterCertificateWithoutCA'>,
): Reply<RegisterCertificateWithoutCAResponse> {
  const refusal = refuseStatus(status) ?? alreadyRegistered(turn.state, certificate);
  if (refusal !== undefined) return refusal;
  return accept(certificateArnAndId(turn.state, addCertificate(turn, certificate, status, { sniOnly: true })));
}
