/**
 * RegisterCertificate: the door has read the certificate and found it signed by its CA.
 * Source: reference shadow-and-provisioning.md §2.
 */
import type { RegisterCertificateResponse } from '../../../protocol/aws/iot.ts';
import type { Reply, RequestOf } from '../contract.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { addCertificate, alreadyRegistered, refuseStatus } from './certificates.ts';
import { certificateArnAndId } from './describe-certificate.ts';

export function registerCertificate(
  turn: Turn,
  { certificate, setAsActive, status }: RequestOf<'iot:RegisterCertificate'>,
): Reply<RegisterCertificateResponse> {
  const wanted = status ?? (setAsActive === true ? 'ACTIVE' : 'INACTIVE');
  const refusal = refuseStatus(wanted) ?? alreadyRegistered(turn.state, certificate);
  if (refusal !== undefined) return refusal;
  return accept(certificateArnAndId(turn.state, addCertificate(turn, certificate, wanted)));
}
